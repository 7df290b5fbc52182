//! Log lines on standard error: human-readable on a terminal, JSON otherwise. Standard output is
//! kept for the results of commands. Spans only go to a collector, if one is named.

use std::{
    env,
    io::{self, IsTerminal as _},
    panic,
};

use anyhow::{Context as _, Result};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt as _,
    registry,
    util::SubscriberInitExt as _,
};
use url::Url;

use crate::{
    log_queue::{self, Lines},
    settings::LogFormat,
    traces,
};

/// Starts logging for the rest of the process, and sending traces if there is a collector.
///
/// # Errors
/// Fails if the environment's settings for traces are wrong, or the system has no thread for the
/// log.
pub(crate) fn start(filter: EnvFilter, format: LogFormat, collector: Option<&Url>) -> Result<()> {
    let tracer = collector.map(traces::begin).transpose()?;
    let lines = lines(format, log_queue::start().context("cannot write a log")?);
    match tracer {
        // One filter for all layers is cheaper than one for each, and the usual case.
        None => registry().with(lines).with(filter).init(),
        Some(tracer) => {
            let spans = tracing_opentelemetry::layer()
                .with_tracer(tracer)
                .with_location(false)
                .with_threads(false)
                .with_target(false)
                .with_tracked_inactivity(false);
            // No spans of libraries, and no log lines: only spans for traces.
            let ours = Targets::new().with_target(countersign_http::TRACES, LevelFilter::DEBUG);
            registry()
                .with(lines.with_filter(filter))
                .with(spans.with_filter(ours))
                .init();
        }
    }
    panic::set_hook(Box::new(|panic| {
        // The message is left out: a panic in string code quotes the string, which may be a secret.
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
    Ok(())
}

fn lines(format: LogFormat, queue: Lines) -> Box<dyn Layer<Registry> + Send + Sync> {
    let terminal = io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(queue);
    let human = match format {
        LogFormat::Auto => terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    if human {
        // https://no-color.org
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        lines.with_ansi(terminal && !plain).boxed()
    } else {
        lines.json().flatten_event(true).boxed()
    }
}
