//! What is kept of sessions, and for how long.

use countersign_domain::{Secret, TenantId, Timestamp, TokenId};

use super::Subject;
use crate::ports::{FORGOTTEN_AT_ONCE, Session, SessionDigest};

fn digest(n: u32) -> SessionDigest {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    SessionDigest::from_bytes(bytes)
}

/// A session of its own digest, of no token that there is: a store does not ask.
fn session(n: u32, began: Timestamp, seen: Timestamp) -> Session {
    Session {
        digest: digest(n),
        tenant: TenantId::new(began, &[1; 10]),
        token: TokenId::new(began, &[2; 10]),
        secret: Secret::from_random(&[3; 32]).digest(),
        began,
        seen,
    }
}

async fn stored(on: &Subject, n: u32) -> Option<Session> {
    on.sessions.session(&digest(n)).await.unwrap()
}

/// To the microsecond, and each by its own id.
pub async fn a_session_reads_back_equal(on: &Subject) {
    let began = "2026-06-01T12:00:00.000001Z".parse().unwrap();
    let seen = "2026-06-01T12:00:00.000002Z".parse().unwrap();
    let (one, other) = (session(1, began, seen), session(2, seen, seen));
    on.sessions.begin(&one).await.unwrap();
    on.sessions.begin(&other).await.unwrap();
    assert_eq!(stored(on, 1).await, Some(one));
    assert_eq!(stored(on, 2).await, Some(other));
    assert_eq!(stored(on, 3).await, None);
}

/// As often as it is ended, and whatever is noted of it afterwards.
pub async fn an_ended_session_is_gone_for_good(on: &Subject) {
    let now = on.clock.now();
    on.sessions.begin(&session(1, now, now)).await.unwrap();
    on.sessions.begin(&session(2, now, now)).await.unwrap();
    for _ in 0..2 {
        on.sessions.end(&digest(1)).await.unwrap();
    }
    on.sessions.seen(&digest(1), now).await.unwrap();
    assert_eq!(stored(on, 1).await, None);
    assert!(stored(on, 2).await.is_some());
}

/// Nodes write when they get to it.
pub async fn the_latest_use_of_a_session_stands(on: &Subject) {
    let now = on.clock.now();
    on.sessions.begin(&session(1, now, now)).await.unwrap();
    for seconds in [5, 9, 7] {
        let at = now.plus_seconds(seconds);
        on.sessions.seen(&digest(1), at).await.unwrap();
    }
    assert_eq!(
        stored(on, 1).await.unwrap(),
        session(1, now, now.plus_seconds(9))
    );
}

/// By when it began or by when it was last used; at that very instant it is not over yet.
pub async fn what_is_over_is_forgotten_and_nothing_else(on: &Subject) {
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

/// So that nobody who signs in waits for all that others left behind.
pub async fn sessions_are_forgotten_in_portions(on: &Subject) {
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
