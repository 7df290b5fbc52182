//! On PostgreSQL, in one server and one run with the statements that it is measured by.

use anyhow::{Result, ensure};

use super::{ALONE, CEILING, CLIENTS, Kind, PART, POSTGRES, measure_kind, put_at};
use crate::bench::client::Client;
use crate::bench::lean::{self, Lean};
use crate::bench::load::Pace;
use crate::bench::parts::check::BARE;
use crate::bench::parts::{RATE, keep};
use crate::bench::reference::{Door, bare, by_root};
use crate::bench::results::{Key, Results};
use crate::bench::setup::{BenchSetup, Database};
use crate::bench::{pgbench, say};
use crate::server::Server;
use crate::sql;

pub(super) fn measure(setup: &mut BenchSetup, results: &mut Results) -> Result<()> {
    let (stored, rounds) = (setup.options.stored(), setup.options.rounds);
    let database = setup.postgres(stored)?;
    let lean = Lean::make(setup, stored)?;
    let server = setup.serve(&database, &[])?;
    let bare = bare_server(setup, &server, &database)?;
    for round in 0..rounds {
        for clients in CLIENTS {
            let mut turn = Turn {
                setup,
                results: &mut *results,
                database: &database,
                lean: &lean,
                clients,
                round,
            };
            // Who goes first changes, so that neither always finds what the other has left.
            if round % 2 == 0 {
                turn.references(&bare)?;
                turn.service(&server)?;
            } else {
                turn.service(&server)?;
                turn.references(&bare)?;
            }
        }
    }
    Ok(())
}

/// A server that gives each update the bytes that the service gives, at once.
fn bare_server(setup: &BenchSetup, server: &Server, database: &Database) -> Result<Server> {
    let any = "/api/v1/api-tokens/{id}";
    let answer = by_root(database, "GET", "/api/v1/api-tokens/current", None);
    // A record looks alike when it is read and when it was changed.
    let answer = Client::connect(server.address())?.ask(&answer, "")?;
    ensure!(answer.status == 200, "{}", answer.body);
    let door = Door {
        name: CEILING,
        request: by_root(database, "PUT", any, Some("{}")),
    };
    bare(setup, &[(&door, answer)])
}

/// One number of clients in one round.
struct Turn<'a> {
    setup: &'a BenchSetup,
    results: &'a mut Results,
    database: &'a Database,
    lean: &'a Lean,
    clients: usize,
    round: u32,
}

impl Turn<'_> {
    fn references(&mut self, bare: &Server) -> Result<()> {
        let (setup, database, clients) = (self.setup, self.database, self.clients);
        let seconds = setup.options.seconds();
        let lean = self.lean.update(setup, clients, seconds)?;
        let own = pgbench::update(setup, database, clients, seconds)?;
        let key = Key {
            part: PART,
            what: ALONE,
            subject: lean::NAME,
            x: u64::try_from(clients)?,
            unit: RATE,
        };
        self.results.add(key, self.round, lean);
        let subject = pgbench::OWN_STATEMENT;
        self.results.add(Key { subject, ..key }, self.round, own);
        let address = bare.address();
        let ceiling = put_at(
            setup,
            address,
            database,
            Kind::Grants,
            clients,
            Pace::Closed,
        )?;
        let key = Key {
            what: CEILING,
            subject: BARE,
            ..key
        };
        keep(self.results, key, self.round, &ceiling);
        self.say(&format!(
            "lean {lean:.0}/s, own statement {own:.0}/s, ceiling of the load {:.0}/s",
            ceiling.rate
        ));
        Ok(())
    }

    fn service(&mut self, server: &Server) -> Result<()> {
        let url = &self.database.url;
        for kind in Kind::ALL {
            let rate = measure_kind(
                (self.setup, &mut *self.results),
                (server, self.database, POSTGRES),
                (kind, self.clients, self.round),
                || sql::postgres(url, "CHECKPOINT").map(drop),
            )?;
            self.say(&format!("{}: {rate:.0}/s", kind.on(POSTGRES)));
        }
        Ok(())
    }

    fn say(&self, words: &str) {
        let (round, clients) = (self.round, self.clients);
        say(&format!("    round {round}, {clients} clients: {words}"));
    }
}
