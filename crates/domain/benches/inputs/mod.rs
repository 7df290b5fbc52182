//! What is measured in time by the benchmark and in instructions by the example, so that both mean the same.

#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot make its inputs has nothing to measure"
)]

use std::sync::Arc;

use countersign_domain::{
    AllowedAddresses, Attempt, Credential, Metadata, Permission, PermissionSet, Secret, TenantId,
    Timestamp, TokenId, UserId, Version, standard,
};

static WANTED: Permission = standard::TASKS_READ;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000).expect("within the calendar")
}

/// The first names of the standard table.
pub(crate) fn set(length: usize) -> PermissionSet {
    standard::ALL.iter().take(length).cloned().collect()
}

/// A live token with every permission.
pub(crate) fn credential(addresses: &[&str]) -> Arc<Credential> {
    Arc::new(Credential {
        tenant: TenantId::new(now(), &[1; 10]),
        token: TokenId::new(now(), &[2; 10]),
        version: Version::FIRST,
        user: UserId::new(now(), &[3; 10]),
        user_name: "bench".into(),
        permissions: set(64),
        addresses: AllowedAddresses::parse(addresses).expect("addresses"),
        expiry: now().plus_months(1),
        valid_until: None,
        created: now(),
        modified: now(),
        owner: None,
        metadata: Metadata::default(),
    })
}

/// One that is admitted.
pub(crate) fn attempt() -> Attempt<'static> {
    Attempt {
        now: now(),
        address: Some([192, 0, 2, 1].into()),
        permission: Some(&WANTED),
    }
}

/// What a client sends.
pub(crate) fn secret() -> String {
    Secret::from_random(&[7; 32]).expose().to_owned()
}
