//! Audit events, and the changes that they and dry runs report.

use std::{collections::BTreeMap, net::IpAddr};

use countersign_application::ports::{EventView, TenantEvent};
use countersign_domain::{
    ChainHash, Changes, EventKind, RequestId, SecretCommitment, Timestamp, TokenId, UserInfo,
    Version,
};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::user::UserInfoRecord;

/// The fields that a change touched, each before and after; null if there was no record.
#[derive(Debug, ToSchema)]
#[schema(as = Changes, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "describes a type of the domain, which knows no OpenAPI"
)]
pub(super) struct ChangesRecord {
    #[schema(required = false)]
    name: ChangedText,
    #[schema(required = false)]
    expiry: ChangedText,
    #[schema(required = false)]
    allowed_addresses: ChangedList,
    #[schema(required = false)]
    permissions: ChangedList,
    /// After a rotation: the part of the newest secret that may be shown.
    #[schema(required = false)]
    partial_token: ChangedText,
    /// After a rotation: the instant at which the replaced secret ends; null before, as it had no
    /// end of its own. After an update: a replaced secret was ended early, alone; its end before
    /// and after.
    #[schema(required = false)]
    replaced_retires_at: ChangedText,
    /// Null if there was none.
    #[schema(required = false)]
    owner: ChangedText,
    /// Null if there was none.
    #[schema(required = false)]
    description: ChangedText,
    /// Null if there was none.
    #[schema(required = false)]
    metadata: ChangedMetadata,
}

/// A text before and after.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "describes a type of the domain, which knows no OpenAPI"
)]
pub(super) struct ChangedText {
    #[schema(required = true)]
    before: Option<String>,
    #[schema(required = true)]
    after: Option<String>,
}

/// A list before and after.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "describes a type of the domain, which knows no OpenAPI"
)]
pub(super) struct ChangedList {
    #[schema(required = true)]
    before: Option<Vec<String>>,
    #[schema(required = true)]
    after: Option<Vec<String>>,
}

/// Metadata before and after.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "describes a type of the domain, which knows no OpenAPI"
)]
pub(super) struct ChangedMetadata {
    #[schema(required = true)]
    before: Option<BTreeMap<String, String>>,
    #[schema(required = true)]
    after: Option<BTreeMap<String, String>>,
}

/// Audit events of an API token, the newest first, and the cursor of the next page.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventList {
    #[schema(max_items = 100)]
    pub(crate) content: Vec<EventRecord>,
    /// Send it as `cursor` for the next page; null at the end.
    #[schema(required = true, pattern = "^[0-9A-Za-z_-]{22}$")]
    pub(crate) next_cursor: Option<String>,
}

/// Events of all API tokens of the tenant, the newest first, and the cursor of the next page.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TenantEventList {
    /// The events that match; fewer than asked for, or none, if a page ends before them.
    #[schema(max_items = 100)]
    pub(crate) content: Vec<TenantEventRecord>,
    /// Send it as `cursor` for the next page, also after a page without events; null at the end.
    #[schema(required = true, pattern = "^[0-9A-Za-z_-]{54}$")]
    pub(crate) next_cursor: Option<String>,
    /// The tokens of events of this page that cannot be read, by their ids; left out if there are
    /// none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, required = false, max_items = 100)]
    pub(crate) unreadable: Vec<TokenId>,
}

/// An event of one API token of the tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TenantEvent)]
pub(crate) struct TenantEventRecord {
    #[serde(flatten)]
    event: EventRecord,
    /// The token's id.
    #[schema(value_type = String, format = "uuid")]
    token_id: TokenId,
    /// The current name of the token, or the last one before its revocation.
    token_name: String,
}

impl From<TenantEvent> for TenantEventRecord {
    fn from(TenantEvent { view, token_name }: TenantEvent) -> Self {
        Self {
            token_id: view.event.content.token,
            token_name: token_name.as_ref().to_owned(),
            event: EventRecord::from(view),
        }
    }
}

/// The kinds of events.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(
    dead_code,
    reason = "describes a type of the domain, which knows no OpenAPI"
)]
enum EventType {
    Created,
    Updated,
    Rotated,
    Revoked,
}

/// An event of an API token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub(crate) struct EventRecord {
    /// The version after the change, which is also the event's position in its chain.
    #[schema(value_type = i64, minimum = 1)]
    version: Version,
    /// The version before; null for the first event.
    #[schema(value_type = Option<i64>, required = true, minimum = 1)]
    version_before: Option<Version>,
    /// The kind of change.
    #[serde(rename = "type")]
    #[schema(value_type = EventType)]
    kind: EventKind,
    /// The instant of the change.
    #[schema(value_type = String, format = DateTime)]
    date: Timestamp,
    /// The user who made the change, under its current name.
    #[schema(value_type = UserInfoRecord)]
    user_info: UserInfo,
    /// The client's address; null if it is unknown, or not over the network.
    #[schema(value_type = Option<String>, required = true)]
    address: Option<IpAddr>,
    /// The id of the request.
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    request_id: RequestId,
    /// The fields that changed.
    #[schema(value_type = ChangesRecord)]
    changes: Changes,
    /// SHA-256 over the event before and this one, in hexadecimal digits.
    #[serde(serialize_with = "displayed")]
    #[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
    hash: ChainHash,
    /// The encoding that the hash covers; 2 since events commit to the secrets that they made.
    #[schema(minimum = 1, maximum = 2)]
    encoding: u8,
    /// SHA-256 over the line `countersign secret 1` and the SHA-256 of the secret that was made, or
    /// ended alone, in hexadecimal digits: the `id` of that secret. Null if there was none, or in
    /// encoding 1.
    #[schema(value_type = Option<String>, required = true, pattern = "^[0-9a-f]{64}$")]
    secret_commitment: Option<SecretCommitment>,
}

fn displayed<S: Serializer>(hash: &ChainHash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(hash)
}

impl From<EventView> for EventRecord {
    fn from(EventView { event, by_name }: EventView) -> Self {
        let content = event.content;
        Self {
            version: content.version_after,
            version_before: content.version_before,
            kind: content.kind,
            date: content.at,
            user_info: UserInfo {
                id: content.by,
                name: by_name,
            },
            address: content.address,
            request_id: content.request_id,
            changes: content.changes,
            hash: event.hash,
            encoding: content.encoding.number(),
            secret_commitment: content.secret_commitment,
        }
    }
}
