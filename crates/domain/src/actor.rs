//! The actor of a change, and the request: what a rule needs besides the record.

use std::{net::IpAddr, sync::Arc};

use crate::{
    Grant, PermissionSet, ReadTokens, RequestId, SecretDigest, TenantId, Timestamp, Token, TokenId,
    UserId, UserInfo,
};

/// The actor of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The actor's tenant. The actor sees and changes nothing outside it.
    pub tenant: TenantId,
    /// The actor's own token; `None` for the system itself.
    pub token: Option<TokenId>,
    /// The secret of that token that the actor presented, if it is known.
    pub secret: Option<SecretDigest>,
    /// Another token of which the actor presented a secret that works from where the actor is. This
    /// is enough to end that token, and for nothing else.
    pub possession: Option<TokenId>,
    /// The user to whom the change is attributed.
    pub user: UserId,
    /// That user's name.
    pub user_name: Arc<str>,
    /// The permissions that the actor holds.
    pub permissions: PermissionSet,
    /// The address that the request comes from, if it is known.
    pub address: Option<IpAddr>,
    /// The entry of the token's list of addresses that admits the request; `None` if the list is
    /// empty.
    pub address_entry: Option<String>,
}

impl Actor {
    /// The system itself, for operations that an operator runs on the machine. It holds the
    /// permissions that the operator hands out.
    #[must_use]
    pub fn system(tenant: TenantId, user: UserInfo, permissions: PermissionSet) -> Self {
        Self {
            tenant,
            token: None,
            secret: None,
            possession: None,
            user: user.id,
            user_name: user.name,
            permissions,
            address: None,
            address_entry: None,
        }
    }

    /// Whether the actor may see a record: if it has the permission to read, or if the record is
    /// its own.
    #[must_use]
    pub fn may_read(&self, token: &Token) -> bool {
        let own = self.token == Some(token.id);
        self.tenant == token.tenant && (own || self.may::<ReadTokens>())
    }

    /// Whether the actor holds a secret of the token: its own credential, or one presented besides.
    pub(crate) fn holds_secret_of(&self, token: TokenId) -> bool {
        [self.token, self.possession].contains(&Some(token))
    }

    /// The user's id with its name.
    #[must_use]
    pub fn user_info(&self) -> UserInfo {
        UserInfo {
            id: self.user,
            name: self.user_name.clone(),
        }
    }
}

impl From<Grant> for Actor {
    fn from(
        Grant {
            credential,
            address,
            secret,
        }: Grant,
    ) -> Self {
        Self {
            tenant: credential.tenant,
            token: Some(credential.token),
            secret,
            possession: None,
            user: credential.user,
            user_name: credential.user_name.clone(),
            permissions: credential.permissions.clone(),
            address,
            address_entry: credential.addresses.entry_for(address),
        }
    }
}

/// A request for a change.
#[derive(Debug, Clone)]
pub struct Request {
    /// The actor.
    pub actor: Actor,
    /// The instant of the request.
    pub now: Timestamp,
    /// The request's id, for the audit event.
    pub id: RequestId,
}

#[cfg(test)]
mod tests {
    use crate::{TenantId, samples, standard::*};

    #[test]
    fn a_record_is_shown_to_readers_of_its_tenant_and_to_its_own_token() {
        let other = samples::view(2, &[TASKS_READ]).token;
        let own = samples::view(1, &[TASKS_READ]).token;
        let reader = samples::request(1, &[API_TOKENS_READ]).actor;
        let writer = samples::request(1, &[API_TOKENS_WRITE]).actor;
        assert!(reader.may_read(&other) && reader.may_read(&own));
        assert!(!writer.may_read(&other) && writer.may_read(&own));
        let mut foreign = other;
        foreign.tenant = TenantId::new(samples::now(), &[5; 10]);
        assert!(!reader.may_read(&foreign));
    }
}
