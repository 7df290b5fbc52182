//! The answers of the API. Members that a caller may not read are absent.

use serde::Deserialize;

use crate::{Open, Secret};

/// The record of a token.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Token {
    /// Its id, a UUID.
    pub id: String,
    /// Its version, which grows by 1 with each change.
    pub version: i64,
    /// Its name, unique among the live tokens of its tenant.
    pub name: Option<String>,
    /// The part of its secret that may be shown.
    pub partial_token: Option<String>,
    /// The instant of its end (RFC 3339).
    pub expiry: Option<String>,
    /// The addresses and networks from which it works; empty = any address.
    pub allowed_addresses: Option<Vec<String>>,
    /// Its permissions.
    pub permissions: Option<Vec<String>>,
    /// The instant of its creation.
    pub creation_date: Option<String>,
    /// The instant of its last change.
    pub last_modified_date: Option<String>,
    /// The user who made the last change.
    pub last_modified_user_info: Option<UserInfo>,
    /// The instant of its last use.
    pub last_used_date: Option<String>,
}

/// A token with its new secret.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// The secret, which no other answer has.
    pub secret: Secret,
    /// The record, without the secret.
    pub record: Open<Token>,
}

/// A user, by id and name.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserInfo {
    /// The id.
    pub user_id: String,
    /// The present name.
    pub user_name: String,
}

/// A user.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct User {
    /// The id.
    pub id: String,
    /// The present name.
    pub name: String,
    /// The kind, such as `api_token`.
    pub kind: String,
}

/// A permission of the catalog.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Permission {
    /// The dotted name.
    pub name: String,
    /// The name without its last segment.
    pub area: String,
    /// The last segment.
    pub verb: String,
}

/// An event of the history.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Event {
    /// The token's version after the event.
    pub version: i64,
    /// The kind, such as `updated`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The instant.
    pub date: String,
    /// The user who made the change.
    pub user_info: Option<UserInfo>,
    /// The changed fields, each with `before` and `after`.
    #[serde(default)]
    pub changes: serde_json::Map<String, serde_json::Value>,
}

/// The judgement of a presented token.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Verdict {
    /// Whether the token is valid for what was asked.
    pub active: bool,
    /// `ok`, or the reason.
    pub code: String,
    /// The permissions that it lacks.
    #[serde(default)]
    pub missing: Vec<String>,
    /// The token, if it is known.
    pub token: Option<Open<Token>>,
}

/// The tokens that a revocation ended, or would end.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Revocation {
    /// The number of tokens.
    pub count: i64,
}

/// A change of a token, as the stream of changes reports it.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Change {
    /// The token's id.
    pub id: String,
    /// The token's version after the change.
    pub version: i64,
    /// The kind, such as `updated`.
    pub kind: String,
}
