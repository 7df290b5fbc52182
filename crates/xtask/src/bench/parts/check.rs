//! How fast a credential is checked: warm beside a bare server, cold beside a bare database, and how long it takes
//! at half of the peak.

use anyhow::{Context as _, Result};

use super::{CONNECTIONS, RATE, keep, plan, secrets, spread};
use crate::bench::load::{Pace, Plan};
use crate::bench::pgbench;
use crate::bench::reference::{Door, bare, doors, sample};
use crate::bench::results::{Key, OURS, Results};
use crate::bench::say;
use crate::bench::seed;
use crate::bench::setup::{BenchSetup, Database};
use crate::server::Server;

pub(in crate::bench) const PART: &str = "check";
pub(in crate::bench) const BARE: &str = "bare axum";
pub(in crate::bench) const COLD: &str = "cold";

pub(in crate::bench) fn measure(setup: &mut BenchSetup, results: &mut Results) -> Result<()> {
    let database = setup.postgres(setup.options.stored())?;
    let server = setup.serve(&database, &[])?;
    let doors = doors(&database);
    let mut answers = Vec::new();
    for door in &doors {
        match sample(&server, door, seed::secret(0).expose())? {
            Some(answer) => answers.push((door, answer)),
            None => results
                .missing
                .push((PART.to_owned(), format!("the service has no {}", door.name))),
        }
    }
    let bare = bare(setup, &answers)?;
    let present: Vec<&Door> = answers.into_iter().map(|(door, _)| door).collect();
    let rotation = spread(database.stored, setup.options.in_rotation());
    let values = secrets(setup, "rotation", rotation)?;
    for door in &present {
        // Once with each, so that whatever can be kept is.
        let once = Plan {
            pace: Pace::Once,
            ..plan(setup, &server, &door.request, values.clone())?
        };
        setup.load(&once)?;
    }
    for round in 0..setup.options.rounds {
        for door in &present {
            for (subject, asked) in [(OURS, &server), (BARE, &bare)] {
                let plan = plan(setup, asked, &door.request, values.clone())?;
                let outcome = setup.load(&plan)?;
                let key = Key {
                    part: PART,
                    what: door.name,
                    subject,
                    x: 64,
                    unit: RATE,
                };
                say(&format!(
                    "    {} round {round} {subject}: {:.0}/s",
                    door.name, outcome.rate
                ));
                keep(results, key, round, &outcome);
            }
        }
    }
    for door in &present {
        at_half_of_the_peak(
            setup,
            results,
            door,
            &plan(setup, &server, &door.request, values.clone())?,
            &bare,
        )?;
    }
    drop((server, bare));
    let door = present
        .first()
        .context("the service has no door to ask at")?;
    cold(setup, results, &database, door)
}

/// Each at half of what it reached itself.
fn at_half_of_the_peak(
    setup: &BenchSetup,
    results: &mut Results,
    door: &Door,
    ours: &Plan,
    bare: &Server,
) -> Result<()> {
    let what = half(door.name);
    for round in 0..setup.options.rounds {
        for (subject, address) in [(OURS, ours.address), (BARE, bare.address())] {
            let key = Key {
                part: PART,
                what: door.name,
                subject,
                x: 64,
                unit: RATE,
            };
            let peak = results.median(key).context("there is no peak")?;
            let plan = Plan {
                address,
                pace: Pace::Rate(peak / 2.0),
                ..ours.clone()
            };
            keep(
                results,
                Key { what: &what, ..key },
                round,
                &setup.load(&plan)?,
            );
        }
    }
    Ok(())
}

pub(in crate::bench) fn half(door: &str) -> String {
    format!("{door} at half of the peak")
}

/// Each credential for the first time: a look-up for each, beside one select for each.
fn cold(setup: &BenchSetup, results: &mut Results, database: &Database, door: &Door) -> Result<()> {
    let all = secrets(setup, "all", 0..database.stored)?;
    let key = Key {
        part: PART,
        what: COLD,
        subject: OURS,
        x: 64,
        unit: RATE,
    };
    for round in 0..setup.options.rounds {
        // A new process has nothing kept.
        let server = setup.serve(database, &[])?;
        let once = Plan {
            pace: Pace::Once,
            ..plan(setup, &server, &door.request, all.clone())?
        };
        let outcome = setup.load(&once)?;
        drop(server);
        keep(results, key, round, &outcome);
        let selects = pgbench::select(setup, database, CONNECTIONS, setup.options.seconds())?;
        results.add(
            Key {
                subject: pgbench::NAME,
                ..key
            },
            round,
            selects,
        );
        say(&format!(
            "    cold round {round}: {:.0}/s of {selects:.0}/s",
            outcome.rate
        ));
    }
    Ok(())
}
