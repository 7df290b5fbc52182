//! What becomes of the speed when the store grows: every size in turn, in every round.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{RATE, keep, nothing, plan, secrets, spread, update};
use crate::bench::client::Client;
use crate::bench::load::{Outcome, Pace, Plan, Request, as_f64};
use crate::bench::machine::free_disk;
use crate::bench::pgbench;
use crate::bench::reference::{by_root, doors, sample};
use crate::bench::results::{Key, OURS, Results};
use crate::bench::say;
use crate::bench::seed;
use crate::bench::setup::{BenchSetup, Database};
use crate::server::Server;
use crate::sql;

pub(in crate::bench) const PART: &str = "growth";
pub(in crate::bench) const WARM: &str = "check, warm";
pub(in crate::bench) const COLD: &str = "check, cold";
pub(in crate::bench) const UPDATE: &str = "update";
pub(in crate::bench) const QUERY: &str = "query page";
pub(in crate::bench) const FIRST: &str = "keyset page 1";
pub(in crate::bench) const DEEP: &str = "keyset page 1000";
pub(in crate::bench) const MEMORY: &str = "memory";
pub(in crate::bench) const RESIDENT: &str = "MiB resident";
/// The first change of a page after a checkpoint logs all of it.
const WHOLE_PAGES: &str = "whole pages logged";

/// By then the service has noted the uses of a moment ago: it does so every ten seconds.
const NOTED: Duration = Duration::from_secs(12);

/// How often a question is asked once more before it is measured.
const PATIENCE: u8 = 10;

/// With ten tokens each, so that also ten thousand tokens have a thousand pages.
const PAGES: usize = 1000;
const PAGE: &str = "/api/v1/api-tokens?limit=10";
/// A generous guess of a stored token with its user, secret, event, indexes, and its row for the reference.
const BYTES_PER_TOKEN: u64 = 2_200;

pub(in crate::bench) fn measure(setup: &mut BenchSetup, results: &mut Results) -> Result<()> {
    let mut databases = BTreeMap::new();
    for stored in setup.options.growth() {
        // Half stays free: the log of the database grows, too.
        if free_disk().is_some_and(|free| free / 2 < stored * BYTES_PER_TOKEN) {
            results.missing.push((
                PART.to_owned(),
                format!("{stored} tokens: too little disk is free"),
            ));
            continue;
        }
        databases.insert(stored, setup.postgres(stored)?);
    }
    for round in 0..setup.options.rounds {
        for database in databases.values() {
            let mut turn = Turn {
                setup,
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
    setup: &'a BenchSetup,
    results: &'a mut Results,
    database: &'a Database,
    round: u32,
}

impl Turn<'_> {
    fn measure(&mut self) -> Result<()> {
        let (setup, database) = (self.setup, self.database);
        let server = setup.serve(database, &[])?;
        let mut door = None;
        for candidate in doors(database) {
            if door.is_none() && sample(&server, &candidate, seed::secret(0).expose())?.is_some() {
                door = Some(candidate);
            }
        }
        let door = door.context("the service has no door to ask at")?;
        let values = secrets(
            setup,
            "rotation",
            spread(database.stored, setup.options.in_rotation()),
        )?;
        let warm = Plan {
            seconds: self.seconds(),
            ..plan(setup, &server, &door.request, values)?
        };
        let cold = setup.load(&Plan {
            pace: Pace::Once,
            ..warm.clone()
        })?;
        self.keep(COLD, &cold);
        // What follows is to find the service as it is all the time, not at its first uses of ten thousand tokens.
        std::thread::sleep(NOTED);
        let warm = self.counted(WARM, OURS, || setup.load(&warm))?;
        self.keep(WARM, &warm);
        sql::postgres(&database.url, "CHECKPOINT")?;
        let update = self.counted(UPDATE, OURS, || {
            let kind = update::Kind::Expiry;
            update::put(setup, &server, database, kind, super::CONNECTIONS)
        })?;
        self.keep(UPDATE, &update);
        let bare = self.counted(UPDATE, pgbench::OWN_STATEMENT, || {
            let seconds = setup.options.seconds();
            pgbench::update(setup, database, super::CONNECTIONS, seconds)
        })?;
        self.results.add(
            self.key(UPDATE, pgbench::OWN_STATEMENT, RATE),
            self.round,
            bare,
        );
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
        let key = self.key(MEMORY, OURS, RESIDENT);
        self.results
            .add(key, self.round, super::memory::resident(server.pid()?)?);
        say(&format!(
            "    {} tokens round {}: warm {:.0}/s, cold {:.0}/s, update {:.0}/s of {bare:.0}/s",
            database.stored, self.round, warm.rate, cold.rate, update.rate
        ));
        Ok(())
    }

    fn seconds(&self) -> f64 {
        self.setup.options.seconds() / 2.0
    }

    fn key<'k>(&self, what: &'k str, subject: &'k str, unit: &'k str) -> Key<'k> {
        Key {
            part: PART,
            what,
            subject,
            x: self.database.stored,
            unit,
        }
    }

    fn keep(&mut self, what: &str, outcome: &Outcome) {
        keep(
            self.results,
            self.key(what, OURS, RATE),
            self.round,
            outcome,
        );
    }

    /// Measures, and counts the pages that the database logs whole meanwhile.
    fn counted<T>(
        &mut self,
        what: &str,
        subject: &str,
        measure: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let url = &self.database.url;
        let pages = || -> Result<u64> {
            let told = sql::postgres(url, "SELECT wal_fpi FROM pg_stat_wal")?;
            Ok(told.parse()?)
        };
        let before = pages()?;
        let outcome = measure()?;
        // Each connection tells what it logged once a second.
        std::thread::sleep(Duration::from_millis(1500));
        let key = self.key(what, subject, WHOLE_PAGES);
        self.results.add(key, self.round, as_f64(pages()? - before));
        Ok(outcome)
    }

    /// One request after the other: its cost, not what many of them do to each other. What is not answered is told, and
    /// ends nothing.
    fn alone(&mut self, server: &Server, what: &str, request: &Request) -> Result<()> {
        let mut client = Client::connect(server.address())?;
        // What was never read comes from the disk, which may take longer than the service waits: it says to come again.
        for _ in 0..PATIENCE {
            if client.ask(request, "")?.status != 503 {
                break;
            }
            std::thread::sleep(Duration::from_secs(1));
        }
        let plan = plan(self.setup, server, request, nothing(self.setup)?)?;
        let outcome = self.setup.load(&Plan {
            connections: 1,
            threads: 1,
            ..plan
        });
        match outcome {
            Ok(outcome) => self.keep(what, &outcome),
            Err(error) => {
                let told = error.to_string();
                let why = told.lines().next().unwrap_or_default();
                let why = format!("{what} at {} tokens: {why}", self.database.stored);
                say(&format!("    {why}"));
                self.results.missing.push((PART.to_owned(), why));
            }
        }
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
