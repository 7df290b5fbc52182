//! Updates that do not touch each other, in one statement: one trip, one flush of the log, one
//! plan. Each has an outcome of its own.

use std::time::Instant;

use countersign_application::ports::CommitError;
use countersign_domain::{Change, Version, Write};
use sqlx::types::chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{ActorState, Done, Worded, existing::judge, names};
use crate::{error::StatementError, store::PostgresStore};

/// Updates as the server takes them: a list for each column.
#[derive(Default)]
struct Columns {
    tenants: Vec<Uuid>,
    actor_tokens: Vec<Option<Uuid>>,
    actor_users: Vec<Uuid>,
    moments: Vec<DateTime<Utc>>,
    required_permissions: Vec<String>,
    presented: Vec<Option<Vec<u8>>>,
    address_entries: Vec<Option<String>>,
    tokens: Vec<Uuid>,
    new_name_keys: Vec<Option<String>>,
    target_users: Vec<Option<Uuid>>,
    expected: Vec<i64>,
    versions: Vec<i64>,
    names: Vec<String>,
    name_keys: Vec<String>,
    expiries: Vec<DateTime<Utc>>,
    addresses: Vec<String>,
    permissions: Vec<String>,
    hashes: Vec<Vec<u8>>,
    event_addresses: Vec<Option<String>>,
    request_ids: Vec<String>,
    changes: Vec<String>,
    encodings: Vec<i16>,
}

impl Columns {
    /// Of an update. What an event says of its actor, its instant and its versions is the same in
    /// the change.
    fn push(
        &mut self,
        change: &Change,
        expected: Version,
        renames: bool,
    ) -> Result<(), CommitError> {
        let (next, event, authority) = (change.next(), change.event(), change.authority());
        let worded = Worded::of(event)?;
        let token = authority.token.as_ref().map(|id| *id.as_uuid());
        let presented = authority.secret.as_ref();
        let maker = authority.target_made_nothing;
        self.tenants.push(*authority.tenant.as_uuid());
        self.actor_tokens.push(token);
        self.actor_users.push(*authority.user.as_uuid());
        self.moments.push(authority.now.to_utc());
        self.required_permissions
            .push(list(names(&authority.required_permissions)));
        self.presented
            .push(presented.map(|digest| digest.as_bytes().to_vec()));
        self.address_entries.push(authority.address_entry.clone());
        self.tokens.push(*next.id.as_uuid());
        self.new_name_keys
            .push(renames.then(|| next.name.key().to_owned()));
        self.target_users.push(maker.then(|| *next.user.as_uuid()));
        self.expected.push(expected.get());
        self.versions.push(next.version.get());
        self.names.push(next.name.as_str().to_owned());
        self.name_keys.push(next.name.key().to_owned());
        self.expiries.push(next.expiry.to_utc());
        self.addresses.push(list(next.addresses.iter()));
        self.permissions.push(list(names(&next.permissions)));
        self.hashes.push(event.hash.as_bytes().to_vec());
        self.event_addresses.push(worded.address);
        self.request_ids
            .push(event.content.request_id.as_str().to_owned());
        self.changes.push(worded.changes);
        self.encodings.push(worded.encoding);
        Ok(())
    }
}

/// A list as PostgreSQL writes it. Neither permissions nor addresses have a character that would
/// have to be quoted.
fn list(entries: impl IntoIterator<Item = String>) -> String {
    format!("{{{}}}", entries.into_iter().collect::<Vec<_>>().join(","))
}

/// What became of one update of a statement.
struct Row {
    ord: i64,
    /// Whether it was written, what the actor's rows say, the version stored.
    answer: (bool, ActorState, Option<i64>),
    made_nothing: bool,
    name_taken: bool,
}

impl PostgresStore {
    /// Stores updates that do not touch each other; returns for each, in their order, what was
    /// done.
    ///
    /// # Errors
    /// What failed the statement, and with it all of them; [`Err`] within is about one alone.
    pub(super) async fn update_together(
        &self,
        began: Instant,
        updates: &[&Change],
    ) -> Result<Vec<Result<Done, CommitError>>, StatementError> {
        let mut columns = Columns::default();
        // What is in no row is sent again by itself.
        let mut outcomes: Vec<_> = updates.iter().map(|_| Ok(Done::Overtaken)).collect();
        let mut places = Vec::new();
        for (change, outcome) in updates.iter().zip(&mut outcomes) {
            if let Write::Update { expected, rename } = change.write() {
                match columns.push(change, *expected, rename.is_some()) {
                    Ok(()) => places.push((outcome, *expected)),
                    Err(error) => *outcome = Err(error),
                }
            }
        }
        for row in self.rows_of(began, &columns).await? {
            let index = usize::try_from(row.ord - 1).unwrap_or(usize::MAX);
            if let Some((outcome, expected)) = places.get_mut(index) {
                **outcome = row.judge(*expected);
            }
        }
        Ok(outcomes)
    }

