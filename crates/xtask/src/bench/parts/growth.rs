//! What becomes of the speed when the store grows: every size in turn, in every round.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{RATE, keep, nothing, plan, secrets, spread, update};
use crate::bench::client::Client;
use crate::bench::load::{Outcome, Pace, Plan, Request};
use crate::bench::machine::free_disk;
use crate::bench::reference::{by_root, doors, sample};
use crate::bench::results::{Key, OURS, Results};
use crate::bench::say;
use crate::bench::seed;
use crate::bench::stage::{Database, Stage};
use crate::server::Server;

pub(in crate::bench) const PART: &str = "growth";
pub(in crate::bench) const WARM: &str = "check, warm";
pub(in crate::bench) const COLD: &str = "check, cold";
pub(in crate::bench) const UPDATE: &str = "update";
pub(in crate::bench) const QUERY: &str = "query page";
pub(in crate::bench) const FIRST: &str = "keyset page 1";
pub(in crate::bench) const DEEP: &str = "keyset page 1000";
pub(in crate::bench) const MEMORY: &str = "memory";
pub(in crate::bench) const RESIDENT: &str = "MiB resident";

/// With ten tokens each, so that also ten thousand tokens have a thousand pages.
const PAGES: usize = 1000;
const PAGE: &str = "/api/v1/api-tokens?limit=10";
/// A generous guess of a stored token with its user, secret, event, indexes, and its row for the reference.
const BYTES_PER_TOKEN: u64 = 2_000;

pub(in crate::bench) fn measure(stage: &mut Stage, results: &mut Results) -> Result<()> {
    let mut databases = BTreeMap::new();
    for stored in stage.options.growth() {
        // Half stays free: the log of the database grows, too.
        if free_disk().is_some_and(|free| free / 2 < stored * BYTES_PER_TOKEN) {
            results.missing.push((
                PART.to_owned(),
                format!("{stored} tokens: too little disk is free"),
            ));
            continue;
        }
        databases.insert(stored, stage.postgres(stored)?);
    }
    for round in 0..stage.options.rounds {
        for database in databases.values() {
            let mut turn = Turn {
                stage,
                results: &mut *results,
                database,
                round,
            };
            turn.measure()
                .with_context(|| format!("at {} tokens", database.stored))?;
        }
    }
    Ok(())
}

/// One size in one round.
struct Turn<'a> {
    stage: &'a Stage,
    results: &'a mut Results,
    database: &'a Database,
    round: u32,
}

impl Turn<'_> {
    fn measure(&mut self) -> Result<()> {
        let (stage, database) = (self.stage, self.database);
        let server = stage.serve(database, &[])?;
        let mut door = None;
        for candidate in doors(database) {
            if door.is_none() && sample(&server, &candidate, seed::secret(0).expose())?.is_some() {
                door = Some(candidate);
            }
        }
        let door = door.context("the service has no door to ask at")?;
        let values = secrets(
            stage,
            "rotation",
            spread(database.stored, stage.options.in_rotation()),
        )?;
        let warm = Plan {
            seconds: self.seconds(),
            ..plan(stage, &server, &door.request, values)?
        };
        let cold = stage.load(&Plan {
            pace: Pace::Once,
            ..warm.clone()
        })?;
        self.keep(COLD, &cold);
        let warm = stage.load(&warm)?;
        self.keep(WARM, &warm);
        crate::sql::postgres(&database.url, "CHECKPOINT")?;
        let update = update::put(stage, &server, database, super::CONNECTIONS)?;
        self.keep(UPDATE, &update);
        let query = "/api/v1/api-tokens/query?page=0&size=20&sort=name,asc";
        self.alone(
            &server,
            QUERY,
            &by_root(database, "POST", query, Some("{}")),
        )?;
        let deep = self.cursor(&server)?;
        self.alone(&server, FIRST, &by_root(database, "GET", PAGE, None))?;
        self.alone(
            &server,
            DEEP,
            &by_root(database, "GET", &format!("{PAGE}&cursor={deep}"), None),
        )?;
        let key = Key {
            part: PART,
            what: MEMORY,
            subject: OURS,
            x: database.stored,
            unit: RESIDENT,
        };
        self.results
            .add(key, self.round, super::memory::resident(server.pid()?)?);
        say(&format!(
            "    {} tokens round {}: warm {:.0}/s, cold {:.0}/s, update {:.0}/s",
            database.stored, self.round, warm.rate, cold.rate, update.rate
        ));
        Ok(())
    }

    fn seconds(&self) -> f64 {
        self.stage.options.seconds() / 2.0
    }

    fn keep(&mut self, what: &str, outcome: &Outcome) {
        let key = Key {
            part: PART,
            what,
            subject: OURS,
            x: self.database.stored,
            unit: RATE,
        };
        keep(self.results, key, self.round, outcome);
    }

    /// One request after the other: its cost, not what many of them do to each other.
    fn alone(&mut self, server: &Server, what: &str, request: &Request) -> Result<()> {
        let plan = plan(self.stage, server, request, nothing(self.stage)?)?;
        let outcome = self.stage.load(&Plan {
            connections: 1,
            threads: 1,
            seconds: self.seconds(),
            ..plan
        })?;
        self.keep(what, &outcome);
        Ok(())
    }

    /// Walks to where the last page of [`PAGES`] begins.
    fn cursor(&self, server: &Server) -> Result<String> {
        let mut client = Client::connect(server.address())?;
        let mut cursor = None;
        for _ in 1..PAGES {
            let path = cursor.map_or(PAGE.to_owned(), |cursor| format!("{PAGE}&cursor={cursor}"));
            let answer = client.ask(&by_root(self.database, "GET", &path, None), "")?;
            ensure!(
                answer.status == 200,
                "{path} answers {}: {}",
                answer.status,
                answer.body
            );
            let page: Value = serde_json::from_str(&answer.body)?;
            cursor = Some(
                page["nextCursor"]
                    .as_str()
                    .context("there are too few pages")?
                    .to_owned(),
            );
        }
        cursor.context("there is no page but the first")
    }
}
