//! Changes that do not touch each other, in one statement: one trip, one flush of the log, one
//! plan. Each has an outcome of its own.

use std::time::Instant;

use countersign_application::ports::{CommitError, StoreError};
use countersign_domain::{Change, Version, Write};
use sqlx::types::chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Done, Worded, annotations::annotations, batch_create::Creations, names};
use crate::{error::StatementError, store::PostgresStore};

/// What became of the change in this place of the lists, counted from 1.
pub(super) type Judged = (i64, Result<Done, CommitError>);

/// As `by_actor!`, for many changes: each value is a list with an entry for each of them. Begins
/// with the locks of all, and what the actors' rows say then, as `admitted`, and with the lists as
/// the rows of `input`; ends with the events.
///
/// Takes the columns, of which the lists $1 to $22 are bound; what is bound besides begins at $23.
/// Takes the SQL for the kind and the commitment of each event; for further lists, each behind a
/// comma, and their names; for what writes the tokens, `changed` among it, which gives the `ord` of
/// each change that was written; and for what else is asked of the change `i`, which the closure
/// takes out of the row, with what the answer is judged by.
///
/// Each list is a query of its own, because what it holds is unknown while planning then
/// (docs/adr/0018).
macro_rules! by_actors {
    (
        $all:expr, $event:literal, $lists:literal, $columns:literal, $changes:literal,
        $asked:literal, $from:literal,
        |$row:ident| $found:expr, judged by $judged_by:expr, $($bound:expr),* $(,)?
    ) => {
        sqlx::query!(
            r#"
            WITH admitted AS MATERIALIZED (
                SELECT * FROM authorize_changes($1, $2, $3, $4, $5, $6, $22, $7, $8, $9)
            ), input AS MATERIALIZED (
                SELECT i.*, a.live AND a.able AND a.made_nothing AND NOT a.name_taken AS admitted
                FROM unnest(
                    (SELECT $1::uuid[]), (SELECT $3::uuid[]), (SELECT $4::timestamptz[]),
                    (SELECT $7::uuid[]), (SELECT $8::text[]), (SELECT $10::bigint[]),
                    (SELECT $11::bigint[]), (SELECT $12::text[]), (SELECT $13::text[]),
                    (SELECT $14::timestamptz[]), (SELECT $15::text[]), (SELECT $16::text[]),
                    (SELECT $17::bytea[]), (SELECT $18::text[]), (SELECT $19::text[]),
                    (SELECT $20::text[]), (SELECT $21::smallint[])"# + $lists + r#"
                ) WITH ORDINALITY i (
                    tenant, by_user, at, token, new_name_key, expected, version, name, name_key,
                    expiry, addresses, permissions, hash, event_address, request_id, changes,
                    encoding"# + $columns + r#", ord)
                JOIN admitted a ON a.ord = i.ord
            ), "# + $changes + r#", recorded AS (
                INSERT INTO audit_events (tenant_id, token_id, at, by_user, version_after,
                                          version_before, address, request_id, changes, hash,
                                          encoding, kind, secret_commitment)
                SELECT i.tenant, i.token, i.at, i.by_user, i.version, i.expected, i.event_address,
                       i.request_id, i.changes, i.hash, i.encoding, "# + $event + r#"
                FROM changed c JOIN input i ON i.ord = c.ord
            )
            SELECT a.ord AS "ord!", c.ord IS NOT NULL AS "written!", a.live AS "live!",
                   a.in_place AS "in_place!", a.able AS "able!", a.made_nothing AS "made_nothing!",
                   a.name_taken AS "name_taken!", "# + $asked + r#"
            FROM admitted a
            JOIN input i ON i.ord = a.ord
            LEFT JOIN changed c ON c.ord = a.ord
            "# + $from,
            &$all.tenants,
            &$all.actor_tokens as &[Option<Uuid>],
            &$all.actor_users,
            &$all.moments,
            &$all.required_permissions,
            &$all.presented as &[Option<Vec<u8>>],
            &$all.tokens,
            &$all.new_name_keys as &[Option<String>],
            &$all.target_users as &[Option<Uuid>],
            &$all.expected as &[Option<i64>],
            &$all.versions,
            &$all.names,
            &$all.name_keys,
            &$all.expiries,
            &$all.addresses,
            &$all.permissions,
            &$all.hashes,
            &$all.event_addresses as &[Option<String>],
            &$all.request_ids,
            &$all.changes,
            &$all.encodings,
            &$all.address_entries as &[Option<String>],
            $($bound,)*
        )
        .map(|$row| {
            let answer = Answer {
                written: $row.written,
                actor: actor_state!($row),
                made_nothing: $row.made_nothing,
                name_taken: $row.name_taken,
                found: $found,
            };
            ($row.ord, answer.judge($judged_by))
        })
    };
}
pub(super) use by_actors;

