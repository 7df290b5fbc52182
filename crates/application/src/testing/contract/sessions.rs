//! The stored sessions, and how long they stay.

use countersign_domain::{Secret, TenantId, Timestamp, TokenId};

use futures_util::future::join_all;

use super::StoreUnderTest;
use crate::ports::{FORGOTTEN_AT_ONCE, SESSIONS_PER_TOKEN, Session, SessionDigest};

fn digest(n: u32) -> SessionDigest {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    SessionDigest::from_bytes(bytes)
}

/// A session with a digest and a token of its own. There is no such token: a store does not check
/// that.
fn session(n: u32, began: Timestamp, seen: Timestamp) -> Session {
    let mut random = [2; 10];
    random[..4].copy_from_slice(&n.to_be_bytes());
    Session {
        digest: digest(n),
        tenant: TenantId::new(began, &[1; 10]),
        token: TokenId::new(began, &random),
        secret: Secret::from_random(&[3; 32]).digest(),
        began,
        seen,
    }
}

async fn stored(on: &StoreUnderTest, n: u32) -> Option<Session> {
    on.sessions.session(&digest(n)).await.unwrap()
}

/// To the microsecond, and each by its own id.
pub async fn a_session_reads_back_equal(on: &StoreUnderTest) {
    let began = "2026-06-01T12:00:00.000001Z".parse().unwrap();
    let seen = "2026-06-01T12:00:00.000002Z".parse().unwrap();
    let (one, other) = (session(1, began, seen), session(2, seen, seen));
    on.sessions.begin(&one).await.unwrap();
    on.sessions.begin(&other).await.unwrap();
    assert_eq!(stored(on, 1).await, Some(one));
    assert_eq!(stored(on, 2).await, Some(other));
    assert_eq!(stored(on, 3).await, None);
}

/// However often it is ended, and whatever is recorded for it afterwards.
pub async fn an_ended_session_is_gone_for_good(on: &StoreUnderTest) {
    let now = on.clock.now();
    on.sessions.begin(&session(1, now, now)).await.unwrap();
    on.sessions.begin(&session(2, now, now)).await.unwrap();
    for _ in 0..2 {
        on.sessions.end(&digest(1)).await.unwrap();
    }
    on.sessions.record_activity(&digest(1), now).await.unwrap();
    assert_eq!(stored(on, 1).await, None);
    assert!(stored(on, 2).await.is_some());
}

/// Nodes write in any order.
pub async fn the_latest_use_of_a_session_stands(on: &StoreUnderTest) {
    let now = on.clock.now();
    on.sessions.begin(&session(1, now, now)).await.unwrap();
    for seconds in [5, 9, 7] {
        let at = now.plus_seconds(seconds);
        on.sessions.record_activity(&digest(1), at).await.unwrap();
    }
    assert_eq!(
        stored(on, 1).await.unwrap(),
        session(1, now, now.plus_seconds(9))
    );
}

/// By the time of their beginning or of their last use; at that very instant a session is not over
/// yet.
pub async fn what_is_over_is_forgotten_and_nothing_else(on: &StoreUnderTest) {
    let now = on.clock.now();
    let (early, before) = (now.minus_seconds(100), now.minus_seconds(10));
    for (n, began, seen) in [(1, early, now), (2, before, before), (3, now, now)] {
        on.sessions.begin(&session(n, began, seen)).await.unwrap();
    }
    on.sessions.forget(before, before).await.unwrap();
    assert_eq!(stored(on, 1).await, None);
    assert!(stored(on, 2).await.is_some());
    on.sessions
        .forget(early, before.plus_seconds(1))
        .await
        .unwrap();
    assert_eq!(stored(on, 2).await, None);
    assert!(stored(on, 3).await.is_some());
}

/// So that a sign-in never waits for the deletion of all old sessions.
pub async fn sessions_are_forgotten_in_portions(on: &StoreUnderTest) {
    let now = on.clock.now();
    let more = FORGOTTEN_AT_ONCE + 1;
    for n in 0..more {
        on.sessions.begin(&session(n, now, now)).await.unwrap();
    }
    let mut left = Vec::new();
    for _ in 0..2 {
        let later = now.plus_seconds(1);
        on.sessions.forget(later, later).await.unwrap();
        let mut count = 0;
        for n in 0..more {
            count += u32::from(stored(on, n).await.is_some());
        }
        left.push(count);
    }
    assert_eq!(left, [1, 0]);
}

/// A session of one token, which began so many seconds after the instant.
fn of_one_token(n: u32, now: Timestamp, seconds: u32) -> Session {
    Session {
        digest: digest(n),
        began: now.plus_seconds(seconds),
        ..session(0, now, now)
    }
}

async fn count(on: &StoreUnderTest, numbers: std::ops::Range<u32>) -> u32 {
    let mut count = 0;
    for n in numbers {
        count += u32::from(stored(on, n).await.is_some());
    }
    count
}

/// By the time of their beginning, and only those of that token.
pub async fn a_tokens_oldest_session_ends_when_it_has_too_many(on: &StoreUnderTest) {
    let now = on.clock.now();
    let others = [
        Session {
            digest: digest(1000),
            tenant: TenantId::new(now, &[9; 10]),
            ..of_one_token(0, now, 0)
        },
        session(1001, now.minus_seconds(9), now),
    ];
    for other in &others {
        on.sessions.begin(other).await.unwrap();
    }
    let most = SESSIONS_PER_TOKEN;
    // The one with number 0 is stored first, and began last of all.
    let at = |n| of_one_token(n, now, if n == 0 { 1000 } else { n });
    for n in 0..most {
        on.sessions.begin(&at(n)).await.unwrap();
    }
    assert_eq!(count(on, 0..most).await, most);
    for n in most..most + 3 {
        on.sessions.begin(&at(n)).await.unwrap();
        assert_eq!(stored(on, n).await, Some(at(n)));
        assert_eq!(stored(on, n + 1 - most).await, None, "the oldest");
        assert_eq!(count(on, 0..n + 1).await, most);
    }
    assert!(stored(on, 0).await.is_some(), "the newest");
    assert_eq!(count(on, 1000..1002).await, 2, "of others");
}

/// However many begin at the same time.
pub async fn sessions_that_begin_at_once_are_no_more_than_a_token_may_have(on: &StoreUnderTest) {
    let now = on.clock.now();
    for round in 0..5 {
        let numbers = round * 100..round * 100 + 60;
        let begun = numbers.clone().map(|n| {
            let session = of_one_token(n, now, n);
            async move { on.sessions.begin(&session).await.unwrap() }
        });
        join_all(begun).await;
        assert_eq!(count(on, 0..numbers.end).await, SESSIONS_PER_TOKEN);
    }
}
