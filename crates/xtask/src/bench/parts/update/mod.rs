//! How fast a token is changed or made, over HTTP and durably, beside the database alone.

mod kind;
mod postgres;
mod sizes;
mod sqlite;

use std::net::SocketAddr;

use anyhow::Result;

pub(in crate::bench) use self::kind::{Kind, versions};
pub(in crate::bench) use self::sizes::{PART as SIZES, WHAT as AT_SIZES};
pub(in crate::bench) use self::sqlite::BARE;
use super::{RATE, keep, plan_at};
use crate::bench::load::{Outcome, Pace, Plan};
use crate::bench::results::{Key, OURS, Results};
use crate::bench::setup::{BenchSetup, Database};
use crate::server::Server;

pub(in crate::bench) const PART: &str = "update";
pub(in crate::bench) const POSTGRES: &str = "PostgreSQL";
pub(in crate::bench) const SQLITE: &str = "SQLite";
/// What the references do, by statements and without HTTP.
pub(in crate::bench) const ALONE: &str = "update, the database alone";
/// Answers to the same requests that take no thought: what the load generator can ask for at most.
pub(in crate::bench) const CEILING: &str = "PUT, answered by a bare server";
pub(in crate::bench) const CLIENTS: [usize; 3] = [1, 16, 64];

pub(in crate::bench) fn measure(setup: &mut BenchSetup, results: &mut Results) -> Result<()> {
    results.drop_part(SIZES);
    postgres::measure(setup, results)?;
    sqlite::measure(setup, results)?;
    sizes::measure(setup, results)
}

/// What is at half of the peak, as the page names it.
pub(in crate::bench) fn half(what: &str) -> String {
    format!("{what}, at half of the peak")
}

/// Changes tokens that lie all over the tables, each client its own, as fast as they are answered.
pub(super) fn put(
    setup: &BenchSetup,
    server: &Server,
    database: &Database,
    kind: Kind,
    clients: usize,
) -> Result<Outcome> {
    put_at(
        setup,
        server.address(),
        database,
        kind,
        clients,
        Pace::Closed,
    )
}

fn put_at(
    setup: &BenchSetup,
    address: SocketAddr,
    database: &Database,
    kind: Kind,
    clients: usize,
    pace: Pace,
) -> Result<Outcome> {
    let values = kind.values(setup, database, clients)?;
    let plan = plan_at(setup, address, &kind.request(database)?, values)?;
    setup.load(&Plan {
        connections: clients,
        threads: plan.threads.min(clients),
        owned: true,
        pace,
        ..plan
    })
}

/// Measures one kind of change by one number of clients, and keeps it; an update by the most clients
/// is measured at half of that rate, too.
fn measure_kind(
    (setup, results): (&BenchSetup, &mut Results),
    (server, database, store): (&Server, &Database, &str),
    (kind, clients, round): (Kind, usize, u32),
    before: impl Fn() -> Result<()>,
) -> Result<f64> {
    let what = kind.on(store);
    let key = Key {
        part: PART,
        what: &what,
        subject: OURS,
        x: u64::try_from(clients)?,
        unit: RATE,
    };
    before()?;
    let outcome = put(setup, server, database, kind, clients)?;
    keep(results, key, round, &outcome);
    if clients == super::CONNECTIONS && kind != Kind::Create {
        before()?;
        let pace = Pace::Rate(outcome.rate / 2.0);
        let calm = put_at(setup, server.address(), database, kind, clients, pace)?;
        let what = half(&what);
        keep(results, Key { what: &what, ..key }, round, &calm);
    }
    Ok(outcome.rate)
}
