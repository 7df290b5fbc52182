//! The write path: a decided change becomes one statement, and the statement itself tells why it wrote nothing.
//!
//! All parts of a data-modifying statement see one snapshot and run in no set order, so each part reads from the one
//! that decides: no event without its change, no change without its actor.

use std::time::Instant;

use countersign_application::ports::{CommitError, StoreError};
use countersign_domain::{AuditEvent, Change, Permission, TokenName, Write};
use thiserror::Error;

use crate::{
    client::{Effect, TRIES},
    error::StatementError,
    rows::API_TOKENS,
    store::PostgresStore,
};

/// A statement that begins with the locks of the change and what the actor's rows say then, as
/// `actor`, and ends with the change's event. Everything that touches a row has to depend on that
/// row of `actor`, because only then the locks come first in any plan.
///
/// Takes $1 (the tenant) to $6 and $17 for the actor, and $7 (the token) to $16 for the event; what is
/// bound besides begins at $18. Takes the SQL for a list of three more values: the token that is changed,
/// the key of the name that it gets, and its user if it must have made nothing; for what writes the
/// token, `changed` among it, which returns `tenant_id` and `id` if it did; and for what else is
/// asked, which the closure takes out of the row.
macro_rules! by_actor {
    (
        $authority:expr, $event:expr, $worded:expr, $what:literal, $change:literal,
        $asked:literal, |$row:ident| $found:expr, $($bound:expr),* $(,)?
    ) => {
        sqlx::query!(
            r#"
            WITH actor AS MATERIALIZED (
                SELECT live, able, in_place, made_nothing
                FROM authorize_change($1, $2, $3, $4, $5, $6, $17, "#
                    + $what + r#")
            ), "# + $change + r#", recorded AS (
                INSERT INTO audit_events (tenant_id, token_id, at, by_user, version_after,
                                          version_before, kind, address, request_id, changes, hash,
                                          encoding, secret_commitment)
                SELECT c.tenant_id, c.id, $4, $3, $8, $9, $10, $11, $12, $13, $14, $15, $16
                FROM changed c
            )
            SELECT EXISTS (SELECT FROM changed) AS "written!",
                   coalesce((SELECT live FROM actor), false) AS "live!",
                   coalesce((SELECT in_place FROM actor), false) AS "in_place!",
                   coalesce((SELECT able FROM actor), false) AS "able!",
                   coalesce((SELECT made_nothing FROM actor), false) AS "made_nothing!",
            "# + $asked,
            $authority.tenant.as_uuid(),
            $authority.token.as_ref().map(|id| *id.as_uuid()),
            $authority.user.as_uuid(),
            $authority.now.to_utc(),
            &names(&$authority.required_permissions),
            $authority.secret.as_ref().map(|digest| digest.as_bytes().as_slice()),
            $event.content.token.as_uuid(),
            $event.content.version_after.get(),
            $event.content.version_before.map(Version::get),
            $event.content.kind.as_str(),
            $worded.address.as_deref(),
            $event.content.request_id.as_str(),
            $worded.changes,
            $event.hash.as_bytes(),
            $worded.encoding,
            $worded.commitment,
            $authority.address_entry.as_deref(),
            $($bound,)*
        )
        .map(|$row| Answer {
            written: $row.written,
            actor: actor_state!($row),
            made_nothing: $row.made_nothing,
            name_taken: false,
            found: $found,
        })
    };
}

/// As `by_actor!`, of a token that is there: asks which version is stored. The expected one is $18;
/// what is bound besides begins at $19.
macro_rules! of_token {
    (
        $authority:expr, $event:expr, $worded:expr, $expected:expr,
        $what:literal, $change:literal, $($bound:expr),* $(,)?
    ) => {
        by_actor!(
            $authority,
            $event,
            $worded,
            $what,
            $change,
            r#"
                   (SELECT t.version FROM api_tokens t
                    WHERE t.tenant_id = $1 AND t.id = $7 AND t.revoked_at IS NULL) AS stored
            "#,
            |row| row.stored,
            $expected,
            $($bound,)*
        )
    };
}

/// What a statement's row says of the actor.
macro_rules! actor_state {
    ($row:expr) => {
        $crate::commit::ActorState {
            live: $row.live,
            in_place: $row.in_place,
            able: $row.able,
        }
    };
}

mod annotations;
mod batch;
mod batch_create;
mod batch_update;
mod change_batcher;
mod claims;
mod create;
mod existing;
mod force;
mod retire;
mod rotate;

pub(crate) use change_batcher::ChangeBatcher;

/// The index that keeps the names of live tokens apart.
const LIVE_NAME: &str = "api_tokens_live_name";

/// The index that keeps the events of one token apart.
const EVENT_VERSION: &str = "audit_events_pkey";

/// What a statement that met no error did.
enum Done {
    /// It wrote all of the change.
    Written,
    /// A rival that its snapshot did not see came first: nothing is written, and a new snapshot can tell why.
    Overtaken,
}

/// Rivals came first, again and again.
#[derive(Debug, Error)]
#[error("overtaken {TRIES} times")]
struct Overtaken;

impl PostgresStore {
    /// Writes a change in a statement of its own; with a dry run only finds out whether it can be
    /// written. The call began then.
    pub(crate) async fn write(
        &self,
        call: (Instant, Effect),
        change: &Change,
    ) -> Result<(), CommitError> {
        for _ in 0..TRIES {
            let done = match change.write() {
                Write::Create { digest, once } => {
                    self.create(call, change, digest, once.as_ref()).await?
                }
                Write::Update { expected, rename } => {
                    let rename = rename.as_ref().map(TokenName::as_str);
                    self.change(call, change, *expected, rename, false).await?
                }
                Write::Rotate {
                    expected,
                    digest,
                    valid_until,
                } => {
                    self.rotate(call, change, *expected, digest, *valid_until)
                        .await?
                }
                Write::Retire {
                    expected,
                    digest,
                    valid_until,
                } => {
                    self.retire(call, change, *expected, digest, *valid_until)
                        .await?
                }
                Write::Revoke { expected } => {
                    self.change(call, change, *expected, None, true).await?
                }
            };
            if matches!(done, Done::Written) {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable(Box::new(Overtaken)).into())
    }
}

fn failed(lost: StatementError) -> CommitError {
    if lost.is_taken(LIVE_NAME) {
        CommitError::NameTaken
    } else if lost.is_taken(EVENT_VERSION) {
        // The history is ahead of the record, which the service never leaves so.
        API_TOKENS.corrupt("version").into()
    } else if lost.certain {
        CommitError::Fault(lost.into())
    } else {
        CommitError::OutcomeUnknown(lost.into_source())
    }
}

/// What the actor's rows say; nothing speaks for an actor without rows.
#[derive(Debug, Clone, Copy, Default)]
struct ActorState {
    /// Neither revoked nor expired, by a secret that works.
    live: bool,
    /// Its list of addresses still has the entry that admitted the request.
    in_place: bool,
    /// It also holds the permissions that the change leans on.
    able: bool,
}

impl ActorState {
    fn judge(self) -> Result<(), CommitError> {
        match self {
            Self { live: false, .. } => Err(CommitError::ActorGone),
            Self {
                in_place: false, ..
            } => Err(CommitError::ActorMoved),
            Self { able: false, .. } => Err(CommitError::ActorNarrowed),
            Self { .. } => Ok(()),
        }
    }
}

/// What a statement did about one change, and what it found.
#[derive(Default)]
struct Answer<F> {
    written: bool,
    actor: ActorState,
    made_nothing: bool,
    /// Only a statement about many looks; one alone meets the index.
    name_taken: bool,
    found: F,
}

impl<F> Answer<F> {
    /// Whether it was written.
    ///
    /// # Errors
    /// The actor may not make the change.
    fn judge_actor(&self) -> Result<bool, CommitError> {
        if !self.written {
            self.actor.judge()?;
        }
        Ok(self.written)
    }
}

impl Answer<Option<i64>> {
    /// Of a token of an expected version, from the version that is stored.
    fn judge(&self, expected: i64) -> Result<Done, CommitError> {
        if self.judge_actor()? {
            return Ok(Done::Written);
        }
        match self.found {
            None => Err(CommitError::NotFound),
            Some(number) if number != expected => Err(CommitError::Stale {
                stored: API_TOKENS.version("version", number)?,
            }),
            Some(_) if !self.made_nothing => Err(CommitError::MayBeAncestor),
            Some(_) if self.name_taken => Err(CommitError::NameTaken),
            Some(_) => Ok(Done::Overtaken),
        }
    }
}

fn names<'a>(permissions: impl IntoIterator<Item = &'a Permission>) -> Vec<String> {
    permissions.into_iter().map(ToString::to_string).collect()
}

/// Columns of an event that have to be put into words.
struct Worded<'a> {
    address: Option<String>,
    changes: String,
    encoding: i16,
    commitment: Option<&'a [u8]>,
}

impl<'a> Worded<'a> {
    fn of(event: &'a AuditEvent) -> Result<Self, StoreError> {
        let changes = serde_json::to_string(&event.content.changes)
            .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let commitment = event.content.secret_commitment.as_ref();
        Ok(Self {
            address: event.content.address.map(|address| address.to_string()),
            changes,
            encoding: event.content.encoding.number().into(),
            commitment: commitment.map(|commitment| commitment.as_bytes().as_slice()),
        })
    }
}
