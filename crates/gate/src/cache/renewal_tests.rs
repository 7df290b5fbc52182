//! What a change makes of the facts that are held, and what it may not make of them.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use countersign_domain::Version;
use tokio::time::{Instant, advance};

use super::*;
use crate::samples::{FixedSource, credential, secret};

const SECOND: Duration = Duration::from_secs(1);

fn version(number: u64) -> Version {
    i64::try_from(number).unwrap().try_into().unwrap()
}

fn facts(number: u64) -> Credential {
    Credential {
        version: version(number),
        ..credential(1)
    }
}

/// Makes facts of a version of those of the version before.
fn to(number: u64) -> impl Fn(&Credential, bool) -> Option<Renewal> {
    move |held, _| {
        let before = held.version.next() == version(number);
        before.then(|| Renewal::Current(facts(number)))
    }
}

fn spare<S>(cached: &CachedSource<S>) -> Vec<StaleFacts> {
    cached.renew(credential(1).token, |_, _| Some(Renewal::Spare(facts(2))))
}

fn heard<S>(cached: &CachedSource<S>) {
    cached.note_feed(Instant::now().into_std());
}

/// Holds the facts of version 1; the feed was heard just now.
async fn warm() -> (Arc<FixedSource>, CachedSource<Arc<FixedSource>>) {
    let source = FixedSource::knowing(facts(1));
    let cached = CachedSource::new(Arc::clone(&source), CacheSettings::default());
    heard(&cached);
    assert_eq!(found(&cached).await.unwrap(), Some(1));
    (source, cached)
}

async fn found<S: CredentialSource>(cached: &CachedSource<S>) -> Result<Option<i64>, SourceError> {
    let found = cached.find(&PresentedSecret::from(secret(1))).await?;
    Ok(found.map(|found| found.version.get()))
}

fn end(source: &FixedSource) {
    source.set(Some(Err(SourceError::away("gone"))));
}

#[tokio::test(start_paused = true)]
async fn what_a_change_makes_of_the_facts_is_believed_without_a_look_up() {
    let (source, cached) = warm().await;
    end(&source);
    for number in 2..=5 {
        assert!(cached.renew(credential(1).token, to(number)).is_empty());
        assert_eq!(found(&cached).await.unwrap(), i64::try_from(number).ok());
    }
    assert_eq!(source.asked(), 1);
    advance(29 * SECOND).await;
    assert_eq!(found(&cached).await.unwrap(), Some(5), "within the grace");
    advance(SECOND).await;
    assert!(found(&cached).await.is_err(), "the grace is over");
}

