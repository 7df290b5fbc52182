//! How fast a token is changed, over HTTP and durably, beside the database alone.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

use super::{RATE, keep, plan};
use crate::bench::load::{Outcome, Plan, Request};
use crate::bench::pgbench;
use crate::bench::reference::by_root;
use crate::bench::results::{Key, OURS, Results};
use crate::bench::say;
use crate::bench::seed::TOKEN;
use crate::bench::setup::{BenchSetup, Database};
use crate::server::Server;
use crate::{python, sql};

pub(in crate::bench) const PART: &str = "update";
pub(in crate::bench) const POSTGRES: &str = "PUT on PostgreSQL";
pub(in crate::bench) const SQLITE: &str = "PUT on SQLite";
pub(in crate::bench) const BARE_SQL: &str = "bare transaction";
pub(in crate::bench) const CLIENTS: [usize; 3] = [1, 16, 64];

/// What an update writes, and no more: one writer, one transaction after the other, each flushed.
const SCRIPT: &str = r#"
import os, sqlite3, sys, time
file, tenant, user, token, stride, places, seconds = sys.argv[1:]
stride, places, seconds = int(stride), int(places), float(seconds)
plain = lambda text: bytes.fromhex(text.replace("-", ""))
tenant, user = plain(tenant), plain(user)
ids = [plain(token + str(n * stride + 1).zfill(12)) for n in range(places)]
db = sqlite3.connect(file, timeout=30, isolation_level=None)
db.execute("PRAGMA journal_mode = WAL"); db.execute("PRAGMA synchronous = FULL"); db.execute("PRAGMA foreign_keys = ON")
versions = [db.execute("SELECT version FROM api_tokens WHERE tenant_id = ? AND id = ?", (tenant, i)).fetchone()[0] for i in ids]
done, begin = 0, time.monotonic()
while time.monotonic() - begin < seconds:
    at = done % places
    now, version, digest = time.time_ns() // 1000, versions[at], os.urandom(32)
    db.execute("BEGIN IMMEDIATE")
    changed = db.execute("UPDATE api_tokens SET version = ?, expiry = expiry + 1, modified_at = ?, modified_by = ?, chain_head = ?"
                         " WHERE tenant_id = ? AND id = ? AND version = ? AND revoked_at IS NULL",
                         (version + 1, now, user, digest, tenant, ids[at], version)).rowcount
    assert changed == 1
    db.execute("INSERT INTO audit_events (tenant_id, token_id, version_after, kind, at, by_user, address, request_id,"
               " version_before, changes, hash) VALUES (?, ?, ?, 'updated', ?, ?, '127.0.0.1', 'bench', ?, ?, ?)",
               (tenant, ids[at], version + 1, now, user, version,
                '{"expiry":{"before":"2027-05-01T00:00:00.000001Z","after":"2027-05-01T00:00:00.000002Z"}}', digest))
    db.execute("COMMIT")
    versions[at] += 1
    done += 1
print(done / (time.monotonic() - begin))
"#;

pub(in crate::bench) fn measure(setup: &mut BenchSetup, results: &mut Results) -> Result<()> {
    let (stored, rounds) = (setup.options.stored(), setup.options.rounds);
    let database = setup.postgres(stored)?;
    let server = setup.serve(&database, &[])?;
    for round in 0..rounds {
        for clients in CLIENTS {
            let key = Key {
                part: PART,
                what: POSTGRES,
                subject: OURS,
                x: u64::try_from(clients)?,
                unit: RATE,
            };
            sql::postgres(&database.url, "CHECKPOINT")?;
            let outcome = put(setup, &server, &database, clients)?;
            keep(results, key, round, &outcome);
            let bare = pgbench::update(setup, &database, clients, setup.options.seconds())?;
            results.add(
                Key {
                    subject: pgbench::NAME,
                    ..key
                },
                round,
                bare,
            );
            say(&format!(
                "    {POSTGRES} round {round}, {clients} clients: {:.0}/s of {bare:.0}/s",
                outcome.rate
            ));
        }
    }
    drop(server);
    let database = setup.sqlite(stored)?;
    for round in 0..rounds {
        // The bare transaction has the file to itself.
        let server = setup.serve(&database, &[])?;
        for clients in CLIENTS {
            let key = Key {
                part: PART,
                what: SQLITE,
                subject: OURS,
                x: u64::try_from(clients)?,
                unit: RATE,
            };
            keep(
                results,
                key,
                round,
                &put(setup, &server, &database, clients)?,
            );
        }
        drop(server);
        let bare = bare_transactions(setup, &database)?;
        say(&format!("    {SQLITE} round {round}: beside {bare:.0}/s"));
        for clients in CLIENTS {
            // There is one writer at a time, however many ask.
            let key = Key {
                part: PART,
                what: SQLITE,
                subject: BARE_SQL,
                x: u64::try_from(clients)?,
                unit: RATE,
            };
            results.add(key, round, bare);
        }
    }
    Ok(())
}