/// Changes as the server takes them: a list for each column.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) tenants: Vec<Uuid>,
    pub(super) actor_tokens: Vec<Option<Uuid>>,
    pub(super) actor_users: Vec<Uuid>,
    pub(super) moments: Vec<DateTime<Utc>>,
    pub(super) required_permissions: Vec<String>,
    pub(super) presented: Vec<Option<Vec<u8>>>,
    pub(super) address_entries: Vec<Option<String>>,
    pub(super) tokens: Vec<Uuid>,
    pub(super) new_name_keys: Vec<Option<String>>,
    pub(super) target_users: Vec<Option<Uuid>>,
    pub(super) expected: Vec<Option<i64>>,
    pub(super) versions: Vec<i64>,
    pub(super) names: Vec<String>,
    pub(super) name_keys: Vec<String>,
    pub(super) expiries: Vec<DateTime<Utc>>,
    pub(super) addresses: Vec<String>,
    pub(super) permissions: Vec<String>,
    pub(super) hashes: Vec<Vec<u8>>,
    pub(super) event_addresses: Vec<Option<String>>,
    pub(super) request_ids: Vec<String>,
    pub(super) changes: Vec<String>,
    pub(super) encodings: Vec<i16>,
    pub(super) annotations: Vec<Option<String>>,
    pub(super) creations: Creations,
}

impl Columns {
    /// Adds a change, or nothing. What an event says of its actor, its instant and its versions is
    /// the same in the change.
    fn push(&mut self, change: &Change) -> Result<(), StoreError> {
        let (next, event, authority) = (change.next(), change.event(), change.authority());
        let worded = Worded::of(event)?;
        let token = authority.token.as_ref().map(|id| *id.as_uuid());
        let presented = authority.secret.as_ref();
        let maker = authority.target_made_nothing;
        let named = match change.write() {
            Write::Create { digest, once } => {
                let commitment = worded.commitment;
                self.creations.push(next, digest, once.as_ref(), commitment);
                true
            }
            Write::Update { rename, .. } => rename.is_some(),
            _ => false,
        };
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
            .push(named.then(|| next.name.key().to_owned()));
        self.target_users.push(maker.then(|| *next.user.as_uuid()));
        self.expected
            .push(event.content.version_before.map(Version::get));
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
        self.annotations.push(annotations(change));
        Ok(())
    }
}

/// A list as PostgreSQL writes it. Neither permissions nor addresses have a character that would
/// have to be quoted.
fn list(entries: impl IntoIterator<Item = String>) -> String {
    format!("{{{}}}", entries.into_iter().collect::<Vec<_>>().join(","))
}

impl PostgresStore {
    /// Stores changes that do not touch each other and are all updates, or all creations; returns
    /// what became of each. What was not judged, or overtaken by a rival, has to be sent again
    /// alone.
    pub(super) async fn write_together(
        &self,
        began: Instant,
        changes: &[&Change],
    ) -> Result<Vec<Result<Done, CommitError>>, StatementError> {
        let mut columns = Columns::default();
        let mut outcomes: Vec<_> = changes.iter().map(|_| Ok(Done::Overtaken)).collect();
        let mut places = Vec::new();
        for (change, outcome) in changes.iter().zip(&mut outcomes) {
            match columns.push(change) {
                Ok(()) => places.push(outcome),
                Err(error) => *outcome = Err(error.into()),
            }
        }
        let judged = if columns.creations.is_empty() {
            self.update_together(began, &columns).await?
        } else {
            self.create_together(began, &columns).await?
        };
        for (ord, judgement) in judged {
            let index = usize::try_from(ord - 1).unwrap_or(usize::MAX);
            if let Some(outcome) = places.get_mut(index) {
                **outcome = judgement;
            }
        }
        Ok(outcomes)
    }
}
