//! The load generator: keep-alive connections that ask as fast as they are answered, or at a fixed pace.
//!
//! It runs as a process of its own and does so little per request that the service stays the one that is measured.
//! Our service and its reference get the same bytes from the same code. One answer other than the expected one fails
//! the run: a fast refusal is no speed.

mod answer;
mod clock;
mod connection;
mod engine;
mod template;
mod work;

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use self::engine::{Engine, Tally};
pub use self::template::Request;
use self::template::Template;
use self::work::{Share, Values};

/// Percentiles that an [`Outcome`] tells.
pub const PERCENTILES: [f64; 9] = [50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99];

/// When the next request goes out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// When the answer before has come.
    Closed,
    /// So many per second, evenly spaced; a wait counts from when the request was due.
    Rate(f64),
    /// As [`Pace::Closed`], each value once, without a warm-up.
    Once,
}

/// What to ask, of whom, how often.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    /// Who is asked.
    pub address: SocketAddr,
    /// How many connections.
    pub connections: usize,
    /// Over how many threads they are spread.
    pub threads: usize,
    /// The request, with places for a value and its version.
    pub request: Request,
    /// A file with a value per line; after a tab, the version it has.
    pub values: PathBuf,
    /// Whether each connection keeps values of its own and counts their versions up with each answer.
    pub owned: bool,
    /// When to ask.
    pub pace: Pace,
    /// How long to ask without measuring, in seconds.
    pub warm_up: f64,
    /// How long to measure, in seconds.
    pub seconds: f64,
    /// The first digit of the status that every answer must have.
    pub expect: u16,
}

/// What came of it. Times are in microseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Answers within the measured time.
    pub answers: u64,
    /// The measured time, in seconds.
    pub seconds: f64,
    /// Answers per second.
    pub rate: f64,
    /// Time to the answer at each of [`PERCENTILES`].
    pub percentiles: Vec<(f64, f64)>,
    /// The slowest answer.
    pub slowest: f64,
}

impl Outcome {
    /// The time at one of [`PERCENTILES`].
    #[must_use]
    pub fn at(&self, percentile: f64) -> Option<f64> {
        let found = |entry: &&(f64, f64)| (entry.0 - percentile).abs() < 1e-9;
        self.percentiles.iter().find(found).map(|entry| entry.1)
    }
}

/// The bytes of one request.
#[must_use]
pub fn written(request: &Request, value: &str, version: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    Template::new(request).write(value, version, &mut bytes);
    bytes
}

/// Asks as planned.
///
/// # Errors
/// When there is no connection, one ends, or an answer has another status.
pub fn run(plan: &Plan) -> Result<Outcome> {
    ensure!(
        plan.threads > 0 && plan.threads <= plan.connections,
        "as many threads as connections, at most"
    );
    let text = fs::read_to_string(&plan.values)
        .with_context(|| format!("cannot read {}", plan.values.display()))?;
    let values = Arc::new(Values::read(&text)?);
    let template = Arc::new(Template::new(&plan.request));
    let start = Arc::new(Barrier::new(plan.threads));
    let threads: Vec<_> = (0..plan.threads)
        .map(|index| {
            let (plan, values, template) =
                (plan.clone(), Arc::clone(&values), Arc::clone(&template));
            let start = Arc::clone(&start);
            thread::spawn(move || {
                let share = Share::new(&plan, index, values);
                let engine = share.and_then(|share| Engine::connect(&plan, template, share));
                // Also a thread without its connections has to be waited for by the others.
                start.wait();
                engine?.run()
            })
        })
        .collect();
    let mut tallies = Vec::new();
    for thread in threads {
        tallies.push(
            thread
                .join()
                .map_err(|_| anyhow!("a thread of the load broke"))??,
        );
    }
    summary(&tallies)
}

fn summary(tallies: &[Tally]) -> Result<Outcome> {
    let mut all: Histogram<u64> = engine::histogram()?;
    for tally in tallies {
        all.add(&tally.waits)?;
    }
    let seconds = tallies
        .iter()
        .map(|tally| tally.time)
        .max()
        .unwrap_or(Duration::ZERO)
        .as_secs_f64();
    let answers: u64 = tallies.iter().map(|tally| tally.answers).sum();
    ensure!(answers > 0, "not one answer within the measured time");
    let micros = |nanos: u64| as_f64(nanos) / 1e3;
    Ok(Outcome {
        answers,
        seconds,
        rate: as_f64(answers) / seconds,
        percentiles: PERCENTILES
            .map(|at| (at, micros(all.value_at_percentile(at))))
            .to_vec(),
        slowest: micros(all.max()),
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and nanoseconds here are far below 2^53"
)]
pub(super) fn as_f64(number: u64) -> f64 {
    number as f64
}
