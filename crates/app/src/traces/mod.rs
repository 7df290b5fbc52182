//! Traces for operators: spans of requests and of their calls to the store, sent to a collector
//! over OTLP. They are off by default, and then none of this is started.

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

/// The deadline of one batch, with all tries.
const PATIENCE: Duration = Duration::from_secs(5);

/// The W3C header with the caller's span.
const TRACEPARENT: &str = "traceparent";

/// Makes the spans for the rest of the process, because the log's subscriber lives that long too.
static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// Begins to send spans to the collector at this address.
///
/// # Errors
/// Fails if the environment's `OTEL_…` variables ask for something impossible.
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
    // Its queue is bounded, and further spans are dropped.
    let provider = SdkTracerProvider::builder()
        .with_resource(resource.build())
        .with_batch_exporter(exporter)
        .build();
    Ok(PROVIDER.get_or_init(|| provider).tracer("countersign"))
}

/// Sends the remaining spans, within this time.
pub(crate) async fn end(limit: Duration) {
    let Some(provider) = PROVIDER.get() else {
        return;
    };
    // It waits for its own thread. The collector's client has already reported the spans that it
    // could not send.
    let ended = spawn_blocking(move || provider.shutdown_with_timeout(limit));
    // The thread may be looking up the collector's name, which has no time-out of its own.
    if !matches!(timeout(limit, ended).await, Ok(Ok(Ok(())))) {
        tracing::debug!("not all traces were sent");
    }
}

/// The functions for the surface, if traces are sent.
pub(crate) fn of_requests() -> Option<Traces> {
    PROVIDER.get().map(|_| Traces { adopt, rename })
}

fn rename(span: &Span, name: String) {
    span.context().span().update_name(name);
}

fn adopt(span: &Span, headers: &HeaderMap) {
    let parent =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &Caller(headers));
    // It only fails without a subscriber for spans.
    let _ = span.set_parent(parent);
}

/// The one trusted header, which has ids of a fixed form. A caller's `tracestate` would be sent on
/// unchanged, whatever it holds.
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

/// Whether the header has the form of W3C Trace Context, section 3.2.2; the library also accepts
/// shorter numbers.
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
