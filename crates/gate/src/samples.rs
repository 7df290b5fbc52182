//! Sample facts, secrets and sources for the tests beside the code.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use countersign_domain::{
    AllowedAddresses, Credential, Grant, Metadata, Owner, Secret, SecretDigest, TenantId,
    Timestamp, TokenId, UserId, Version, standard,
};

use crate::{CredentialSource, PresentedSecret, SourceError, UsageObserver};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The instant at which the tests begin.
pub(crate) fn begin() -> Timestamp {
    at("2026-06-01T00:00:00Z")
}

pub(crate) fn secret(number: u8) -> Secret {
    Secret::from_random(&[number; 32])
}

/// A token that may read tasks from 192.0.2.0/24, for a month.
pub(crate) fn credential(number: u8) -> Credential {
    Credential {
        tenant: TenantId::new(begin(), &[1; 10]),
        token: TokenId::new(begin(), &[number; 10]),
        version: Version::FIRST,
        user: UserId::new(begin(), &[number; 10]),
        user_name: "Nightly export".into(),
        permissions: [standard::TASKS_READ].into_iter().collect(),
        addresses: AllowedAddresses::parse(["192.0.2.0/24"]).unwrap(),
        expiry: at("2026-07-01T00:00:00Z"),
        valid_until: None,
        created: begin(),
        modified: begin(),
        owner: Owner::parse("customer-17").ok(),
        metadata: Metadata::parse([("plan", "gold")]).unwrap(),
    }
}

pub(crate) fn home() -> Option<IpAddr> {
    "192.0.2.7".parse().ok()
}

/// A source that gives a prepared answer, and counts the calls.
#[derive(Default)]
pub(crate) struct FixedSource {
    answer: Mutex<Option<Result<Arc<Credential>, SourceError>>>,
    asked: AtomicUsize,
}

impl FixedSource {
    pub(crate) fn knowing(credential: Credential) -> Arc<Self> {
        let fixed = Self::default();
        fixed.set(Some(Ok(Arc::new(credential))));
        Arc::new(fixed)
    }

    pub(crate) fn set(&self, answer: Option<Result<Arc<Credential>, SourceError>>) {
        *self.answer.lock().unwrap() = answer;
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl CredentialSource for FixedSource {
    async fn find(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        self.find_by_digest(presented.digest()).await
    }

    async fn find_by_digest(
        &self,
        _: &SecretDigest,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.answer.lock().unwrap().clone().transpose()
    }
}

/// An observer that records its calls.
#[derive(Default)]
pub(crate) struct RecordedUsage(pub(crate) Mutex<Vec<(SecretDigest, Timestamp)>>);

impl UsageObserver for RecordedUsage {
    fn admitted(&self, digest: &SecretDigest, _: &Grant, at: Timestamp) {
        self.0.lock().unwrap().push((*digest, at));
    }
}
