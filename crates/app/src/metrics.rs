//! Metrics of the parts behind the surface: the cache, the feed, the store. They are read when they
//! are asked for, so that nothing is counted twice; only the tokens are counted periodically,
//! because that takes long if there are many.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use countersign_application::{
    error_chain,
    ports::{Clock, StoreError, StoreHealth, TokenCounts},
};
use countersign_http::{Metrics, Writability};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge, info::Info},
    registry::Unit,
};
use tokio::time::sleep;

use crate::{credential_cache::CredentialCache, invalidation::FeedHealth, log_queue, skew::Skew};

/// The period in which tokens are counted.
const CENSUS: Duration = Duration::from_mins(1);

/// The horizons within which tokens that expire are counted, in days, with their labels.
const HORIZONS: [(&str, u32); 3] = [("1d", 1), ("7d", 7), ("30d", 30)];
const SECONDS_A_DAY: u32 = 24 * 60 * 60;

/// The sources of the metrics.
pub(crate) struct ServiceMetrics {
    pub(crate) facts: Arc<CredentialCache>,
    pub(crate) pulse: Arc<FeedHealth>,
    pub(crate) skew: Arc<Skew>,
    pub(crate) probe: Arc<dyn StoreHealth>,
    pub(crate) writability: Writability,
    /// The latest counts.
    pub(crate) token_counts: Mutex<Option<TokenCounts>>,
    /// The latest count of tokens that expire within each horizon.
    pub(crate) expiring: Mutex<Vec<u64>>,
}

impl fmt::Debug for ServiceMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Numbers").finish_non_exhaustive()
    }
}

impl ServiceMetrics {
    /// Registers these metrics.
    pub(crate) fn show(self, metrics: &Metrics) -> Arc<Self> {
        let numbers = Arc::new(self);
        let collector = Box::new(numbers.clone());
        metrics.register(|registry| {
            registry.register_collector(collector);
            let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
            registry.register("build", "The program that runs", build);
        });
        numbers
    }

    /// Counts the tokens periodically, for ever.
    pub(crate) async fn count_often(self: Arc<Self>, clock: Arc<dyn Clock>) {
        loop {
            let now = clock.now();
            if let Some(token_counts) = counted(self.probe.token_counts(now).await) {
                *locked(&self.token_counts) = Some(token_counts);
            }
            let until = HORIZONS.map(|(_, days)| now.plus_seconds(days * SECONDS_A_DAY));
            if let Some(expiring) = counted(self.probe.expiring(now, &until).await) {
                *locked(&self.expiring) = expiring;
            }
            sleep(CENSUS).await;
        }
    }

    /// Writes the periodic counts.
    fn encode_tokens(&self, page: &mut MetricsPage<'_>) -> fmt::Result {
        if let Some(token_counts) = *locked(&self.token_counts) {
            page.gauges(
                "tokens",
                "API tokens of all tenants, counted once a minute",
                "state",
                &[
                    ("live", count(token_counts.live)),
                    ("expired", count(token_counts.expired)),
                    ("revoked", count(token_counts.revoked)),
                ],
            )?;
        }
        let expiring = locked(&self.expiring).clone();
        let labels = HORIZONS.iter().map(|(label, _)| *label);
        let values: Vec<_> = labels.zip(expiring.into_iter().map(count)).collect();
        if values.is_empty() {
            return Ok(());
        }
        page.gauges(
            "tokens_expiring",
            "Live API tokens of all tenants that expire within this time, at most 10000, counted once a minute",
            "within",
            &values,
        )
    }
}

/// Writes one family after the other.
pub(crate) struct MetricsPage<'a>(DescriptorEncoder<'a>);

impl MetricsPage<'_> {
    pub(crate) fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let counter = ConstCounter::new(value);
        counter.encode(self.0.encode_descriptor(
            name,
            help,
            None,
            prometheus_client::metrics::MetricType::Counter,
        )?)
    }

    pub(crate) fn gauge(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        value: f64,
    ) -> fmt::Result {
        let gauge = ConstGauge::new(value);
        gauge.encode(self.0.encode_descriptor(
            name,
            help,
            unit,
            prometheus_client::metrics::MetricType::Gauge,
        )?)
    }

    /// Writes one gauge for each value of a label.
    pub(crate) fn gauges(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: &[(&str, f64)],
    ) -> fmt::Result {
        let kind = prometheus_client::metrics::MetricType::Gauge;
        let mut family = self.0.encode_descriptor(name, help, None, kind)?;
        for (value, number) in values {
            let labels = [(label, *value)];
            ConstGauge::new(*number).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

impl Collector for ServiceMetrics {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = MetricsPage(encoder);
        self.facts.encode(&mut page)?;
        let age = self.pulse.age().as_secs_f64();
        let help = "How long ago the feed of changes gave a sign of life";
        page.gauge("feed_silence", help, Some(&Unit::Seconds), age)?;
        let help = "Changes that the feed told";
        page.counter("feed_changes", help, self.pulse.changes())?;
        if let Some(seconds) = self.skew.seconds() {
            let help = "By how much this node's clock is ahead of the database's";
            page.gauge("clock_skew", help, Some(&Unit::Seconds), seconds)?;
        }
        let help = "Whether the store takes changes";
        let writable = u64::from(!self.writability.is_lost());
        page.gauge("store_writable", help, None, count(writable))?;
        let connections = self.probe.connections();
        page.gauges(
            "store_connections",
            "Connections of the store",
            "state",
            &[
                ("idle", connections.idle.into()),
                (
                    "busy",
                    (connections.open.saturating_sub(connections.idle)).into(),
                ),
                ("limit", connections.limit.into()),
            ],
        )?;
        let help = "Log lines that were lost because standard error was not read in time";
        page.counter("log_lines_lost", help, log_queue::lost())?;
        self.encode_tokens(&mut page)
    }
}

/// A count; the log says why one failed.
fn counted<T>(outcome: Result<T, StoreError>) -> Option<T> {
    outcome
        .inspect_err(|fault| {
            let error = error_chain(fault);
            tracing::debug!(error, "the tokens could not be counted");
        })
        .ok()
}

fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number of things as a metric: beyond 2^53 it is rounded.
#[expect(clippy::cast_precision_loss, reason = "nobody counts that far")]
pub(crate) fn count(things: u64) -> f64 {
    things as f64
}
