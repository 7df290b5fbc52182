//! Authorization: the permission that each operation requires of its actor, and the proof that an
//! actor holds it.

use std::{fmt::Debug, marker::PhantomData};

use thiserror::Error;

use crate::{Actor, Permission, PermissionSet, TokenId, standard};

/// The requirement of an operation that an actor carries out on its own token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnItself {
    /// The same permission as for any other token.
    SamePermission,
    /// This permission is enough.
    Permission(Permission),
    /// No permission at all: presenting a live secret of the token is enough.
    NoPermission,
}

mod sealed {
    pub trait Sealed {}
}

/// An operation with the permission that it requires. Permissions of operations are named here and
/// nowhere else: [`Actor::authorize`], the extractors of the adapters, the OpenAPI document and the
/// permissions that a commit checks again come from these types.
pub trait Operation: sealed::Sealed + Debug + Clone + Send + Sync + 'static {
    /// The permission for all tokens of the tenant; `None` if no permission reaches further than
    /// the actor's own token.
    const PERMISSION: Option<Permission>;

    /// The requirement for the actor's own token.
    const ON_ITSELF: OnItself;

    /// The permission without which a bearer is refused before the request says which token it
    /// means; `None` if any live token is admitted.
    #[must_use]
    fn admission(held: &PermissionSet) -> Option<Permission> {
        decisive::<Self>(held, true)
    }

    /// The permissions that a change of that token relies on, which its commit checks again.
    #[must_use]
    fn relied_on(actor: &Actor, changed: TokenId) -> PermissionSet {
        decisive::<Self>(&actor.permissions, is_own::<Self>(actor, changed))
            .into_iter()
            .collect()
    }
}

/// Whether an operation treats a token as the actor's own: if the actor holds a secret of it, or for
/// operations that do more than end it, only if the actor acts as that token.
fn is_own<O: Operation>(actor: &Actor, token: TokenId) -> bool {
    match O::ON_ITSELF {
        OnItself::NoPermission => actor.holds_secret_of(token),
        OnItself::SamePermission | OnItself::Permission(_) => actor.token == Some(token),
    }
}

/// The permission that decides about an operation on the actor's own token, or on any other.
fn decisive<O: Operation>(held: &PermissionSet, own: bool) -> Option<Permission> {
    let holds = |permission: &Permission| held.contains(permission);
    match O::ON_ITSELF {
        OnItself::NoPermission if own => None,
        OnItself::Permission(enough) if own && !O::PERMISSION.is_some_and(|any| holds(&any)) => {
            Some(enough).filter(holds).or(O::PERMISSION)
        }
        _ => O::PERMISSION,
    }
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident: $permission:expr, $on_itself:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl sealed::Sealed for $name {}

            impl Operation for $name {
                const PERMISSION: Option<Permission> = $permission;
                const ON_ITSELF: OnItself = $on_itself;
            }
        )*
    };
}

operations! {
    /// Reading tokens, their secrets' data and their history.
    ReadTokens: Some(standard::API_TOKENS_READ), OnItself::SamePermission;
    /// Making and changing tokens.
    WriteTokens: Some(standard::API_TOKENS_WRITE), OnItself::SamePermission;
    /// Giving a token a new secret; the own token also with a permission for that alone.
    RotateTokens: Some(standard::API_TOKENS_WRITE),
        OnItself::Permission(standard::API_TOKENS_ROTATE_SELF);
    /// Ending a secret that was replaced; one of the own token without a permission.
    RetireSecrets: Some(standard::API_TOKENS_WRITE), OnItself::NoPermission;
    /// Revoking tokens by their ids.
    DeleteTokens: Some(standard::API_TOKENS_DELETE), OnItself::SamePermission;
    /// Ending a token, or one of its secrets, by that secret (RFC 7009); the own token without a
    /// permission.
    EndTokens: Some(standard::API_TOKENS_DELETE), OnItself::NoPermission;
    /// Reading and ending the own token, and reading its user: every live token may do that.
    UseOwnToken: None, OnItself::NoPermission;
    /// Reading users.
    ReadUsers: Some(standard::USERS_READ), OnItself::SamePermission;
    /// Reading the service's metrics, which cover all tenants.
    ReadMetrics: Some(standard::METRICS_READ), OnItself::SamePermission;
}

