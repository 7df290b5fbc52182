//! Facts from an answer of Countersign. Its verdict is for that moment and that caller, so it is
//! ignored; the facts are judged here, on every request.

use countersign_domain::{
    AllowedAddresses, Credential, Metadata, Owner, PermissionSet, TenantId, Timestamp, TokenId,
    UserId, Version,
};
use serde::Deserialize;
use thiserror::Error;

/// The answer to one question; other members are ignored.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VerifyResponse {
    code: String,
    tenant_id: Option<TenantId>,
    retirement_date: Option<Timestamp>,
    token: Option<CredentialFacts>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialFacts {
    id: TokenId,
    version: Version,
    user_id: UserId,
    name: String,
    expiry: Timestamp,
    allowed_addresses: AllowedAddresses,
    permissions: PermissionSet,
    owner: Option<Owner>,
    #[serde(default)]
    metadata: Metadata,
    creation_date: Timestamp,
    last_modified_date: Timestamp,
}

/// The answer says that a token is known, and lacks its facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the answer lacks the facts about the token")]
pub(super) struct IncompleteResponse;

impl VerifyResponse {
    /// The facts; `None` if no token has the secret.
    pub(super) fn facts(self) -> Result<Option<Credential>, IncompleteResponse> {
        let (tenant, facts) = match (self.tenant_id, self.token) {
            (Some(tenant), Some(facts)) => (tenant, facts),
            (_, None) if self.code == "invalid-token" => return Ok(None),
            _ => return Err(IncompleteResponse),
        };
        Ok(Some(Credential {
            tenant,
            token: facts.id,
            version: facts.version,
            user: facts.user_id,
            user_name: facts.name.into(),
            permissions: facts.permissions,
            addresses: facts.allowed_addresses,
            owner: facts.owner,
            metadata: facts.metadata,
            expiry: facts.expiry,
            valid_until: self.retirement_date,
            created: facts.creation_date,
            modified: facts.last_modified_date,
        }))
    }
}
