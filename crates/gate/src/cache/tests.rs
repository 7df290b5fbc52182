//! What is answered from memory, and what is not. Time is the runtime's, and is moved.

use std::time::Duration;

use countersign_domain::{Denied, standard};
use tokio::{sync::Semaphore, time::advance};

use super::*;
use crate::{
    CheckError, Gate,
    samples::{FixedSource, begin, credential, home, secret},
};

const SECOND: Duration = Duration::from_secs(1);

fn presented() -> PresentedSecret {
    PresentedSecret::from(secret(1))
}

/// With a feed that was heard just now.
fn cached<S>(source: S) -> CachedSource<S> {
    let cached = CachedSource::new(source, CacheSettings::default());
    cached.note_feed(tokio::time::Instant::now().into_std());
    cached
}

async fn found<S: CredentialSource>(cached: &CachedSource<S>) -> bool {
    cached.find(&presented()).await.unwrap().is_some()
}

#[tokio::test(start_paused = true)]
async fn facts_are_looked_up_once_and_judged_each_time() {
    let source = FixedSource::knowing(credential(1));
    let gate = Gate::new(Arc::new(cached(Arc::clone(&source))), begin);
    let text = secret(1).expose().to_owned();
    let (read, write) = (standard::TASKS_READ, standard::TASKS_WRITE);
    assert!(gate.check(&text, home(), Some(&read)).await.is_ok());
    let refused = gate.check(&text, home(), Some(&write)).await;
    assert!(matches!(
        refused,
        Err(CheckError::Denied(Denied::MissingPermission(_)))
    ));
    let refused = gate.check(&text, "198.51.100.1".parse().ok(), None).await;
    assert!(matches!(
        refused,
        Err(CheckError::Denied(Denied::AddressNotAllowed))
    ));
    assert_eq!(source.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_changed_token_is_looked_up_and_others_are_not() {
    let source = FixedSource::knowing(credential(1));
    let cached = cached(Arc::clone(&source));
    assert!(found(&cached).await);
    cached.forget(credential(2).token);
    assert!(found(&cached).await);
    assert_eq!(source.asked(), 1);
    source.set(None);
    cached.forget(credential(1).token);
    assert!(!found(&cached).await);
    assert_eq!(source.asked(), 2);
    assert!(!found(&cached).await);
    assert_eq!(source.asked(), 2, "that nobody holds it is held too");
    cached.forget_all();
    assert!(!found(&cached).await);
    assert_eq!(source.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn facts_go_on_ageing_from_one_cache_to_the_next() {
    let source = FixedSource::knowing(credential(1));
    let behind = Arc::new(cached(Arc::clone(&source)));
    assert!(found(&behind).await);
    advance(59 * SECOND).await;
    behind.note_feed(tokio::time::Instant::now().into_std());
    let cached = cached(Arc::clone(&behind));
    let dated = cached.find_aged(&presented()).await.unwrap().unwrap();
    assert_eq!((dated.age, source.asked()), (59 * SECOND, 1));
    source.set(None);
    assert!(found(&cached).await);
    advance(SECOND).await;
    assert!(!found(&cached).await, "no longer than one of them alone");
}

#[tokio::test(start_paused = true)]
async fn reading_does_not_keep_facts_alive() {
    let source = FixedSource::knowing(credential(1));
    let cached = cached(Arc::clone(&source));
    for _ in 0..60 {
        assert!(found(&cached).await);
        assert_eq!(source.asked(), 1);
        advance(SECOND).await;
        cached.note_feed(tokio::time::Instant::now().into_std());
    }
    source.set(None);
    assert!(!found(&cached).await, "at its age to the nanosecond");
    source.set(Some(Ok(Arc::new(credential(1)))));
    advance(2 * SECOND).await;
    cached.note_feed(tokio::time::Instant::now().into_std());
    assert!(
        found(&cached).await,
        "that nobody holds it is held for less"
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_feed_means_a_look_up_for_every_request() {
    let source = FixedSource::knowing(credential(1));
    let cached = CachedSource::new(Arc::clone(&source), CacheSettings::default());
    for asked in 1..=3 {
        assert!(found(&cached).await);
        assert_eq!(source.asked(), asked, "it was never heard");
    }
    cached.note_feed(tokio::time::Instant::now().into_std());
    assert!(found(&cached).await);
    assert_eq!(source.asked(), 3, "what was looked up meanwhile is held");
    advance(3 * SECOND).await;
    assert!(found(&cached).await);
    assert_eq!(source.asked(), 3);
    advance(Duration::from_millis(1)).await;
    assert!(!cached.stats().healthy);
    assert!(found(&cached).await);
    assert_eq!(source.asked(), 4);
    cached.note_feed(tokio::time::Instant::now().into_std());
    assert!(found(&cached).await);
    assert_eq!(source.asked(), 4);
    let stats = cached.stats();
    assert_eq!((stats.bypasses, stats.hits, stats.entries), (4, 3, 1));
    assert!(stats.bytes > 0 && stats.healthy);
}

/// Answers when it is let to, after a hook of the test.
struct Gated<F> {
    inner: Arc<FixedSource>,
    begun: Semaphore,
    let_go: Semaphore,
    hook: F,
}

impl<F: Fn() + Send + Sync> Gated<F> {
    fn new(inner: Arc<FixedSource>, hook: F) -> Self {
        Self {
            inner,
            begun: Semaphore::new(0),
            let_go: Semaphore::new(0),
            hook,
        }
    }
}

#[async_trait]
impl<F: Fn() + Send + Sync> CredentialSource for Gated<F> {
    async fn find(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        let answer = self.inner.find(presented).await;
        self.begun.add_permits(1);
        self.let_go.acquire().await.unwrap().forget();
        (self.hook)();
        answer
    }
}

#[tokio::test(start_paused = true)]
async fn a_revocation_between_query_and_insertion_leaves_nothing_old_behind() {
    let source = FixedSource::knowing(credential(1));
    let cached = cached(Gated::new(Arc::clone(&source), || ()));
    let asked = presented();
    let reader = cached.find(&asked);
    let revoker = async {
        cached.source.begun.acquire().await.unwrap().forget();
        source.set(None);
        cached.forget(credential(1).token);
        cached.source.let_go.add_permits(9);
    };
    let (read, ()) = tokio::join!(reader, revoker);
    assert!(read.unwrap().is_none(), "it looked once more");
    assert!(!found(&cached).await);
    assert_eq!(source.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_asks_once_and_a_panic_leaves_nobody_behind() {
    let source = FixedSource::knowing(credential(1));
    let first = std::sync::atomic::AtomicBool::new(true);
    let hook = move || assert!(!first.swap(false, std::sync::atomic::Ordering::SeqCst));
    let cached = Arc::new(cached(Gated::new(Arc::clone(&source), hook)));
    let crowd: Vec<_> = (0..20)
        .map(|_| {
            let cached = Arc::clone(&cached);
            tokio::spawn(async move { found(&cached).await })
        })
        .collect();
    cached.source.begun.acquire().await.unwrap().forget();
    cached.source.let_go.add_permits(9);
    let mut panicked = 0;
    for one in crowd {
        match one.await {
            Ok(found) => assert!(found),
            Err(_) => panicked += 1,
        }
    }
    assert_eq!((panicked, source.asked()), (1, 2));
    assert_eq!(cached.single_flight.under_way(), 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_is_followed_by_another() {
    let source = FixedSource::knowing(credential(1));
    let cached = Arc::new(cached(Gated::new(Arc::clone(&source), || ())));
    let spawn = || {
        let cached = Arc::clone(&cached);
        tokio::spawn(async move { found(&cached).await })
    };
    let leader = spawn();
    cached.source.begun.acquire().await.unwrap().forget();
    let follower = spawn();
    tokio::task::yield_now().await;
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    cached.source.let_go.add_permits(1);
    assert!(follower.await.unwrap());
    assert_eq!(source.asked(), 2);
    let nobody = spawn();
    assert!(nobody.await.unwrap());
    assert_eq!(cached.single_flight.under_way(), 0);
}