/// The actor lacks the permission of an operation (RFC 6750, section 3.1).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the token lacks the permission {}", .permission.as_ref().map_or("for another token", Permission::as_str))]
pub struct InsufficientScope {
    /// The permission; `None` if no permission would do.
    pub permission: Option<Permission>,
}

/// The proof that an actor holds the permission of an operation. Only [`Actor::authorize`] makes
/// one.
///
/// ```
/// use countersign_domain::{Actor, Authorized, InsufficientScope, WriteTokens};
///
/// fn authorize(actor: Actor) -> Result<Authorized<WriteTokens>, InsufficientScope> {
///     actor.authorize()
/// }
/// ```
///
/// Other code cannot:
///
/// ```compile_fail,E0451
/// use countersign_domain::{Actor, Authorized, WriteTokens};
///
/// fn forge(actor: Actor) -> Authorized<WriteTokens> {
///     Authorized { actor, any: true, operation: std::marker::PhantomData }
/// }
/// ```
///
/// And a proof for one operation is none for another:
///
/// ```compile_fail,E0308
/// use countersign_domain::{Authorized, ReadTokens, WriteTokens};
///
/// fn promote(reader: Authorized<ReadTokens>) -> Authorized<WriteTokens> {
///     reader
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Authorized<O> {
    actor: Actor,
    /// Whether the proof covers all tokens of the tenant, and not only the actor's own.
    any: bool,
    operation: PhantomData<O>,
}

impl Actor {
    /// Authorizes the actor for an operation, on its own token alone if it lacks the permission for
    /// others.
    ///
    /// # Errors
    /// [`InsufficientScope`] if it lacks the permission.
    pub fn authorize<O: Operation>(self) -> Result<Authorized<O>, InsufficientScope> {
        let any = self.may::<O>();
        let enough = decisive::<O>(&self.permissions, true);
        let own =
            self.token.is_some() && enough.is_none_or(|enough| self.permissions.contains(&enough));
        if !any && !own {
            return Err(insufficient::<O>());
        }
        Ok(Authorized {
            actor: self,
            any,
            operation: PhantomData,
        })
    }

    /// Whether the actor may carry out an operation on any token of its tenant.
    #[must_use]
    pub fn may<O: Operation>(&self) -> bool {
        O::PERMISSION.is_some_and(|needed| self.permissions.contains(&needed))
    }
}

fn insufficient<O: Operation>() -> InsufficientScope {
    InsufficientScope {
        permission: O::PERMISSION,
    }
}

impl<O: Operation> Authorized<O> {
    /// The actor.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The actor, for a use case that does not need the proof any more.
    #[must_use]
    pub fn into_actor(self) -> Actor {
        self.actor
    }

    /// The actor, if the proof covers that token.
    ///
    /// # Errors
    /// [`InsufficientScope`] if it covers the actor's own token alone, and that is another.
    pub fn on(&self, token: TokenId) -> Result<&Actor, InsufficientScope> {
        if self.any || is_own::<O>(&self.actor, token) {
            Ok(&self.actor)
        } else {
            Err(insufficient::<O>())
        }
    }

    /// The actor, if the proof covers every token of the tenant.
    ///
    /// # Errors
    /// [`InsufficientScope`] if it covers the actor's own token alone.
    pub fn on_any(&self) -> Result<&Actor, InsufficientScope> {
        if self.any {
            Ok(&self.actor)
        } else {
            Err(insufficient::<O>())
        }
    }
}

#[cfg(test)]
#[path = "authorization_tests.rs"]
mod tests;