    async fn rows_of(&self, began: Instant, all: &Columns) -> Result<Vec<Row>, StatementError> {
        self.link
            .execute(began, || {
                sqlx::query!(
                    r#"
                    WITH admitted AS MATERIALIZED (
                        SELECT * FROM authorize_changes($1, $2, $3, $4, $5, $6, $22, $7, $8, $9)
                    ), input AS MATERIALIZED (
                        SELECT i.*, a.live AND a.able AND a.made_nothing AND NOT a.name_taken AS admitted
                        FROM unnest(
                            (SELECT $1::uuid[]), (SELECT $3::uuid[]), (SELECT $4::timestamptz[]), (SELECT $7::uuid[]),
                            (SELECT $8::text[]), (SELECT $10::bigint[]), (SELECT $11::bigint[]), (SELECT $12::text[]),
                            (SELECT $13::text[]), (SELECT $14::timestamptz[]), (SELECT $15::text[]),
                            (SELECT $16::text[]), (SELECT $17::bytea[]), (SELECT $18::text[]), (SELECT $19::text[]),
                            (SELECT $20::text[]), (SELECT $21::smallint[])
                        ) WITH ORDINALITY i (
                            tenant, by_user, at, token, new_name_key, expected, version, name, name_key, expiry,
                            addresses, permissions, hash, event_address, request_id, changes, encoding, ord)
                        JOIN admitted a ON a.ord = i.ord
                    ), changed AS (
                        UPDATE api_tokens t
                        SET version = i.version, name = i.name, expiry = i.expiry,
                            name_key = CASE WHEN i.new_name_key IS NULL THEN t.name_key ELSE i.name_key END,
                            allowed_addresses = i.addresses::text[], permissions = i.permissions::text[],
                            modified_at = i.at, modified_by = i.by_user, chain_head = i.hash
                        FROM input i
                        WHERE i.admitted AND t.tenant_id = i.tenant AND t.id = i.token AND t.version = i.expected
                          AND t.revoked_at IS NULL
                        RETURNING i.ord, t.tenant_id, t.user_id
                    ), followed AS (
                        UPDATE users u SET name = i.name
                        FROM changed c JOIN input i ON i.ord = c.ord
                        WHERE u.tenant_id = c.tenant_id AND u.id = c.user_id AND i.new_name_key IS NOT NULL
                    ), recorded AS (
                        INSERT INTO audit_events (tenant_id, token_id, version_after, kind, at, by_user, address,
                                                  request_id, version_before, changes, hash, encoding)
                        SELECT i.tenant, i.token, i.version, 'updated', i.at, i.by_user, i.event_address,
                               i.request_id, i.expected, i.changes, i.hash, i.encoding
                        FROM changed c JOIN input i ON i.ord = c.ord
                    )
                    SELECT a.ord AS "ord!", c.ord IS NOT NULL AS "written!", a.live AS "live!",
                           a.in_place AS "in_place!", a.able AS "able!",
                           a.made_nothing AS "made_nothing!", a.name_taken AS "name_taken!", t.version AS "stored?"
                    FROM admitted a
                    JOIN input i ON i.ord = a.ord
                    LEFT JOIN changed c ON c.ord = a.ord
                    LEFT JOIN api_tokens t ON t.tenant_id = i.tenant AND t.id = i.token AND t.revoked_at IS NULL
                    "#,
                    &all.tenants,
                    &all.actor_tokens as &[Option<Uuid>],
                    &all.actor_users,
                    &all.moments,
                    &all.required_permissions,
                    &all.presented as &[Option<Vec<u8>>],
                    &all.tokens,
                    &all.new_name_keys as &[Option<String>],
                    &all.target_users as &[Option<Uuid>],
                    &all.expected,
                    &all.versions,
                    &all.names,
                    &all.name_keys,
                    &all.expiries,
                    &all.addresses,
                    &all.permissions,
                    &all.hashes,
                    &all.event_addresses as &[Option<String>],
                    &all.request_ids,
                    &all.changes,
                    &all.encodings,
                    &all.address_entries as &[Option<String>],
                )
                .map(|row| {
                    Row {
 ord: row.ord,
 answer: (row.written, actor_state!(row), row.stored),
                        made_nothing: row.made_nothing,
                        name_taken: row.name_taken,
                    }
                })
            })
            .await
    }
}

impl Row {
    fn judge(&self, expected: Version) -> Result<Done, CommitError> {
        match judge(self.answer, expected)? {
            Done::Overtaken if !self.made_nothing => Err(CommitError::MayBeAncestor),
            Done::Overtaken if self.name_taken => Err(CommitError::NameTaken),
            done => Ok(done),
        }
    }
}
