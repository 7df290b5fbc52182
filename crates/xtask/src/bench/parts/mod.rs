//! What is measured, a part per file, and what their measurements share.

pub(super) mod check;
pub(super) mod console;
pub(super) mod growth;
pub(super) mod memory;
pub(super) mod outage;
pub(super) mod rules;
pub(super) mod start;
pub(super) mod update;

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;

use super::load::{Outcome, Pace, Plan, Request};
use super::results::{Key, Results};
use super::seed;
use super::setup::BenchSetup;
use crate::server::Server;

/// The number of connections in the targets.
pub(super) const CONNECTIONS: usize = 64;
pub(super) const RATE: &str = "requests/s";

/// A plan with this run's times and one thread of load per four cores.
fn plan(setup: &BenchSetup, server: &Server, request: &Request, values: PathBuf) -> Result<Plan> {
    plan_at(setup, server.address(), request, values)
}

fn plan_at(
    setup: &BenchSetup,
    address: SocketAddr,
    request: &Request,
    values: PathBuf,
) -> Result<Plan> {
    let cores = std::thread::available_parallelism()?.get();
    Ok(Plan {
        address,
        connections: CONNECTIONS,
        threads: cores.div_ceil(4),
        request: request.clone(),
        values,
        owned: false,
        pace: Pace::Closed,
        warm_up: setup.options.warm_up(),
        seconds: setup.options.seconds(),
        expect: 2,
    })
}

/// A file with the secrets of these tokens.
fn secrets(setup: &BenchSetup, name: &str, numbers: impl Iterator<Item = u64>) -> Result<PathBuf> {
    let file = setup.file(name);
    let mut text = String::new();
    for number in numbers {
        writeln!(text, "{}", seed::secret(number).expose())?;
    }
    fs::write(&file, text)?;
    Ok(file)
}

/// A file with one value that the request has no place for.
fn nothing(setup: &BenchSetup) -> Result<PathBuf> {
    let file = setup.file("nothing");
    fs::write(&file, "-\n")?;
    Ok(file)
}

/// So many numbers, evenly spread below `stored`.
fn spread(stored: u64, count: u64) -> impl Iterator<Item = u64> {
    (0..count.min(stored)).map(move |index| index * stored / count.min(stored))
}

/// Keeps the rate and the waits of one run.
fn keep(results: &mut Results, key: Key<'_>, round: u32, outcome: &Outcome) {
    results.add(Key { unit: RATE, ..key }, round, outcome.rate);
    for (percentile, wait) in &outcome.percentiles {
        results.add(
            Key {
                unit: &format!("p{percentile} µs"),
                ..key
            },
            round,
            *wait,
        );
    }
}
