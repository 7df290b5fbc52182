//! Metrics that are counted while requests are answered, and the page that shows them to a
//! monitoring system, with those that the deployment adds to the registry.

mod exposition;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

pub(crate) use exposition::Exposition;
use exposition::to_prometheus;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Upper bounds of latencies, in seconds: a cached check is below the first, a durable write in the
/// middle.
const LATENCIES: [f64; 12] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0,
];

/// The prefix of the service's own metrics.
const PREFIX: &str = "countersign";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: Arc<str>,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Verdict {
    code: &'static str,
}

/// The service's metrics. Clones share the counters.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    requests: Family<Answered, Histogram, fn() -> Histogram>,
    verdicts: Family<Verdict, Counter>,
    suppressed: Counter,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let requests: Family<Answered, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(LATENCIES));
        let verdicts = Family::<Verdict, Counter>::default();
        let mut page = Registry::default();
        let registry = page.sub_registry_with_prefix(PREFIX);
        registry.register_with_unit(
            "http_request_duration",
            "How long requests took, by route and status",
            Unit::Seconds,
            requests.clone(),
        );
        registry.register(
            "verdicts",
            "Checks of credentials by what they came to",
            verdicts.clone(),
        );
        let suppressed = Counter::default();
        registry.register(
            "log_lines_suppressed",
            "Lines of requests without an admitted caller that were not written",
            suppressed.clone(),
        );
        Self {
            registry: Arc::new(Mutex::new(page)),
            requests,
            verdicts,
            suppressed,
        }
    }
}

impl Metrics {
    /// Registers further metrics with the service's prefix.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        self.register_plain(|page| add(page.sub_registry_with_prefix(PREFIX)));
    }

    /// Registers further metrics with names that many programs share.
    pub fn register_plain(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The page, as `OpenMetrics` text.
    ///
    /// # Errors
    /// Returns an error if a metric of the deployment cannot be written.
    pub fn page(&self) -> Result<String, fmt::Error> {
        self.page_as(Exposition::OpenMetrics)
    }

    pub(crate) fn page_as(&self, format: Exposition) -> Result<String, fmt::Error> {
        let mut page = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        encode(&mut page, &registry)?;
        Ok(match format {
            Exposition::OpenMetrics => page,
            Exposition::Prometheus => to_prometheus(&page),
        })
    }

    pub(crate) fn answered(
        &self,
        method: &'static str,
        route: &Arc<str>,
        status: u16,
        took: Duration,
    ) {
        let answered = Answered {
            method,
            route: Arc::clone(route),
            status,
        };
        self.requests
            .get_or_create(&answered)
            .observe(took.as_secs_f64());
    }

    pub(crate) fn suppressed_line(&self) {
        self.suppressed.inc();
    }

    pub(crate) fn count_check(&self, code: &'static str) {
        self.verdicts.get_or_create(&Verdict { code }).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_what_was_counted_and_what_was_added() {
        let metrics = Metrics::default();
        let own = Counter::<u64>::default();
        metrics.register(|registry| registry.register("own", "Added", own.clone()));
        metrics.register_plain(|page| page.register("shared", "Added", own.clone()));
        own.inc();
        let route = "/auth".into();
        metrics.answered("GET", &route, 200, Duration::from_micros(200));
        metrics.count_check("ok");
        metrics.count_check("ok");
        let page = metrics.page().unwrap();
        for line in [
            r#"countersign_http_request_duration_seconds_count{method="GET",route="/auth",status="200"} 1"#,
            r#"countersign_http_request_duration_seconds_bucket{le="0.00025",method="GET",route="/auth",status="200"} 1"#,
            r#"countersign_verdicts_total{code="ok"} 2"#,
            "countersign_own_total 1",
            "\nshared_total 1",
            "# EOF",
        ] {
            assert!(page.contains(line), "{line} is not in\n{page}");
        }
    }
}
