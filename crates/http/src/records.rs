//! The answers' JSON: one typed struct for each shape, so that the OpenAPI document and the bytes cannot differ.

use std::net::IpAddr;

use countersign_application::{
    Made, Updated,
    ports::{EventView, User, UserKind},
};
use countersign_domain::{
    AllowedAddresses, ChainHash, Changed, Changes, EventKind, PartialToken, Permission,
    PermissionSet, RequestId, Timestamp, TokenId, TokenName, TokenView, UserId, UserInfo, Version,
};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// The record of an API token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Token)]
pub(crate) struct TokenRecord {
    /// The record's id, a UUIDv7.
    #[schema(value_type = String, format = "uuid")]
    id: TokenId,
    /// One more with every stored change.
    #[schema(value_type = i64, minimum = 1)]
    version: Version,
    /// When the token was made.
    #[schema(value_type = String, format = DateTime)]
    creation_date: Timestamp,
    /// When the record was last changed.
    #[schema(value_type = String, format = DateTime)]
    last_modified_date: Timestamp,
    /// Who made it, under the name that user has now.
    #[schema(value_type = UserInfoRecord)]
    created_user_info: UserInfo,
    /// Who changed it last, under the name that user has now.
    #[schema(value_type = UserInfoRecord)]
    last_modified_user_info: UserInfo,
    /// The user that stands for the token.
    #[schema(value_type = String, format = "uuid")]
    user_id: UserId,
    /// The name of the token and of its user.
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    name: TokenName,
    /// What may be shown of the secret.
    #[schema(value_type = String, pattern = "^csg_…[0-9A-Za-z]{4}$", example = "csg_…x4Zt")]
    partial_token: PartialToken,
    /// The token is valid before this instant.
    #[schema(value_type = String, format = DateTime)]
    expiry: Timestamp,
    /// From where it may be used; empty = from anywhere.
    #[schema(value_type = Vec<String>, max_items = 100)]
    allowed_addresses: AllowedAddresses,
    /// What it may do, in the order of the names.
    #[schema(value_type = Vec<String>, min_items = 1)]
    permissions: PermissionSet,
}

/// A user's id and name.
#[derive(Debug, ToSchema)]
#[schema(as = UserInfo, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "describes a type of the domain, which knows no OpenAPI"
)]
pub(crate) struct UserInfoRecord {
    /// The user.
    #[schema(value_type = String, format = "uuid")]
    user_id: UserId,
    /// The name it has now.
    user_name: String,
}

impl From<&TokenView> for TokenRecord {
    fn from(view: &TokenView) -> Self {
        let token = &view.token;
        Self {
            id: token.id,
            version: token.version,
            creation_date: token.created,
            last_modified_date: token.modified,
            created_user_info: view.created_by.clone(),
            last_modified_user_info: view.modified_by.clone(),
            user_id: token.user,
            name: token.name.clone(),
            partial_token: token.partial.clone(),
            expiry: token.expiry,
            allowed_addresses: token.addresses.clone(),
            permissions: token.permissions.clone(),
        }
    }
}

/// A new API token: its record, and the only sight of its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewToken)]
pub(crate) struct NewToken {
    #[serde(flatten)]
    record: TokenRecord,
    /// The secret, to be sent as Bearer. It is never shown again.
    #[schema(value_type = String, pattern = "^csg_[0-9A-Za-z]{49}$")]
    token: Shown,
}

/// A secret on its way into the one answer that shows it.
#[derive(Debug)]
struct Shown(countersign_domain::Secret);

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl From<Made> for NewToken {
    fn from(made: Made) -> Self {
        Self {
            record: TokenRecord::from(&made.view),
            token: Shown(made.secret),
        }
    }
}

/// A changed API token; after a dry run also what would change.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UpdatedToken)]
pub(crate) struct UpdatedToken {
    #[serde(flatten)]
    record: TokenRecord,
    /// True after a dry run: nothing was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    dry_run: Option<bool>,
    /// After a dry run: what would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ChangesRecord, required = false)]
    changes: Option<Changes>,
}

impl UpdatedToken {
    pub(crate) fn new(updated: Updated, dry_run: bool) -> Self {
        Self {
            record: TokenRecord::from(&updated.view),
            dry_run: dry_run.then_some(true),
            changes: dry_run.then_some(updated.changes),
        }
    }
}

