//! Metrics of the process, under the names that Prometheus uses everywhere. Most are only available
//! on Linux, and left out elsewhere.

use std::{fmt, fs};

use countersign_domain::Timestamp;
use countersign_http::Metrics;
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeVal,
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

use crate::metrics::count;

/// This process.
#[derive(Debug)]
pub(crate) struct ProcessMetrics {
    started: Timestamp,
}

impl ProcessMetrics {
    /// Registers the metrics of the process, which started at that instant.
    pub(crate) fn show(metrics: &Metrics, started: Timestamp) {
        metrics.register_plain(|page| page.register_collector(Box::new(Self { started })));
    }
}

impl Collector for ProcessMetrics {
    fn encode(&self, mut page: DescriptorEncoder<'_>) -> fmt::Result {
        let mut gauge = |name: &str, help: &str, value: f64| {
            let family = page.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(family)
        };
        let micros = u64::try_from(self.started.as_micros()).unwrap_or_default();
        let help = "When the process began, in seconds since 1970";
        gauge("process_start_time_seconds", help, count(micros) / 1e6)?;
        if let Some(bytes) = resident() {
            let help = "Memory of the process that is in the machine's";
            gauge("process_resident_memory_bytes", help, count(bytes))?;
        }
        if let Ok(files) = fs::read_dir("/proc/self/fd") {
            // One of them belongs to the folder that is read.
            let open = files.count().saturating_sub(1);
            let help = "Open descriptors";
            gauge("process_open_fds", help, count(open as u64))?;
        }
        if let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) {
            let seconds = [usage.user_time(), usage.system_time()].map(seconds);
            let help = "Seconds of computing, in user and in system mode";
            let family =
                page.encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?;
            ConstCounter::new(seconds.iter().sum::<f64>()).encode(family)?;
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody computes that long")]
fn seconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}

/// Resident memory in bytes.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
