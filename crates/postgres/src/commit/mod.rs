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

/// A statement that begins with the locks of the change and what the actor's rows say then, as `actor`. Everything
/// that touches a row has to depend on that row of `actor`, because only then the locks come first in any plan.
///
/// Takes $1 (the tenant) to $5 for the actor, and the SQL for a list of five more values: the
/// secret that was presented and the entry that admitted the request, which are the last two
/// parameters, the token that is changed, the key of the name that it gets, and its user if it must
/// have made nothing.
macro_rules! by_actor {
    (
        $authority:expr, $what:literal, $rest:literal, $($bound:expr),* $(,)?
    ) => {
        sqlx::query!(
            r#"
            WITH actor AS MATERIALIZED (
                SELECT live, able, in_place, made_nothing FROM authorize_change($1, $2, $3, $4, $5, "#
                    + $what + r#")
            ), "# + $rest,
            $authority.tenant.as_uuid(),
            $authority.token.as_ref().map(|id| *id.as_uuid()),
            $authority.user.as_uuid(),
            $authority.now.to_utc(),
            &names(&$authority.required_permissions),
            $($bound,)*
            $authority.secret.as_ref().map(|digest| digest.as_bytes().as_slice()),
            $authority.address_entry.as_deref(),
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

mod batch_update;
mod create;
mod existing;
mod force;
mod retire;
mod rotate;
mod update_batcher;

pub(crate) use update_batcher::UpdateBatcher;

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
