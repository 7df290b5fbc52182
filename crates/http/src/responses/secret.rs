//! The secrets of a token as far as they may be shown: who watches them sees whether an old one is still in use before
//! it ends.

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
    /// The newest, and behind it what it replaced, as long as the overlap goes on.
    secrets: Vec<SecretRecord>,
}

/// A secret of an API token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Secret)]
pub(crate) struct SecretRecord {
    /// Names the secret, and stays the same: what events call its `secretCommitment`. Null if what is stored of it cannot
    /// be read.
    #[schema(value_type = Option<String>, required = true, pattern = "^[0-9a-f]{64}$")]
    id: Option<SecretCommitment>,
    /// What may be shown of it.
    #[schema(value_type = String, pattern = "^csg_…[0-9A-Za-z]{4}$", example = "csg_…x4Zt")]
    partial_token: PartialToken,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    creation_date: Timestamp,
    /// A replaced one works before this instant; null for the newest, which ends with its token.
    #[schema(value_type = Option<String>, required = true, format = DateTime)]
    retirement_date: Option<Timestamp>,
    /// When it was last used, told some seconds late; null where it never was.
    #[schema(value_type = Option<String>, required = true, format = DateTime)]
    last_used_date: Option<Timestamp>,
    /// From where it was last used; null where it never was or where that could not be told.
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
