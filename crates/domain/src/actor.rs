//! Who asks for a change, and under which circumstances: the arguments that a rule needs besides the record.

use std::{net::IpAddr, sync::Arc};

use crate::{Grant, PermissionSet, RequestId, TenantId, Timestamp, TokenId, UserId, UserInfo};

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The tenant that the actor belongs to: it sees and changes nothing outside.
    pub tenant: TenantId,
    /// The actor's own token; `None` for the system itself.
    pub token: Option<TokenId>,
    /// The user to whom the change is attributed.
    pub user: UserId,
    /// That user's name.
    pub user_name: Arc<str>,
    /// What the actor holds.
    pub permissions: PermissionSet,
    /// Where the request comes from, where that is known.
    pub address: Option<IpAddr>,
}

impl Actor {
    /// The system itself, for what an operator does on the machine: it holds what the operator hands out.
    #[must_use]
    pub fn system(tenant: TenantId, user: UserInfo, permissions: PermissionSet) -> Self {
        Self {
            tenant,
            token: None,
            user: user.id,
            user_name: user.name,
            permissions,
            address: None,
        }
    }

    /// The user with its name.
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
        }: Grant,
    ) -> Self {
        Self {
            tenant: credential.tenant,
            token: Some(credential.token),
            user: credential.user,
            user_name: credential.user_name,
            permissions: credential.permissions,
            address,
        }
    }
}

/// One request for a change.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who asks.
    pub actor: Actor,
    /// When.
    pub now: Timestamp,
    /// Its id, for the audit event.
    pub id: RequestId,
}
