//! Sample records and mocks for the unit tests of the use cases.

use std::sync::Arc;

use countersign_domain::{
    Actor, AllowedAddresses, Authorized, ChainHash, Metadata, Operation, Permission, Policy,
    RequestId, Secret, TenantId, Timestamp, Token, TokenId, TokenName, TokenUpdate, TokenView,
    UserId, UserInfo, Version, WrittenAnnotations, standard,
};

use crate::{
    Tokens,
    ports::{MockClock, MockEntropy, MockInvalidator, MockTokenStore, StoreError},
};

pub(crate) fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn token_id(n: u8) -> TokenId {
    TokenId::new(now(), &[n; 10])
}

pub(crate) fn tenant_id() -> TenantId {
    TenantId::new(now(), &[9; 10])
}

pub(crate) fn request_id() -> RequestId {
    "request-1".parse().unwrap()
}

pub(crate) fn user(n: u8) -> UserInfo {
    UserInfo {
        id: UserId::new(now(), &[n; 10]),
        name: format!("token {n}").into(),
    }
}

/// The actor of token 1.
pub(crate) fn actor(permissions: &[Permission]) -> Actor {
    let UserInfo { id, name } = user(1);
    Actor {
        tenant: tenant_id(),
        token: Some(token_id(1)),
        secret: None,
        possession: None,
        user: id,
        user_name: name,
        permissions: permissions.iter().cloned().collect(),
        address: Some([192, 0, 2, 1].into()),
        address_entry: None,
    }
}

/// That actor, authorized for the operation of a use case.
pub(crate) fn by<O: Operation>(permissions: &[Permission]) -> Authorized<O> {
    actor(permissions).authorize().unwrap()
}

/// Token `n` at a version, with permission to read tasks.
pub(crate) fn view(n: u8, version: i64) -> TokenView {
    let token = Token {
        id: token_id(n),
        tenant: tenant_id(),
        version: Version::try_from(version).unwrap(),
        name: TokenName::parse(&format!("token {n}")).unwrap(),
        user: user(n).id,
        partial: Secret::from_random(&[n; 32]).masked(),
        expiry: "2026-11-01T00:00:00Z".parse().unwrap(),
        addresses: AllowedAddresses::any(),
        owner: None,
        description: None,
        metadata: Metadata::default(),
        permissions: [standard::TASKS_READ].into_iter().collect(),
        created: now(),
        modified: now(),
    };
    TokenView {
        token,
        created_by: user(0),
        modified_by: user(0),
        last_used: None,
        revoked: None,
        head: ChainHash::START,
    }
}

pub(crate) fn rename(name: &str) -> TokenUpdate {
    TokenUpdate {
        name: name.to_owned(),
        expiry: None,
        allowed_addresses: None,
        permissions: None,
        allow_lockout: false,
        annotations: WrittenAnnotations::default(),
    }
}

pub(crate) fn away() -> StoreError {
    StoreError::Unavailable("away".into())
}

pub(crate) fn clock() -> MockClock {
    let mut clock = MockClock::new();
    clock.expect_now().return_const(now());
    clock
}

pub(crate) fn entropy() -> MockEntropy {
    let mut entropy = MockEntropy::new();
    entropy.expect_fill().returning(|buffer| {
        buffer.fill(7);
        Ok(())
    });
    entropy
}

/// The use cases over a mocked store, at a fixed time, with fixed randomness.
pub(crate) fn tokens(store: MockTokenStore) -> Tokens {
    let mut invalidator = MockInvalidator::new();
    invalidator.expect_invalidate().return_const(());
    invalidator.expect_stored().return_const(());
    invalidator.expect_in_doubt().return_const(());
    with_invalidator(store, invalidator)
}

/// The same, with a mocked invalidator.
pub(crate) fn with_invalidator(store: MockTokenStore, invalidator: MockInvalidator) -> Tokens {
    Tokens::new(
        Arc::new(store),
        Arc::new(clock()),
        Arc::new(entropy()),
        Arc::new(invalidator),
        Policy::default(),
    )
}
