//! A source that is away, or frozen: who is still let in, for how long, and how little it costs to find out.

use std::time::Duration;

use tokio::time::{Instant, advance};

use super::*;
use crate::samples::{FixedSource, credential, secret};

const SECOND: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(1);

/// Holds the first credential; the feed was heard just now and falls silent.
async fn warm<S: CredentialSource>(source: S, settings: CacheSettings) -> CachedSource<S> {
    let cached = CachedSource::new(source, settings);
    cached.note_feed(now());
    assert!(find(&cached, 1).await.unwrap().is_some());
    cached
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

async fn find<S: CredentialSource>(
    cached: &CachedSource<S>,
    number: u8,
) -> Result<Option<Arc<Credential>>, SourceError> {
    cached.find(&PresentedSecret::from(secret(number))).await
}

fn away() -> Result<Arc<Credential>, SourceError> {
    Err(SourceError::away("gone"))
}

#[tokio::test(start_paused = true)]
async fn what_is_known_is_honoured_for_the_grace_and_what_is_not_is_never() {
    let source = FixedSource::knowing(credential(1));
    let cached = warm(Arc::clone(&source), CacheSettings::default()).await;
    source.set(Some(away()));
    advance(4 * SECOND).await;
    assert!(find(&cached, 1).await.unwrap().is_some());
    assert!(find(&cached, 2).await.is_err(), "nobody knows it");
    advance(Duration::from_millis(25_999)).await;
    assert!(find(&cached, 1).await.unwrap().is_some());
    advance(TICK).await;
    assert!(find(&cached, 1).await.is_err());
    source.set(Some(Ok(Arc::new(credential(1)))));
    advance(SECOND).await;
    assert!(find(&cached, 1).await.unwrap().is_some(), "it is back");
    assert_eq!(cached.stats().fallbacks, 2);
}

#[tokio::test(start_paused = true)]
async fn the_grace_goes_on_while_the_feed_is_heard_even_past_the_age() {
    let source = FixedSource::knowing(credential(1));
    let cached = warm(Arc::clone(&source), CacheSettings::default()).await;
    source.set(Some(away()));
    for _ in 0..89 {
        advance(SECOND).await;
        cached.note_feed(now());
        assert!(find(&cached, 1).await.unwrap().is_some());
    }
    advance(SECOND).await;
    cached.note_feed(now());
    assert!(find(&cached, 1).await.is_err(), "age and grace are over");
}

#[tokio::test(start_paused = true)]
async fn two_caches_one_behind_the_other_grant_one_grace() {
    let source = FixedSource::knowing(credential(1));
    let behind = Arc::new(warm(Arc::clone(&source), CacheSettings::default()).await);
    let cached = warm(behind, CacheSettings::default()).await;
    source.set(Some(away()));
    for _ in 0..29 {
        advance(SECOND).await;
        assert!(find(&cached, 1).await.unwrap().is_some());
    }
    advance(SECOND).await;
    assert!(find(&cached, 1).await.is_err(), "the grace is over");
}

#[tokio::test(start_paused = true)]
async fn what_changed_is_not_fallen_back_on() {
    let source = FixedSource::knowing(credential(1));
    let cached = warm(Arc::clone(&source), CacheSettings::default()).await;
    source.set(Some(away()));
    advance(4 * SECOND).await;
    assert!(find(&cached, 1).await.unwrap().is_some());
    cached.forget(credential(1).token);
    assert!(find(&cached, 1).await.is_err(), "it changed");
}

#[tokio::test(start_paused = true)]
async fn no_grace_means_none() {
    let source = FixedSource::knowing(credential(1));
    let settings = CacheSettings {
        stale_if_error: Duration::ZERO,
        ..CacheSettings::default()
    };
    let cached = warm(Arc::clone(&source), settings).await;
    source.set(Some(away()));
    assert!(
        find(&cached, 1).await.unwrap().is_some(),
        "it is still fresh"
    );
    advance(3 * SECOND + TICK).await;
    assert!(find(&cached, 1).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn that_nobody_holds_a_secret_is_not_said_while_the_source_is_away() {
    let source = Arc::new(FixedSource::default());
    let cached = CachedSource::new(Arc::clone(&source), CacheSettings::default());
    cached.note_feed(now());
    assert!(find(&cached, 1).await.unwrap().is_none());
    source.set(Some(away()));
    advance(2 * SECOND).await;
    assert!(find(&cached, 1).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_is_tried_by_one_request_in_a_while() {
    let source = FixedSource::knowing(credential(1));
    let cached = warm(Arc::clone(&source), CacheSettings::default()).await;
    source.set(Some(away()));
    advance(4 * SECOND).await;
    for second in 0..5 {
        for number in [1, 2, 1, 3] {
            assert_eq!(find(&cached, number).await.is_ok(), number == 1);
        }
        assert_eq!(source.asked(), 2 + second);
        advance(SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_back_is_asked_at_once_where_nothing_is_left_to_answer_by() {
    let source = FixedSource::knowing(credential(1));
    let cached = warm(Arc::clone(&source), CacheSettings::default()).await;
    source.set(Some(away()));
    advance(4 * SECOND).await;
    assert!(find(&cached, 1).await.unwrap().is_some());
    source.set(Some(Ok(Arc::new(credential(1)))));
    cached.forget_all();
    cached.note_feed(now());
    assert!(find(&cached, 1).await.unwrap().is_some());
    assert_eq!(cached.stats().fallbacks, 1);
}

#[tokio::test(start_paused = true)]
async fn one_unusable_row_is_nobody_elses_trouble() {
    let source = FixedSource::knowing(credential(1));
    let cached = warm(Arc::clone(&source), CacheSettings::default()).await;
    source.set(Some(Err(SourceError::broken("corrupt"))));
    assert!(!find(&cached, 2).await.unwrap_err().is_away());
    source.set(Some(Ok(Arc::new(credential(3)))));
    assert!(find(&cached, 3).await.unwrap().is_some());
}

/// Answers after a second, from the second time on.
struct Slow(Arc<FixedSource>);

#[async_trait]
impl CredentialSource for Slow {
    async fn find(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        if self.0.asked() > 0 {
            tokio::time::sleep(SECOND).await;
        }
        self.0.find(presented).await
    }
}

/// Knows the first secret once, then never answers.
struct Frozen(Arc<FixedSource>);

#[async_trait]
impl CredentialSource for Frozen {
    async fn find(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        let answer = self.0.find(presented).await;
        if self.0.asked() > 1 {
            std::future::pending::<()>().await;
        }
        answer
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_takes_too_long_is_not_waited_for_while_the_feed_is_heard() {
    let source = FixedSource::knowing(credential(1));
    let settings = CacheSettings::default();
    let cached = warm(Frozen(Arc::clone(&source)), settings.clone()).await;
    advance(settings.ttl).await;
    cached.note_feed(now());
    let begin = Instant::now();
    assert!(find(&cached, 1).await.unwrap().is_some());
    assert_eq!(begin.elapsed(), settings.lookup_timeout);
    assert_eq!(cached.single_flight.under_way(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_source_is_waited_for_while_the_feed_is_silent() {
    let source = FixedSource::knowing(credential(1));
    let settings = CacheSettings::default();
    let cached = warm(Slow(Arc::clone(&source)), settings.clone()).await;
    advance(4 * SECOND).await;
    source.set(None);
    let begin = Instant::now();
    assert!(find(&cached, 1).await.unwrap().is_none(), "it was revoked");
    assert_eq!(begin.elapsed(), SECOND);
    assert_eq!(cached.stats().fallbacks, 0);
}

/// Fails after a second at the second question alone.
struct Returning(Arc<FixedSource>);

#[async_trait]
impl CredentialSource for Returning {
    async fn find(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        let answer = self.0.find(presented).await;
        if self.0.asked() == 2 {
            tokio::time::sleep(SECOND).await;
            return away().map(Some);
        }
        answer
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_up_from_before_the_feed_is_back_makes_nobody_wait_when_it_fails() {
    let source = FixedSource::knowing(credential(1));
    let cached = warm(Returning(source), CacheSettings::default()).await;
    advance(4 * SECOND).await;
    let before = find(&cached, 2);
    let after = async {
        tokio::time::sleep(SECOND / 2).await;
        cached.forget_all();
        cached.note_feed(now());
        tokio::time::sleep(SECOND).await;
        find(&cached, 1).await
    };
    let (before, after) = tokio::join!(before, after);
    assert!(before.unwrap().is_some(), "it is asked for once more");
    assert!(after.unwrap().is_some(), "the source was not left alone");
}
