//! Filling a file of SQLite, by Python's own SQLite.

use std::io::BufWriter;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};

use super::{Owner, PERMISSIONS, TOKEN, USER, write_rows};
use crate::python;

const SCRIPT: &str = r#"
import hashlib, json, sqlite3, sys, time
file, tenant, user, token, own, permissions = sys.argv[1:]
plain = lambda text: bytes.fromhex(text.replace("-", ""))
tenant, user = plain(tenant), plain(user)
base = (int(time.time()) - 86400) * 1000000
rows = []
for line in sys.stdin:
    n, digest, partial = line.rstrip("\n").split("\t")
    number = n.zfill(12)
    made = base + int(n) * 1000
    rows.append((plain(token + number), plain(own + number), "bench token " + number, made, partial,
                 plain(digest), hashlib.sha256(n.encode()).digest()))
db = sqlite3.connect(file)
db.execute("PRAGMA foreign_keys = OFF")
db.executemany("INSERT INTO users (tenant_id, id, name, kind, created_at) VALUES (?, ?, ?, 'api_token', ?)",
               ((tenant, u, name, made) for i, u, name, made, p, d, h in rows))
db.executemany("INSERT INTO api_tokens (tenant_id, id, version, name, name_key, user_id, partial_token, expiry,"
               " allowed_addresses, permissions, created_at, created_by, modified_at, modified_by, chain_head)"
               " VALUES (?, ?, 1, ?, ?, ?, ?, ?, '[]', ?, ?, ?, ?, ?, ?)",
               ((tenant, i, name, name, u, p, made + 300 * 86400 * 1000000, permissions, made, user, made, user, h)
                for i, u, name, made, p, d, h in rows))
db.executemany("INSERT INTO token_secrets (digest, tenant_id, token_id, partial_token, created_at)"
               " VALUES (?, ?, ?, ?, ?)", ((d, tenant, i, p, made) for i, u, name, made, p, d, h in rows))
db.executemany("INSERT INTO audit_events (tenant_id, token_id, version_after, kind, at, by_user, request_id,"
               " changes, hash) VALUES (?, ?, 1, 'created', ?, ?, 'seed', '{}', ?)",
               ((tenant, i, made, user, h) for i, u, name, made, p, d, h in rows))
db.commit()
db.execute("ANALYZE")
db.commit()
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
"#;

pub(in crate::bench) fn into_sqlite(file: &Path, stored: u64, owner: &Owner) -> Result<()> {
    let mut python = python()?
        .args(["-c", SCRIPT])
        .arg(file)
        .args([&owner.tenant, &owner.user, TOKEN, USER])
        .arg(serde_json::to_string(&PERMISSIONS)?)
        .stdin(Stdio::piped())
        .spawn()
        .context("cannot run python3")?;
    let pipe = python.stdin.take().context("python3 has no input")?;
    write_rows(stored, &mut BufWriter::new(pipe))?;
    ensure!(python.wait()?.success(), "the tokens cannot be stored");
    Ok(())
}
