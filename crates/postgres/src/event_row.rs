//! Rows of `audit_events` as events of the domain, each column checked.

use countersign_application::ports::{EventView, StoreError};
use countersign_domain::{
    AuditEvent, ChainHash, Encoding, EventContent, SecretCommitment, TenantId, TokenId, UserId,
};
use uuid::Uuid;

use crate::rows::{AUDIT_EVENTS, Micros};

/// An event, with its user's name if the query selects it.
#[derive(Debug)]
pub(crate) struct EventRow {
    pub(crate) tenant_id: Uuid,
    pub(crate) token_id: Uuid,
    pub(crate) version_after: i64,
    pub(crate) kind: String,
    pub(crate) at: Micros,
    pub(crate) by_user: Uuid,
    pub(crate) by_name: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) request_id: String,
    pub(crate) version_before: Option<i64>,
    pub(crate) changes: String,
    pub(crate) hash: Vec<u8>,
    pub(crate) encoding: i16,
    pub(crate) secret_commitment: Option<Vec<u8>>,
}

impl TryFrom<&EventRow> for AuditEvent {
    type Error = StoreError;

    fn try_from(row: &EventRow) -> Result<Self, StoreError> {
        let table = AUDIT_EVENTS;
        let before = row
            .version_before
            .map(|number| table.version("version_before", number));
        let commitment = row
            .secret_commitment
            .as_ref()
            .map(|bytes| table.digest("secret_commitment", bytes));
        let content = EventContent {
            encoding: table.column("encoding", Encoding::try_from(i64::from(row.encoding)).ok())?,
            tenant: TenantId::from_uuid(row.tenant_id),
            token: TokenId::from_uuid(row.token_id),
            kind: table.column("kind", row.kind.parse().ok())?,
            at: table.time("at", row.at)?,
            by: UserId::from_uuid(row.by_user),
            address: table.address(row.address.as_ref())?,
            request_id: table.column("request_id", row.request_id.parse().ok())?,
            version_before: before.transpose()?,
            version_after: table.version("version_after", row.version_after)?,
            changes: table.column("changes", serde_json::from_str(&row.changes).ok())?,
            secret_commitment: commitment.transpose()?.map(SecretCommitment::from_bytes),
        };
        Ok(Self {
            content,
            hash: ChainHash::from_bytes(table.digest("hash", &row.hash)?),
        })
    }
}

impl TryFrom<EventRow> for EventView {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let event = AuditEvent::try_from(&row)?;
        let by = AUDIT_EVENTS.user("by_user", row.by_user, row.by_name)?;
        Ok(Self {
            event,
            by_name: by.name,
        })
    }
}
