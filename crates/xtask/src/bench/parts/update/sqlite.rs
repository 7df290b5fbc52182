//! On SQLite, beside the same work in bare transactions.

use anyhow::{Context as _, Result};

use super::kind::file;
use super::{ALONE, CLIENTS, Kind, PART, SQLITE, measure_kind};
use crate::bench::parts::RATE;
use crate::bench::results::{Key, Results};
use crate::bench::seed::TOKEN;
use crate::bench::setup::{BenchSetup, Database};
use crate::bench::{pgbench, say};
use crate::{python, sql};

/// Among the subjects.
pub(in crate::bench) const BARE: &str = "bare transaction";
/// The same without a flush: what the program that measures them can do at most.
const NOT_FLUSHED: &str = "bare transaction, not flushed";

/// What an update writes, and no more: one writer, one transaction after the other.
const SCRIPT: &str = r#"
import os, sqlite3, sys, time
file, tenant, user, token, stride, places, seconds, synchronous = sys.argv[1:]
stride, places, seconds = int(stride), int(places), float(seconds)
plain = lambda text: bytes.fromhex(text.replace("-", ""))
tenant, user = plain(tenant), plain(user)
ids = [plain(token + str(n * stride + 1).zfill(12)) for n in range(places)]
db = sqlite3.connect(file, timeout=30, isolation_level=None)
db.execute("PRAGMA journal_mode = WAL"); db.execute("PRAGMA synchronous = " + synchronous); db.execute("PRAGMA foreign_keys = ON")
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

pub(super) fn measure(setup: &mut BenchSetup, results: &mut Results) -> Result<()> {
    let (stored, rounds) = (setup.options.stored(), setup.options.rounds);
    let database = setup.sqlite(stored)?;
    for round in 0..rounds {
        // Each has the file to itself, and who goes first changes.
        if round % 2 == 0 {
            bare(setup, results, &database, round)?;
            service(setup, results, &database, round)?;
        } else {
            service(setup, results, &database, round)?;
            bare(setup, results, &database, round)?;
        }
    }
    Ok(())
}

fn service(
    setup: &BenchSetup,
    results: &mut Results,
    database: &Database,
    round: u32,
) -> Result<()> {
    let server = setup.serve(database, &[])?;
    for clients in CLIENTS {
        for kind in Kind::ALL {
            let rate = measure_kind(
                (setup, &mut *results),
                (&server, database, SQLITE),
                (kind, clients, round),
                || Ok(()),
            )?;
            let what = kind.on(SQLITE);
            say(&format!(
                "    round {round}, {clients} clients: {what}: {rate:.0}/s"
            ));
        }
    }
    Ok(())
}

fn bare(setup: &BenchSetup, results: &mut Results, database: &Database, round: u32) -> Result<()> {
    let key = Key {
        part: PART,
        what: ALONE,
        subject: BARE,
        // There is one writer at a time, however many ask.
        x: 1,
        unit: RATE,
    };
    let seconds = setup.options.seconds();
    let flushed = transactions(database, "FULL", seconds)?;
    let ceiling = transactions(database, "OFF", seconds / 3.0)?;
    results.add(key, round, flushed);
    let subject = NOT_FLUSHED;
    results.add(Key { subject, ..key }, round, ceiling);
    say(&format!(
        "    round {round}: bare transactions {flushed:.0}/s, without a flush {ceiling:.0}/s"
    ));
    Ok(())
}

fn transactions(database: &Database, synchronous: &str, seconds: f64) -> Result<f64> {
    let (stride, places) = pgbench::places(database, 64)?;
    let mut script = python()?;
    script
        .args(["-c", SCRIPT])
        .arg(file(database).context("no file")?)
        .args([&database.owner.tenant, &database.owner.user])
        .arg(TOKEN)
        .args([stride.to_string(), places.to_string(), seconds.to_string()])
        .arg(synchronous);
    Ok(sql::answer(&mut script)?.parse()?)
}