#[tokio::test(start_paused = true)]
async fn renewed_facts_keep_the_age_of_their_look_up() {
    let (source, cached) = warm().await;
    advance(59 * SECOND).await;
    heard(&cached);
    assert!(cached.renew(credential(1).token, to(2)).is_empty());
    assert_eq!(found(&cached).await.unwrap(), Some(2));
    source.set(Some(Ok(Arc::new(facts(3)))));
    advance(SECOND).await;
    assert_eq!(found(&cached).await.unwrap(), Some(3));
    assert_eq!(source.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn facts_that_a_change_has_overtaken_are_the_base_of_nothing() {
    for forgotten in [true, false] {
        let (source, cached) = warm().await;
        end(&source);
        // A later change was told first, by this node or by the feed.
        if forgotten {
            cached.forget(credential(1).token);
        } else {
            cached.forget_all();
        }
        assert_eq!(cached.renew(credential(1).token, to(2)).len(), 1);
        assert!(found(&cached).await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn facts_of_that_version_already_are_held_on() {
    let (source, cached) = warm().await;
    end(&source);
    let held = |_: &Credential, current: bool| current.then_some(Renewal::Unchanged);
    assert!(cached.renew(credential(1).token, held).is_empty());
    assert_eq!(found(&cached).await.unwrap(), Some(1));
}

#[tokio::test(start_paused = true)]
async fn spare_facts_are_honoured_only_while_the_source_is_away() {
    let (source, cached) = warm().await;
    source.set(Some(Ok(Arc::new(facts(3)))));
    assert_eq!(spare(&cached).len(), 1);
    assert_eq!(found(&cached).await.unwrap(), Some(3));

    let (source, cached) = warm().await;
    end(&source);
    assert_eq!(spare(&cached).len(), 1);
    assert_eq!(found(&cached).await.unwrap(), Some(2));
    // What is made of them is spare, too.
    assert_eq!(cached.renew(credential(1).token, to(3)).len(), 1);
    advance(29 * SECOND).await;
    assert_eq!(found(&cached).await.unwrap(), Some(3));
    heard(&cached);
    source.set(Some(Ok(Arc::new(facts(4)))));
    advance(SECOND).await;
    assert_eq!(found(&cached).await.unwrap(), Some(4));
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_looked_up_before_a_check_asks() {
    let (source, cached) = warm().await;
    advance(20 * SECOND).await;
    heard(&cached);
    source.set(Some(Ok(Arc::new(facts(2)))));
    for stale in cached.renew(credential(1).token, |_, _| None) {
        cached.refresh(stale).await;
    }
    assert_eq!(source.asked(), 2);
    end(&source);
    assert_eq!(found(&cached).await.unwrap(), Some(2));
    advance(39 * SECOND).await;
    heard(&cached);
    assert_eq!(found(&cached).await.unwrap(), Some(2));
    assert_eq!(source.asked(), 2);
    source.set(Some(Ok(Arc::new(facts(3)))));
    advance(SECOND).await;
    assert_eq!(found(&cached).await.unwrap(), Some(3), "at its age");
    // What no check has asked for in that time is not kept up.
    advance(90 * SECOND).await;
    assert!(cached.renew(credential(1).token, |_, _| None).is_empty());
}

/// Answers the first look-up late, with what was so when it began.
struct Late(Arc<FixedSource>, tokio::sync::Semaphore);

#[async_trait]
impl CredentialSource for Late {
    async fn find(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        let answer = self.0.find(presented).await;
        self.1.acquire().await.unwrap().forget();
        answer
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_up_from_before_a_change_does_not_replace_what_the_change_made() {
    let source = FixedSource::knowing(facts(1));
    let late = Late(Arc::clone(&source), tokio::sync::Semaphore::new(1));
    let cached = CachedSource::new(late, CacheSettings::default());
    heard(&cached);
    assert_eq!(found(&cached).await.unwrap(), Some(1));
    let asked = PresentedSecret::from(secret(1));
    let mut before = Box::pin(cached.ask(&asked));
    let begun = std::future::poll_fn(|context| Poll::Ready(before.as_mut().poll(context)));
    assert!(begun.await.is_pending());
    assert!(cached.renew(credential(1).token, to(2)).is_empty());
    cached.source.1.add_permits(1);
    let landed = before.await.found.unwrap().unwrap();
    assert_eq!(landed.credential.version, version(1));
    assert_eq!(found(&cached).await.unwrap(), Some(2));
    assert_eq!(source.asked(), 2);
}

/// Two threads change a token in turns and announce their changes in whatever order they come,
/// while others check it: none is answered by facts that an announced change has overtaken.
#[test]
fn threads_in_any_order_honour_nothing_that_was_acknowledged_as_changed() {
    const CHANGES: u64 = 30_000;
    let settings = CacheSettings {
        feed_timeout: Duration::MAX,
        ..CacheSettings::default()
    };
    let cached = CachedSource::new((), settings);
    cached.note_feed(std::time::Instant::now());
    let (committed, told) = (AtomicU64::new(1), AtomicU64::new(1));
    let digest = secret(1).digest();
    let token = credential(1).token;
    let renewed = AtomicU64::new(0);
    let write = || {
        for _ in 0..CHANGES {
            let number = committed.fetch_add(1, Ordering::SeqCst) + 1;
            drop(cached.renew(token, |held, current| {
                let next = to(number)(held, current);
                renewed.fetch_add(u64::from(next.is_some()), Ordering::Relaxed);
                next
            }));
            told.fetch_max(number, Ordering::SeqCst);
        }
    };
    let read = || {
        while told.load(Ordering::SeqCst) < 2 * CHANGES {
            let acknowledged = told.load(Ordering::SeqCst);
            let now = cached.watch.now();
            if let Lookup::Hit(hit) = cached.held(&digest, now) {
                assert!(hit.credential.version >= version(acknowledged));
                continue;
            }
            let begin = cached.epochs.begin();
            let found = facts(committed.load(Ordering::SeqCst));
            cached.entries.keep(&digest, Arc::new(found), begin, now);
        }
    };
    thread::scope(|scope| {
        let [_, _, one, other] = [
            scope.spawn(read),
            scope.spawn(read),
            scope.spawn(write),
            scope.spawn(write),
        ];
        one.join().unwrap();
        other.join().unwrap();
    });
    assert!(renewed.into_inner() > 0, "nothing was ever renewed");
}
