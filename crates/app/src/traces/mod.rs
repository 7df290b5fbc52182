//! Traces for those who look at the service from outside: spans of requests and of what they ask
//! the store for, sent to a collector over OTLP. Off by default, and then nothing of this is
//! started.

mod collector;

use std::{sync::OnceLock, time::Duration};

use anyhow::{Context as _, Result};
use countersign_http::Traces;
use http::HeaderMap;
use opentelemetry::{
    Context,
    propagation::{Extractor, TextMapPropagator as _},
    trace::{TraceContextExt as _, TracerProvider as _},
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{SdkTracer, SdkTracerProvider},
};
use tokio::{task::spawn_blocking, time::timeout};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use url::Url;

use self::collector::Collector;

/// How long one batch may take, with all tries.
const PATIENCE: Duration = Duration::from_secs(5);

/// The W3C header that names the caller's span.
const TRACEPARENT: &str = "traceparent";

/// What makes spans for the rest of the process, as the log's subscriber lives that long too.
static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// Begins to send spans to the collector at this address.
///
/// # Errors
/// When the environment's `OTEL_…` variables ask for what cannot be done.
pub(crate) fn begin(endpoint: &Url) -> Result<SdkTracer> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!(
            "{}/v1/traces",
            endpoint.as_str().trim_end_matches('/')
        ))
        .with_timeout(PATIENCE)
        .with_http_client(Collector::new(endpoint, PATIENCE)?)
        .build()
        .context("cannot send traces")?;
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder()
        .with_service_name("countersign")
        .with_attribute(version);
    // Its queue is bounded, and what does not fit is dropped.
    let provider = SdkTracerProvider::builder()
        .with_resource(resource.build())
        .with_batch_exporter(exporter)
        .build();
    Ok(PROVIDER.get_or_init(|| provider).tracer("countersign"))
}

/// Sends what is left, for so long at most.
pub(crate) async fn end(limit: Duration) {
    let Some(provider) = PROVIDER.get() else {
        return;
    };
    // It waits for its own thread. What it could not send, the collector's silence has told
    // already.
    let ended = spawn_blocking(move || provider.shutdown_with_timeout(limit));
    // The thread may be looking up the collector's name, for which it has no limit of its own.
    if !matches!(timeout(limit, ended).await, Ok(Ok(Ok(())))) {
        tracing::debug!("not all traces were sent");
    }
}

/// What the surface needs, where traces are sent at all.
pub(crate) fn of_requests() -> Option<Traces> {
    PROVIDER.get().map(|_| Traces { adopt, rename })
}

fn rename(span: &Span, name: String) {
    span.context().span().update_name(name);
}

fn adopt(span: &Span, headers: &HeaderMap) {
    let parent =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &Caller(headers));
    // Only fails where nobody listens to spans.
    let _ = span.set_parent(parent);
}

/// The one header that is believed: ids of a fixed form. A caller's `tracestate` would be sent on
/// as it is, whatever it holds.
struct Caller<'a>(&'a HeaderMap);

impl Extractor for Caller<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let mut values = self.0.get_all(TRACEPARENT).iter();
        match (key, values.next(), values.next()) {
            (TRACEPARENT, Some(value), None) => value.to_str().ok().filter(is_well_formed),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

/// Whether it is one as W3C Trace Context, section 3.2.2, writes it; the library also takes shorter
/// numbers.
fn is_well_formed(text: &&str) -> bool {
    let lengths = text.split('-').map(str::len);
    let plain = text
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'));
    plain && lengths.eq([2, 32, 16, 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn told(values: &[&str]) -> Context {
        let mut headers = HeaderMap::new();
        headers.insert("tracestate", "secret=csg".parse().unwrap());
        for value in values {
            headers.append(TRACEPARENT, value.parse().unwrap());
        }
        TraceContextPropagator::new().extract_with_context(&Context::new(), &Caller(&headers))
    }

    #[test]
    fn only_one_well_formed_parent_is_taken_and_nothing_beside_it() {
        let parent = told(&[PARENT]).span().span_context().clone();
        assert!(parent.is_valid());
        assert_eq!(parent.trace_state().header(), "");
        let two = [PARENT, PARENT];
        for values in [&two[..], &[], &["00-abc-def-01"], &["csg_secret"]] {
            assert!(!told(values).span().span_context().is_valid(), "{values:?}");
        }
    }
}
