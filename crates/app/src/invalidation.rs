//! Follower of the feed of changes, for as long as the service runs: it invalidates or renews the
//! facts of the changed tokens on this node, and publishes the changes to the streams. Every answer
//! of the feed is a sign of life, even one without changes.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use countersign_application::{
    error_chain,
    ports::{ChangeBatch, ChangeFeed, Clock, FeedError, FeedPosition},
};
use countersign_http::{ChangeBroadcast, Metrics};
use prometheus_client::{metrics::histogram::Histogram, registry::Unit};
use tokio::time::sleep;

use crate::credential_cache::CredentialCache;

/// The maximum wait for a notification before polling. The promise of one second has room for three
/// of these.
const PATIENCE: Duration = Duration::from_millis(250);

/// The pause between two reads, so that many changes are read in a few of them.
const REST: Duration = Duration::from_millis(3);

/// The maximum number of changes in one read; beyond that, everything is invalidated instead.
const MOST: u16 = 10_000;

/// Upper bounds of the lag of changes, in seconds: the commit is part of it, and a second is the
/// promise.
const LAGS: [f64; 10] = [0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 4.0];

/// The follower of the feed.
pub(crate) struct FeedFollower {
    pub(crate) feed: Arc<dyn ChangeFeed>,
    pub(crate) facts: Arc<CredentialCache>,
    pub(crate) hub: ChangeBroadcast,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pulse: Arc<FeedHealth>,
}

/// The health of the feed: its last sign of life, and the number of changes.
pub(crate) struct FeedHealth {
    begin: Instant,
    heard: AtomicU64,
    changes: AtomicU64,
    lag: Histogram,
}

impl FeedHealth {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let lag = Histogram::new(LAGS);
        let help = "How long after it was decided a change was heard of";
        metrics.register(|page| {
            page.register_with_unit("feed_lag", help, Unit::Seconds, lag.clone());
        });
        Self {
            lag,
            begin: Instant::now(),
            heard: AtomicU64::new(0),
            changes: AtomicU64::new(0),
        }
    }

    fn beat(&self) {
        let heard = u64::try_from(self.begin.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.heard.store(heard, Ordering::Relaxed);
    }

    /// The number of changes that it reported.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// The time since its last sign of life; since the start, if there was none yet.
    pub(crate) fn age(&self) -> Duration {
        let heard = Duration::from_micros(self.heard.load(Ordering::Relaxed));
        self.begin.elapsed().saturating_sub(heard)
    }
}

impl FeedFollower {
    /// Follows the feed for ever.
    pub(crate) async fn run(self) {
        let mut wait_for_change = pin!(self.feed.wait_for_change());
        let mut position = None;
        let mut complained = false;
        loop {
            // After a silence the store may be another one: a standby that took over may have lost
            // the end of the history, and counts anew from there.
            match self.look(position.as_ref(), complained).await {
                Ok(news) => {
                    if std::mem::take(&mut complained) {
                        tracing::info!("the feed of changes is back");
                    }
                    position = Some(news.position.clone());
                    self.hub.publish(news);
                }
                Err(FeedError::Position(_)) => {
                    // The position belongs to another database: begin again.
                    tracing::warn!("the feed of changes does not know its own position");
                    position = None;
                }
                Err(FeedError::Store(fault)) => {
                    if !std::mem::replace(&mut complained, true) {
                        let error = error_chain(&fault);
                        tracing::warn!(
                            error,
                            "the feed of changes is silent; every check looks its token up"
                        );
                    }
                }
            }
            sleep(REST).await;
            tokio::select! {
                () = &mut wait_for_change => wait_for_change.set(self.feed.wait_for_change()),
                () = sleep(PATIENCE) => {}
            }
        }
    }

    /// Invalidates what changed since the position, or everything if that is unknown.
    async fn look(
        &self,
        position: Option<&FeedPosition>,
        anew: bool,
    ) -> Result<ChangeBatch, FeedError> {
        let began = Instant::now();
        let mut news = match position {
            Some(position) => self.feed.since(position, MOST).await?,
            None => ChangeBatch {
                changes: None,
                position: self.feed.position().await?,
            },
        };
        if anew {
            news.changes = None;
        }
        match &mut news.changes {
            Some(changes) => {
                let (count, now) = (changes.len() as u64, self.clock.now());
                self.pulse.changes.fetch_add(count, Ordering::Relaxed);
                for change in changes {
                    self.facts.hear(change);
                    // The streams report no fields, and need not keep them in memory.
                    change.changes = None;
                    // The two clocks may differ a little.
                    let lag = now.as_micros().saturating_sub(change.at.as_micros());
                    let lag = Duration::from_micros(u64::try_from(lag).unwrap_or(0));
                    self.pulse.lag.observe(lag.as_secs_f64());
                }
            }
            None => self.facts.forget_all(),
        }
        self.facts.note_feed(began);
        self.pulse.beat();
        Ok(news)
    }
}
