//! The answer to a change: the whole record for a caller that may read it; for any other only the
//! id, the version, and what it sent itself. Otherwise an update without effect would be a read.

use std::net::IpAddr;

use countersign_application::{IssuedToken, UpdateResult};
use countersign_domain::{
    Actor, AllowedAddresses, Changes, Description, Metadata, Owner, PartialToken, PermissionSet,
    Secret, Timestamp, TokenId, TokenName, TokenUpdate, TokenView, UserId, UserInfo, Version,
};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::{event::ChangesRecord, user::UserInfoRecord};

/// The fields that a caller sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sent {
    /// No field of the record.
    Nothing,
    /// A name, and these.
    Fields(SentFields),
}

/// Whether a caller sent each field besides the name.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one for each field, and none depends on another"
)]
pub(crate) struct SentFields {
    expiry: bool,
    allowed_addresses: bool,
    permissions: bool,
    owner: bool,
    description: bool,
    metadata: bool,
}

impl Sent {
    /// All writable fields.
    pub(crate) const ALL: Self = Self::Fields(SentFields::all(true));

    /// The fields of an edit.
    pub(crate) fn by(edit: &TokenUpdate) -> Self {
        Self::Fields(SentFields {
            expiry: edit.expiry.is_some(),
            allowed_addresses: edit.allowed_addresses.is_some(),
            permissions: edit.permissions.is_some(),
            owner: edit.annotations.owner.is_some(),
            description: edit.annotations.description.is_some(),
            metadata: edit.annotations.metadata.is_some(),
        })
    }
}

impl SentFields {
    const fn all(sent: bool) -> Self {
        Self {
            expiry: sent,
            allowed_addresses: sent,
            permissions: sent,
            owner: sent,
            description: sent,
            metadata: sent,
        }
    }
}

/// The record of an API token in the answer to a change. If the caller may not read the token, all
/// fields but the id, the version and those that it sent are absent.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::option_option,
    reason = "absent and null differ: one is not shown, the other is not there"
)]
pub(crate) struct WrittenRecord {
    /// The record's id, a `UUIDv7`.
    #[schema(value_type = String, format = "uuid")]
    id: TokenId,
    /// Grows by one with every stored change.
    #[schema(value_type = i64, minimum = 1)]
    version: Version,
    /// The instant of the token's creation; if the caller may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = DateTime)]
    creation_date: Option<Timestamp>,
    /// The instant of the record's last change; if the caller may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = DateTime)]
    last_modified_date: Option<Timestamp>,
    /// The user who created the token, under its current name; if the caller may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = UserInfoRecord, required = false)]
    created_user_info: Option<UserInfo>,
    /// The user who changed the token last, under its current name; if the caller may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = UserInfoRecord, required = false)]
    last_modified_user_info: Option<UserInfo>,
    /// The user that stands for the token; if the caller may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "uuid")]
    user_id: Option<UserId>,
    /// The name of the token and of its user; if the caller may read it or sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 128)]
    name: Option<TokenName>,
    /// The part of the secret that may be shown; if the caller may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, pattern = "^[a-z][a-z0-9_]{1,19}_…([0-9A-Za-z]{4}|[?]{4})$", example = "csg_…x4Zt")]
    partial_token: Option<PartialToken>,
    /// The token is valid before this instant; if the caller may read it or sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = DateTime)]
    expiry: Option<Timestamp>,
    /// The addresses from which it may be used, empty = any; if the caller may read them or sent
    /// them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>, required = false, max_items = 100)]
    allowed_addresses: Option<AllowedAddresses>,
    /// The permissions that it holds, in the order of their names; if the caller may read them or
    /// sent them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>, required = false, min_items = 1)]
    permissions: Option<PermissionSet>,
    /// The owner, if there is one; if the caller may read it or sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 128)]
    owner: Option<Owner>,
    /// The description, if there is one; if the caller may read it or sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 500)]
    description: Option<Description>,
    /// The metadata, if there is any; if the caller may read it or sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = BTreeMap<String, String>, required = false)]
    metadata: Option<Metadata>,
    /// The instant of the last use, some seconds late, null if it was never used; if the caller may
    /// read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, format = DateTime)]
    last_used_date: Option<Option<Timestamp>>,
    /// The address of the last use, null if it was never used or the address is unknown; if the
    /// caller may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    last_used_address: Option<Option<IpAddr>>,
}