/// Changes the expiry of tokens that lie all over the tables, each client its own.
pub(super) fn put(
    setup: &BenchSetup,
    server: &Server,
    database: &Database,
    clients: usize,
) -> Result<Outcome> {
    let values = own_tokens(setup, database, clients)?;
    let plan = plan(setup, server, &request(database)?, values)?;
    setup.load(&Plan {
        connections: clients,
        threads: plan.threads.min(clients),
        owned: true,
        ..plan
    })
}

/// Each version has its own microsecond, so that each request changes something.
fn request(database: &Database) -> Result<Request> {
    let day = day(database)?;
    let body = format!(
        r#"{{"version":{{version}},"name":"bench token {{value}}","expiry":"{day}T00:00:00.{{micros}}Z"}}"#
    );
    let path = format!("/api/v1/api-tokens/{TOKEN}{{value}}");
    Ok(by_root(database, "PUT", &path, Some(&body)))
}

/// Some months from now, and so within every lifetime.
fn day(database: &Database) -> Result<String> {
    match file(database) {
        None => sql::postgres(
            &database.url,
            "SELECT (now() AT TIME ZONE 'UTC' + interval '200 days')::date",
        ),
        Some(file) => sql::sqlite(&file, "SELECT date('now', '+200 days')"),
    }
}

fn file(database: &Database) -> Option<PathBuf> {
    database.url.strip_prefix("sqlite:").map(PathBuf::from)
}

/// The numbers and versions of the tokens to change.
fn own_tokens(setup: &BenchSetup, database: &Database, clients: usize) -> Result<PathBuf> {
    let (stride, places) = pgbench::places(database, clients)?;
    let found = match file(database) {
        None => {
            let wanted = format!(
                "SELECT ('{TOKEN}' || lpad((n * {stride})::text, 12, '0'))::uuid FROM generate_series(0, {}) n",
                places - 1
            );
            sql::postgres(
                &database.url,
                &format!(
                    "SELECT right(id::text, 12) || ',' || version FROM api_tokens WHERE id IN ({wanted}) ORDER BY id"
                ),
            )?
        }
        Some(file) => {
            let wanted = format!(
                "WITH RECURSIVE w(n) AS (SELECT 0 UNION ALL SELECT n + {stride} FROM w WHERE n < {stride} * {}) \
                                  SELECT printf('%012d', n) FROM w",
                places - 1
            );
            sql::sqlite(
                &file,
                &format!(
                    "SELECT substr(hex(id), 21) || ',' || version FROM api_tokens WHERE substr(hex(id), 21) IN ({wanted}) ORDER BY id"
                ),
            )?
        }
    };
    let mut lines = String::new();
    let mut count = 0;
    for line in found.lines() {
        let (number, version) = line.split_once(',').context("no version")?;
        writeln!(lines, "{number}\t{version}")?;
        count += 1;
    }
    ensure!(count >= places, "of {places} tokens {count} are there");
    let values = setup.file("own");
    fs::write(&values, lines)?;
    Ok(values)
}

fn bare_transactions(setup: &BenchSetup, database: &Database) -> Result<f64> {
    let (stride, places) = pgbench::places(database, 64)?;
    let file = file(database).context("no file")?;
    let mut script = python()?;
    script
        .args(["-c", SCRIPT])
        .arg(file)
        .args([&database.owner.tenant, &database.owner.user])
        .arg(TOKEN);
    script.args([
        stride.to_string(),
        places.to_string(),
        setup.options.seconds().to_string(),
    ]);
    Ok(sql::answer(&mut script)?.parse()?)
}
