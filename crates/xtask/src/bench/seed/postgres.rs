//! Filling PostgreSQL: numbers and digests are copied in, everything else follows from them by SQL.

use std::io::BufWriter;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};

use super::{Owner, PERMISSIONS, TOKEN, USER, write_rows};
use crate::sql::{self, client};

/// Fills a migrated database, and makes a table beside it for the reference: as many rows, the same columns, but a
/// digest that the reference's client can make by itself.
pub(in crate::bench) fn into_postgres(url: &str, stored: u64, owner: &Owner) -> Result<()> {
    sql::postgres(
        url,
        "CREATE TABLE seed (n bigint NOT NULL, digest text NOT NULL, partial text NOT NULL)",
    )?;
    let options = [
        "-X",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "-c",
        "COPY seed FROM STDIN",
    ];
    let mut psql = client("psql", &options, url)?
        .stdin(Stdio::piped())
        .spawn()
        .context("cannot run psql")?;
    let pipe = psql.stdin.take().context("psql has no input")?;
    write_rows(stored, &mut BufWriter::new(pipe))?;
    ensure!(psql.wait()?.success(), "the tokens cannot be copied in");
    for statement in statements(owner) {
        // Each row is known to have its neighbours; to look for them would double the time.
        sql::postgres(
            url,
            &format!("SET session_replication_role = replica; {statement}"),
        )?;
    }
    for statement in ["DROP TABLE seed", "VACUUM ANALYZE", "CHECKPOINT"] {
        sql::postgres(url, statement)?;
    }
    Ok(())
}

fn statements(owner: &Owner) -> [String; 7] {
    let Owner { tenant, user } = owner;
    let number = "lpad(n::text, 12, '0')";
    let (id, own) = (
        format!("('{TOKEN}' || {number})::uuid"),
        format!("('{USER}' || {number})::uuid"),
    );
    let name = format!("'bench token ' || {number}");
    let made = "date_trunc('second', now()) - interval '1 day' + n * interval '1 millisecond'";
    let permissions = PERMISSIONS.join(",");
    [
        format!(
            "INSERT INTO users (tenant_id, id, name, kind, created_at) \
             SELECT '{tenant}', {own}, {name}, 'api_token', {made} FROM seed"
        ),
        format!(
            "INSERT INTO api_tokens (tenant_id, id, version, name, name_key, user_id, partial_token, expiry, \
             allowed_addresses, permissions, created_at, created_by, modified_at, modified_by, chain_head) \
             SELECT '{tenant}', {id}, 1, {name}, {name}, {own}, partial, {made} + interval '300 days', \
             '{{}}', '{{{permissions}}}', {made}, '{user}', {made}, '{user}', sha256(n::text::bytea) FROM seed"
        ),
        format!(
            "INSERT INTO token_secrets (digest, tenant_id, token_id, partial_token, created_at, last_used_at) \
             SELECT decode(digest, 'hex'), '{tenant}', {id}, partial, {made}, {made} FROM seed"
        ),
        // What triggers do otherwise.
        format!(
            "INSERT INTO token_search (tenant_id, token_id, name_key, permissions) \
             SELECT '{tenant}', {id}, {name}, '{{{permissions}}}' FROM seed"
        ),
        // A store in use.
        format!(
            "INSERT INTO token_uses (tenant_id, token_id, used_at) SELECT '{tenant}', {id}, {made} FROM seed"
        ),
        format!(
            "INSERT INTO audit_events (tenant_id, token_id, version_after, kind, at, by_user, request_id, changes, \
             hash) SELECT '{tenant}', {id}, 1, 'created', {made}, '{user}', 'seed', '{{}}', sha256(n::text::bytea) \
             FROM seed"
        ),
        format!(
            "CREATE SCHEMA reference; \
             CREATE TABLE reference.token_secrets (LIKE public.token_secrets INCLUDING ALL); \
             INSERT INTO reference.token_secrets (digest, tenant_id, token_id, partial_token, created_at) \
             SELECT sha256(n::text::bytea), '{tenant}', {id}, partial, {made} FROM seed"
        ),
    ]
}