impl WrittenRecord {
    /// The record as far as the actor may see it.
    fn shown_to(actor: &Actor, view: &TokenView, sent: Sent) -> Self {
        let token = &view.token;
        let reads = actor.may_read(token);
        let (name, shown) = match sent {
            _ if reads => (true, SentFields::all(true)),
            Sent::Nothing => (false, SentFields::all(false)),
            Sent::Fields(fields) => (true, fields),
        };
        let metadata = token.metadata.filled().filter(|_| shown.metadata);
        Self {
            id: token.id,
            version: token.version,
            creation_date: reads.then_some(token.created),
            last_modified_date: reads.then_some(token.modified),
            created_user_info: reads.then(|| view.created_by.clone()),
            last_modified_user_info: reads.then(|| view.modified_by.clone()),
            user_id: reads.then_some(token.user),
            name: name.then(|| token.name.clone()),
            partial_token: reads.then(|| token.partial.clone()),
            expiry: shown.expiry.then_some(token.expiry),
            allowed_addresses: shown.allowed_addresses.then(|| token.addresses.clone()),
            permissions: shown.permissions.then(|| token.permissions.clone()),
            owner: token.owner.clone().filter(|_| shown.owner),
            description: token.description.clone().filter(|_| shown.description),
            metadata: metadata.cloned(),
            last_used_date: reads.then(|| view.last_used.map(|used| used.at)),
            last_used_address: reads.then(|| view.last_used.and_then(|used| used.address)),
        }
    }
}

/// A new API token or a new secret: the record as far as the caller may read it or sent it, and the
/// secret, which no other answer shows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IssuedToken)]
pub(crate) struct IssuedTokenRecord {
    #[serde(flatten)]
    record: WrittenRecord,
    /// The secret, to be sent as Bearer. It is never shown again.
    #[schema(value_type = String, pattern = "^[a-z][a-z0-9_]{1,19}_[0-9A-Za-z]{49}$")]
    token: Shown,
}

/// The secret in the one answer that shows it.
#[derive(Debug)]
struct Shown(Secret);

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl IssuedTokenRecord {
    pub(crate) fn new(actor: &Actor, made: IssuedToken, sent: Sent) -> Self {
        Self {
            record: WrittenRecord::shown_to(actor, &made.view, sent),
            token: Shown(made.secret),
        }
    }
}

/// A changed API token; after a dry run also the fields that would change.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UpdatedToken)]
pub(crate) struct UpdatedToken {
    #[serde(flatten)]
    record: WrittenRecord,
    /// True after a dry run: nothing was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    dry_run: Option<bool>,
    /// After a dry run: the fields that would change; if the caller may read the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ChangesRecord, required = false)]
    changes: Option<Changes>,
    /// The names of the fields that changed, or would; if the caller may not read the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    changed_fields: Option<Vec<&'static str>>,
}

impl UpdatedToken {
    pub(crate) fn new(actor: &Actor, updated: UpdateResult, sent: Sent, dry_run: bool) -> Self {
        let reads = actor.may_read(&updated.view.token);
        Self {
            record: WrittenRecord::shown_to(actor, &updated.view, sent),
            dry_run: dry_run.then_some(true),
            changed_fields: (!reads).then(|| names(&updated.changes)),
            changes: (dry_run && reads).then_some(updated.changes),
        }
    }
}

/// The names of the fields that an update changes.
fn names(changes: &Changes) -> Vec<&'static str> {
    let fields = [
        ("name", changes.name.is_some()),
        ("expiry", changes.expiry.is_some()),
        ("allowedAddresses", changes.allowed_addresses.is_some()),
        ("permissions", changes.permissions.is_some()),
        ("owner", changes.owner.is_some()),
        ("description", changes.description.is_some()),
        ("metadata", changes.metadata.is_some()),
    ];
    let present = fields.into_iter().filter(|(_, present)| *present);
    present.map(|(name, _)| name).collect()
}
