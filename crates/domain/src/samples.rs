//! Sample records for the tests of this crate, so that each test names only the values that it
//! needs.

use crate::{
    Actor, AllowedAddresses, ChainHash, Credential, Metadata, Permission, PermissionSet, Request,
    Secret, TenantId, Timestamp, Token, TokenId, TokenName, TokenView, UserId, UserInfo, Version,
};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    at("2026-06-01T12:00:00Z")
}

pub(crate) fn token_id(n: u8) -> TokenId {
    TokenId::new(now(), &[n; 10])
}

pub(crate) fn user_id(n: u8) -> UserId {
    UserId::new(now(), &[n; 10])
}

pub(crate) fn tenant_id() -> TenantId {
    TenantId::new(now(), &[9; 10])
}

pub(crate) fn set(permissions: &[Permission]) -> PermissionSet {
    permissions.iter().cloned().collect()
}

/// The token number `n`, created a month ago, with five months until its expiry.
pub(crate) fn view(n: u8, permissions: &[Permission]) -> TokenView {
    let token = Token {
        id: token_id(n),
        tenant: tenant_id(),
        version: Version::try_from(3).unwrap(),
        name: TokenName::parse(&format!("token {n}")).unwrap(),
        user: user_id(n),
        partial: Secret::from_random(&[n; 32]).masked(),
        expiry: at("2026-11-01T12:00:00Z"),
        addresses: AllowedAddresses::any(),
        permissions: set(permissions),
        owner: None,
        description: None,
        metadata: Metadata::default(),
        created: at("2026-05-01T12:00:00Z"),
        modified: at("2026-05-02T12:00:00Z"),
    };
    let maker = UserInfo {
        id: user_id(0),
        name: "maker".into(),
    };
    TokenView {
        token,
        created_by: maker.clone(),
        modified_by: maker,
        last_used: None,
        revoked: None,
        head: ChainHash::from_bytes([n; 32]),
    }
}

/// A request by the token number `n`.
pub(crate) fn request(n: u8, permissions: &[Permission]) -> Request {
    let actor = Actor {
        tenant: tenant_id(),
        token: Some(token_id(n)),
        secret: None,
        possession: None,
        user: user_id(n),
        user_name: format!("token {n}").into(),
        permissions: set(permissions),
        address: Some([192, 0, 2, 1].into()),
        address_entry: None,
    };
    Request {
        actor,
        now: now(),
        id: "request-1".parse().unwrap(),
    }
}

pub(crate) fn credential(permissions: &[Permission]) -> Credential {
    Credential {
        tenant: tenant_id(),
        token: token_id(1),
        version: Version::FIRST,
        user: user_id(1),
        user_name: "token 1".into(),
        permissions: set(permissions),
        addresses: AllowedAddresses::any(),
        owner: None,
        metadata: Metadata::default(),
        expiry: at("2026-11-01T12:00:00Z"),
        valid_until: None,
        created: at("2026-05-01T12:00:00Z"),
        modified: at("2026-05-02T12:00:00Z"),
    }
}
