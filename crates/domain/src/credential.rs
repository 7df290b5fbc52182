//! The check that runs on every request: facts in, a grant or a refusal out. It keeps no state
//! between two checks.

use std::{net::IpAddr, sync::Arc};

use thiserror::Error;

use crate::{
    AllowedAddresses, Changes, Metadata, Owner, Permission, PermissionSet, SecretDigest, TenantId,
    Timestamp, Token, TokenId, UserId, Version,
};

/// The facts that a check needs about the token of a secret. They may be cached; a verdict may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The tenant that the token acts in.
    pub tenant: TenantId,
    /// The token.
    pub token: TokenId,
    /// The record's version from which these facts come.
    pub version: Version,
    /// The API Token User that the token acts as.
    pub user: UserId,
    /// That user's name.
    pub user_name: Arc<str>,
    /// The permissions that the token holds.
    pub permissions: PermissionSet,
    /// The addresses from which it may be used.
    pub addresses: AllowedAddresses,
    /// The owner, for those who ask whose token it is. No verdict depends on it.
    pub owner: Option<Owner>,
    /// The deployment's own pairs of text. No verdict depends on them.
    pub metadata: Metadata,
    /// The expiry: the token is valid while now < expiry.
    pub expiry: Timestamp,
    /// The instant at which the presented secret stops working, if another one has replaced it.
    pub valid_until: Option<Timestamp>,
    /// The instant of the token's creation.
    pub created: Timestamp,
    /// The instant of the record's last change.
    pub modified: Timestamp,
}

/// One request that presents a credential.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The instant of the request.
    pub now: Timestamp,
    /// The client's address; `None` = unknown.
    pub address: Option<IpAddr>,
    /// The permission that the operation needs; `None` = any live token is enough.
    pub permission: Option<&'a Permission>,
}

/// The identity that an admitted request acts as. Only a check creates one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grant {
    /// The facts that were judged.
    pub credential: Arc<Credential>,
    /// The address that the request came from.
    pub address: Option<IpAddr>,
    /// The presented secret. A check sees only facts, so it leaves `None`, and the caller that
    /// looked the facts up fills it in.
    pub secret: Option<SecretDigest>,
}

/// Reason why a request is not admitted although its credential is known.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Denied {
    /// The secret was replaced by another, and its time is over. Callers see the same answer as for
    /// an unknown secret.
    #[error("the secret was replaced")]
    Retired,
    /// The expiry has passed.
    #[error("the token expired at {0}")]
    Expired(Timestamp),
    /// The token has a list of addresses, and the client's is not on it or not known.
    #[error("the token may not be used from this address")]
    AddressNotAllowed,
    /// The token lacks this permission, which the operation needs.
    #[error("the token lacks the permission {0}")]
    MissingPermission(Permission),
}

impl Credential {
    /// Judges one request. The checks run from the most basic to the most specific: secret, time,
    /// address, permission.
    ///
    /// # Errors
    /// Returns the first reason to refuse the request.
    pub fn admit(self: &Arc<Self>, attempt: &Attempt<'_>) -> Result<Grant, Denied> {
        if self.valid_until.is_some_and(|end| attempt.now >= end) {
            return Err(Denied::Retired);
        }
        if attempt.now >= self.expiry {
            return Err(Denied::Expired(self.expiry));
        }
        if !self.addresses.admits(attempt.address) {
            return Err(Denied::AddressNotAllowed);
        }
        match attempt.permission {
            Some(permission) if !self.permissions.contains(permission) => {
                Err(Denied::MissingPermission(permission.clone()))
            }
            _ => Ok(Grant {
                credential: Arc::clone(self),
                address: attempt.address.map(|address| address.to_canonical()),
                secret: None,
            }),
        }
    }
}

impl Credential {
    /// The facts of the same secret by another version of the record, if no secret was made or ended
    /// between the two.
    #[must_use]
    pub fn of_record(&self, record: &Token) -> Self {
        Self {
            version: record.version,
            user_name: record.name.as_str().into(),
            permissions: record.permissions.clone(),
            addresses: record.addresses.clone(),
            owner: record.owner.clone(),
            metadata: record.metadata.clone(),
            expiry: record.expiry,
            modified: record.modified,
            ..self.clone()
        }
    }

