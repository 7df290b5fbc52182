//! How much memory the service takes: at rest, and per credential that it keeps.

use std::fs;

use anyhow::{Context as _, Result};

use super::{plan, secrets};
use crate::bench::load::{Pace, Plan};
use crate::bench::reference::{doors, sample};
use crate::bench::results::{Key, OURS, Results};
use crate::bench::say;
use crate::bench::seed;
use crate::bench::setup::BenchSetup;

pub(in crate::bench) const PART: &str = "memory";
pub(in crate::bench) const REST: [&str; 2] = ["at rest, PostgreSQL", "at rest, SQLite"];
pub(in crate::bench) const CACHED: &str = "with cached credentials";
pub(in crate::bench) const PER_CREDENTIAL: &str = "per cached credential";
pub(in crate::bench) const MIB: &str = "MiB";
pub(in crate::bench) const BYTES: &str = "bytes";

/// The credentials come in so many lots, with a look at the memory after each.
const LOTS: u64 = 10;

pub(in crate::bench) fn measure(setup: &mut BenchSetup, results: &mut Results) -> Result<()> {
    at_rest(setup, results)?;
    cached(setup, results)
}

/// What the kernel holds for a process, in MiB.
pub(super) fn resident(pid: u32) -> Result<f64> {
    let state =
        fs::read_to_string(format!("/proc/{pid}/status")).context("this system does not tell")?;
    let line = state.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes: f64 = line
        .and_then(|rest| rest.split_whitespace().next())
        .context("no VmRSS")?
        .parse()?;
    Ok(kibibytes / 1024.0)
}

fn at_rest(setup: &mut BenchSetup, results: &mut Results) -> Result<()> {
    let stored = setup.options.stored();
    let databases = [setup.postgres(stored)?, setup.sqlite(stored)?];
    for round in 0..setup.options.rounds {
        for (what, database) in REST.into_iter().zip(&databases) {
            let server = setup.serve(database, &[])?;
            // One question, so that whatever is made at the first one is there.
            sample(&server, &doors(database)[2], &database.root)?;
            let key = Key {
                part: PART,
                what,
                subject: OURS,
                x: stored,
                unit: MIB,
            };
            results.add(key, round, resident(server.pid()?)?);
        }
    }
    Ok(())
}

fn cached(setup: &mut BenchSetup, results: &mut Results) -> Result<()> {
    let credentials = setup.options.cached();
    let database = setup.postgres(credentials)?;
    let server = setup.serve(&database, &setup.options.memory_environment)?;
    let mut present = None;
    for door in doors(&database) {
        if present.is_none() && sample(&server, &door, seed::secret(0).expose())?.is_some() {
            present = Some(door);
        }
    }
    let door = present.context("the service has no door to ask at")?;
    let lot = credentials / LOTS;
    let few = lot / 10;
    let mut first = 0.0;
    // Twice over a few, so that connections and buffers have grown before anything is weighed.
    let lots = [(0, 0..few), (few, 0..few)]
        .into_iter()
        .chain((0..LOTS).map(|n| {
            (
                (n + 1) * lot,
                if n == 0 {
                    few..lot
                } else {
                    n * lot..(n + 1) * lot
                },
            )
        }));
    for (so_far, numbers) in lots {
        let values = secrets(setup, "lot", numbers)?;
        let asked = plan(setup, &server, &door.request, values)?;
        setup.load(&Plan {
            pace: Pace::Once,
            ..asked
        })?;
        if so_far == 0 {
            continue;
        }
        let now = resident(server.pid()?)?;
        if so_far == few {
            first = now;
        }
        let key = Key {
            part: PART,
            what: CACHED,
            subject: OURS,
            x: so_far,
            unit: MIB,
        };
        results.add(key, 0, now);
        say(&format!("    {so_far} credentials: {now:.1} MiB"));
        if so_far > few {
            let each = (now - first) * 1_048_576.0 / super::super::load::as_f64(so_far - few);
            results.add(
                Key {
                    what: PER_CREDENTIAL,
                    unit: BYTES,
                    ..key
                },
                0,
                each,
            );
        }
    }
    Ok(())
}
