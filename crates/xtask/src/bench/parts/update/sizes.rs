//! What becomes of updates when the store grows, and of the lean statement beside them.

use anyhow::{Context as _, Result};

use super::{Kind, put};
use crate::bench::lean::{self, Lean};
use crate::bench::parts::{CONNECTIONS, RATE, keep};
use crate::bench::results::{Key, OURS, Results};
use crate::bench::say;
use crate::bench::setup::{BenchSetup, Database};
use crate::sql;

pub(in crate::bench) const PART: &str = "update-sizes";
pub(in crate::bench) const WHAT: &str = "PUT, addresses and permissions";

pub(super) fn measure(setup: &mut BenchSetup, results: &mut Results) -> Result<()> {
    let mut sizes = Vec::new();
    for stored in setup.options.update_sizes() {
        sizes.push((setup.postgres(stored)?, Lean::make(setup, stored)?));
    }
    for round in 0..setup.options.rounds {
        for (database, lean) in &sizes {
            at(setup, results, (database, lean), round)
                .with_context(|| format!("at {} tokens", database.stored))?;
        }
        sizes.reverse();
    }
    Ok(())
}

fn at(
    setup: &BenchSetup,
    results: &mut Results,
    (database, lean): (&Database, &Lean),
    round: u32,
) -> Result<()> {
    let key = Key {
        part: PART,
        what: WHAT,
        subject: OURS,
        x: database.stored,
        unit: RATE,
    };
    let server = setup.serve(database, &[])?;
    sql::postgres(&database.url, "CHECKPOINT")?;
    let outcome = put(setup, &server, database, Kind::Grants, CONNECTIONS)?;
    drop(server);
    keep(results, key, round, &outcome);
    let bare = lean.update(setup, CONNECTIONS, setup.options.seconds())?;
    let subject = lean::NAME;
    results.add(Key { subject, ..key }, round, bare);
    say(&format!(
        "    round {round}, {} tokens: PUT {:.0}/s, lean {bare:.0}/s",
        database.stored, outcome.rate
    ));
    Ok(())
}
