//! The secrets of a token, as far as they may be shown: they reveal whether an old secret is still
//! in use before it ends.

use std::net::IpAddr;

use countersign_domain::{PartialToken, SecretCommitment, SecretView, Timestamp, TokenView};
use serde::Serialize;
use utoipa::ToSchema;

use super::token::TokenRecord;

/// An API token with its secrets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DetailedToken)]
pub(crate) struct DetailedToken {
    #[serde(flatten)]
    record: TokenRecord,
    /// The newest secret, then the one that it replaced, as long as the overlap lasts.
    secrets: Vec<SecretRecord>,
}

/// A secret of an API token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Secret)]
pub(crate) struct SecretRecord {
    /// The stable name of the secret, which events call `secretCommitment`. Null if the stored
    /// secret cannot be read.
    #[schema(value_type = Option<String>, required = true, pattern = "^[0-9a-f]{64}$")]
    id: Option<SecretCommitment>,
    /// The part of the secret that may be shown.
    #[schema(value_type = String, pattern = "^[a-z][a-z0-9_]{1,19}_…([0-9A-Za-z]{4}|[?]{4})$", example = "csg_…x4Zt")]
    partial_token: PartialToken,
    /// The instant at which the secret was made.
    #[schema(value_type = String, format = DateTime)]
    creation_date: Timestamp,
    /// A replaced secret works before this instant; null for the newest, which ends with its token.
    #[schema(value_type = Option<String>, required = true, format = DateTime)]
    retirement_date: Option<Timestamp>,
    /// The instant of the last use, some seconds late; null if it was never used.
    #[schema(value_type = Option<String>, required = true, format = DateTime)]
    last_used_date: Option<Timestamp>,
    /// The address of the last use; null if it was never used or the address is unknown.
    #[schema(value_type = Option<String>, required = true)]
    last_used_address: Option<IpAddr>,
}

impl DetailedToken {
    pub(crate) fn new(view: &TokenView, secrets: Vec<SecretView>) -> Self {
        Self {
            record: TokenRecord::from(view),
            secrets: secrets.into_iter().map(SecretRecord::from).collect(),
        }
    }
}

impl From<SecretView> for SecretRecord {
    fn from(secret: SecretView) -> Self {
        Self {
            id: secret.digest.map(|digest| digest.commitment()),
            partial_token: secret.partial,
            creation_date: secret.created,
            retirement_date: secret.valid_until,
            last_used_date: secret.last_used.map(|used| used.at),
            last_used_address: secret.last_used.and_then(|used| used.address),
        }
    }
}