/// The fields that a change touched, each before and after; null where there was no record.
#[derive(Debug, ToSchema)]
#[schema(as = Changes, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "describes a type of the domain, which knows no OpenAPI"
)]
pub(crate) struct ChangesRecord {
    #[schema(inline, required = false, value_type = Change<String>)]
    name: Changed<String>,
    #[schema(inline, required = false, value_type = Change<String>)]
    expiry: Changed<String>,
    #[schema(inline, required = false, value_type = Change<Vec<String>>)]
    allowed_addresses: Changed<Vec<String>>,
    #[schema(inline, required = false, value_type = Change<Vec<String>>)]
    permissions: Changed<Vec<String>>,
}

/// A value before and after.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "describes a type of the domain, which knows no OpenAPI"
)]
pub(crate) struct Change<T> {
    #[schema(required = true)]
    before: Option<T>,
    #[schema(required = true)]
    after: Option<T>,
}

/// One page of the API tokens that match.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenPage {
    pub(crate) content: Vec<TokenRecord>,
    /// From 0.
    pub(crate) page_number: u32,
    pub(crate) total_pages: u64,
    /// How many records this page holds.
    pub(crate) number_of_elements: usize,
    pub(crate) total_elements: u64,
    /// How many records a page holds at most.
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) size: u8,
}

/// API tokens in the order of their ids, and where the list goes on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenList {
    #[schema(max_items = 100)]
    pub(crate) content: Vec<TokenRecord>,
    /// To be sent as `cursor` for what follows; null at the end.
    #[schema(required = true)]
    pub(crate) next_cursor: Option<String>,
}

/// Audit events of an API token, the newest first, and where the list goes on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventList {
    #[schema(max_items = 100)]
    pub(crate) content: Vec<EventRecord>,
    /// To be sent as `cursor` for what follows; null at the end.
    #[schema(required = true)]
    pub(crate) next_cursor: Option<String>,
}

/// What happened to an API token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub(crate) struct EventRecord {
    /// The version since; also the event's place in its chain.
    #[schema(value_type = i64, minimum = 1)]
    version: Version,
    /// The version before; null for the first event.
    #[schema(value_type = Option<i64>, required = true, minimum = 1)]
    version_before: Option<Version>,
    /// What was done.
    #[serde(rename = "type")]
    #[schema(value_type = String, pattern = "^(created|updated|rotated|revoked)$")]
    kind: EventKind,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    date: Timestamp,
    /// Who did it, under the name that user has now.
    #[schema(value_type = UserInfoRecord)]
    user_info: UserInfo,
    /// From where; null where that is not known, or not over the network.
    #[schema(value_type = Option<String>, required = true)]
    address: Option<IpAddr>,
    /// The id of the request that did it.
    #[schema(value_type = String)]
    request_id: RequestId,
    /// Which fields changed.
    #[schema(value_type = ChangesRecord)]
    changes: Changes,
    /// SHA-256 over the event before and this one, in hexadecimal digits.
    #[serde(serialize_with = "displayed")]
    #[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
    hash: ChainHash,
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
        }
    }
}

/// All permissions that can be granted here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PermissionList {
    pub(crate) content: Vec<PermissionRecord>,
}

/// A permission.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Permission)]
pub(crate) struct PermissionRecord {
    /// Its whole name.
    #[schema(value_type = String, example = "api.tasks.read")]
    name: Permission,
    /// What it is about: all but the last part of the name.
    #[schema(example = "api.tasks")]
    area: String,
    /// What it allows to do there: the last part of the name.
    #[schema(example = "read")]
    verb: String,
}

impl From<&Permission> for PermissionRecord {
    fn from(permission: &Permission) -> Self {
        Self {
            name: permission.clone(),
            area: permission.area().to_owned(),
            verb: permission.verb().to_owned(),
        }
    }
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub(crate) struct UserRecord {
    #[schema(value_type = String, format = "uuid")]
    id: UserId,
    name: String,
    /// What kind of user it is.
    #[schema(pattern = "^(api_token|person|system)$")]
    kind: &'static str,
    /// Whether it may still act.
    enabled: bool,
    /// Whether it stands for a program and not for a person.
    service_account: bool,
    #[schema(value_type = String, format = DateTime)]
    creation_date: Timestamp,
}

impl From<User> for UserRecord {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.name.as_ref().to_owned(),
            kind: user.kind.as_str(),
            enabled: user.enabled,
            service_account: user.kind != UserKind::Person,
            creation_date: user.created,
        }
    }
}
