//! Tokens: the record, pages and lists.

use std::net::IpAddr;

use countersign_domain::{
    AllowedAddresses, Description, Metadata, Owner, PartialToken, PermissionSet, Timestamp,
    TokenId, TokenName, TokenView, UserId, UserInfo, Version,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::user::UserInfoRecord;

/// The record of an API token.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Token)]
pub(crate) struct TokenRecord {
    /// The record's id, a `UUIDv7`.
    #[schema(value_type = String, format = "uuid")]
    id: TokenId,
    /// Grows by one with every stored change.
    #[schema(value_type = i64, minimum = 1)]
    version: Version,
    /// The instant of the token's creation.
    #[schema(value_type = String, format = DateTime)]
    creation_date: Timestamp,
    /// The instant of the record's last change.
    #[schema(value_type = String, format = DateTime)]
    last_modified_date: Timestamp,
    /// The user who created the token, under its current name.
    #[schema(value_type = UserInfoRecord)]
    created_user_info: UserInfo,
    /// The user who changed the token last, under its current name.
    #[schema(value_type = UserInfoRecord)]
    last_modified_user_info: UserInfo,
    /// The user that stands for the token.
    #[schema(value_type = String, format = "uuid")]
    user_id: UserId,
    /// The name of the token and of its user.
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    name: TokenName,
    /// The part of the secret that may be shown.
    #[schema(value_type = String, pattern = "^[a-z][a-z0-9_]{1,19}_…([0-9A-Za-z]{4}|[?]{4})$", example = "csg_…x4Zt")]
    partial_token: PartialToken,
    /// The token is valid before this instant.
    #[schema(value_type = String, format = DateTime)]
    expiry: Timestamp,
    /// The addresses from which it may be used; empty = any.
    #[schema(value_type = Vec<String>, max_items = 100)]
    allowed_addresses: AllowedAddresses,
    /// The permissions that it holds, in the order of their names.
    #[schema(value_type = Vec<String>, min_items = 1)]
    permissions: PermissionSet,
    /// The owner, in the deployment's own words; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 128)]
    owner: Option<Owner>,
    /// The description, for people; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 500)]
    description: Option<Description>,
    /// The deployment's own pairs of text; absent if there are none.
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    #[schema(value_type = BTreeMap<String, String>, required = false)]
    metadata: Metadata,
    /// The instant of the last use, some seconds late; null if it was never used.
    #[schema(value_type = Option<String>, required = true, format = DateTime)]
    last_used_date: Option<Timestamp>,
    /// The address of the last use; null if it was never used or the address is unknown.
    #[schema(value_type = Option<String>, required = true)]
    last_used_address: Option<IpAddr>,
    /// The instant of its revocation; absent if it is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = DateTime)]
    revoked_date: Option<Timestamp>,
    /// The user who revoked it, under its current name; absent if it is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = UserInfoRecord, required = false)]
    revoked_user_info: Option<UserInfo>,
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
            owner: token.owner.clone(),
            description: token.description.clone(),
            metadata: token.metadata.clone(),
            last_used_date: view.last_used.map(|used| used.at),
            last_used_address: view.last_used.and_then(|used| used.address),
            revoked_date: view.revoked,
            revoked_user_info: view.revoked.map(|_| view.modified_by.clone()),
        }
    }
}

/// One page of the API tokens that match.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenPage {
    #[schema(max_items = 100)]
    pub(crate) content: Vec<TokenRecord>,
    /// From 0.
    #[schema(format = Int64, maximum = 4_294_967_295_i64)]
    pub(crate) page_number: u32,
    pub(crate) total_pages: u64,
    /// The number of records on this page.
    #[schema(format = Int32, maximum = 100)]
    pub(crate) number_of_elements: usize,
    pub(crate) total_elements: u64,
    /// The maximum number of records on a page.
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) size: u8,
    /// The ids of tokens of this page whose records cannot be read; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, required = false, max_items = 100)]
    pub(crate) unreadable: Vec<TokenId>,
}

/// API tokens in the order of their ids, and the cursor of the next page.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenList {
    #[schema(max_items = 100)]
    pub(crate) content: Vec<TokenRecord>,
    /// Send it as `cursor` for the next page; null at the end.
    #[schema(required = true, pattern = "^[0-9A-Za-z_-]{32}$")]
    pub(crate) next_cursor: Option<String>,
    /// The ids of tokens of this page whose records cannot be read; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, required = false, max_items = 100)]
    pub(crate) unreadable: Vec<TokenId>,
}