    /// The facts once an update is stored, by its event. `None` if they are not of the version before
    /// it, or if a secret was made or ended.
    #[must_use]
    pub fn updated(&self, version: Version, at: Timestamp, changes: &Changes) -> Option<Self> {
        let of_secrets = changes.partial_token.is_some() || changes.replaced_retires_at.is_some();
        if of_secrets || self.version >= version || self.version.next() != version {
            return None;
        }
        let name = changes.name.as_ref().and_then(|name| name.after.as_ref());
        let permissions = changes.permissions.as_ref();
        let addresses = changes.allowed_addresses.as_ref();
        let expiry = changes.expiry.as_ref().and_then(|expiry| expiry.after);
        Some(Self {
            version,
            user_name: name.map_or_else(|| self.user_name.clone(), |name| name.as_str().into()),
            permissions: permissions
                .and_then(|permissions| permissions.after.clone())
                .unwrap_or_else(|| self.permissions.clone()),
            addresses: addresses
                .and_then(|addresses| addresses.after.clone())
                .unwrap_or_else(|| self.addresses.clone()),
            owner: changes
                .owner
                .as_ref()
                .map_or_else(|| self.owner.clone(), |owner| owner.after.clone()),
            metadata: changes.metadata.as_ref().map_or_else(
                || self.metadata.clone(),
                |metadata| metadata.after.clone().unwrap_or_default(),
            ),
            expiry: expiry.unwrap_or(self.expiry),
            modified: at,
            ..self.clone()
        })
    }

    /// What these facts and another version of the record both permit, for as long as it is not known
    /// which of the two is stored. `None` if neither list of addresses is within the other.
    #[must_use]
    pub fn narrowed(&self, record: &Token) -> Option<Self> {
        let addresses = if self.addresses.covers(&record.addresses) {
            &record.addresses
        } else if record.addresses.covers(&self.addresses) {
            &self.addresses
        } else {
            return None;
        };
        let lost = self.permissions.difference(&record.permissions);
        Some(Self {
            permissions: self.permissions.difference(&lost),
            addresses: addresses.clone(),
            expiry: self.expiry.min(record.expiry),
            ..self.clone()
        })
    }
}

#[cfg(test)]
#[path = "credential_renewal_tests.rs"]
mod renewal_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{samples, standard};

    fn verdict(micros: i64, address: Option<&str>, permission: &Permission) -> Result<(), Denied> {
        let addresses = AllowedAddresses::parse(["192.0.2.0/24", "2001:db8::/32"]).unwrap();
        let credential = Arc::new(Credential {
            addresses,
            ..samples::credential(&[standard::TASKS_READ])
        });
        let attempt = Attempt {
            now: Timestamp::from_micros(credential.expiry.as_micros() + micros).unwrap(),
            address: address.map(|text| text.parse().unwrap()),
            permission: Some(permission),
        };
        credential.admit(&attempt).map(drop)
    }

    #[test]
    fn valid_to_the_last_microsecond_before_the_expiry() {
        let home = Some("192.0.2.1");
        assert_eq!(verdict(-1, home, &standard::TASKS_READ), Ok(()));
        for late in [0, 1] {
            assert!(matches!(
                verdict(late, home, &standard::TASKS_READ),
                Err(Denied::Expired(_))
            ));
        }
    }

    #[test]
    fn a_replaced_secret_works_to_the_last_microsecond_of_its_overlap() {
        let valid_until = samples::at("2026-07-01T00:00:00Z");
        let credential = Arc::new(Credential {
            valid_until: Some(valid_until),
            ..samples::credential(&[standard::TASKS_READ])
        });
        let verdict = |micros: i64| {
            let now = Timestamp::from_micros(valid_until.as_micros() + micros).unwrap();
            let attempt = Attempt {
                now,
                address: None,
                permission: None,
            };
            credential.admit(&attempt).map(drop)
        };
        assert_eq!(verdict(-1), Ok(()));
        assert_eq!(verdict(0), Err(Denied::Retired));
        assert_eq!(verdict(1), Err(Denied::Retired));
    }

    #[test]
    fn only_from_a_listed_address() {
        for allowed in ["192.0.2.255", "::ffff:192.0.2.9", "2001:db8::1"] {
            assert_eq!(
                verdict(-1, Some(allowed), &standard::TASKS_READ),
                Ok(()),
                "{allowed}"
            );
        }
        for refused in [
            Some("192.0.3.1"),
            Some("::ffff:192.0.3.1"),
            Some("2001:db9::1"),
            Some("::c000:201"),
            None,
        ] {
            assert_eq!(
                verdict(-1, refused, &standard::TASKS_READ),
                Err(Denied::AddressNotAllowed),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn only_with_the_permission() {
        let refused = verdict(-1, Some("192.0.2.1"), &standard::TASKS_WRITE);
        assert_eq!(
            refused,
            Err(Denied::MissingPermission(standard::TASKS_WRITE))
        );
    }
}
