//! Permits for queries over many tokens. A store answers a limited number at once. A tenant has at
//! most half of them, so that many queries of one tenant never keep another tenant from asking.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use countersign_domain::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::query::Filter;

/// The number of values that a token is compared with for one permit.
const COMPARISONS_PER_PERMIT: usize = 128;

/// The permits of a store. Clones share them.
#[derive(Debug, Clone)]
pub struct QueryPermits(Arc<Permits>);

#[derive(Debug)]
struct Permits {
    all: Arc<Semaphore>,
    share: u32,
    /// The shares of the tenants that query or wait at the moment.
    tenants: Mutex<HashMap<TenantId, Arc<Semaphore>>>,
}

/// A permit for one query, until it is dropped.
#[derive(Debug)]
pub struct QueryPermit {
    _all: OwnedSemaphorePermit,
    _own: Option<(OwnedSemaphorePermit, Share)>,
}

impl QueryPermits {
    /// Creates so many permits, of which a tenant has at most half, and at least one.
    #[must_use]
    pub fn new(most: u32) -> Self {
        let most = most.max(1);
        Self(Arc::new(Permits {
            all: semaphore(most),
            share: most.div_ceil(2),
            tenants: Mutex::default(),
        }))
    }

    /// Waits for a permit for a tenant's query. An expensive filter takes several permits, up to
    /// the tenant's whole share.
    pub async fn acquire(&self, tenant: TenantId, filter: &Filter) -> Option<QueryPermit> {
        let cost = 1 + filter.comparisons() / COMPARISONS_PER_PERMIT;
        let cost = u32::try_from(cost).unwrap_or(u32::MAX).min(self.0.share);
        // The tenant's own come first: so no tenant waits in the queue for all with more than its
        // share.
        let share = self.share(tenant);
        let own = share
            .semaphore
            .clone()
            .acquire_many_owned(cost)
            .await
            .ok()?;
        let all = self.0.all.clone().acquire_many_owned(cost).await.ok()?;
        Some(QueryPermit {
            _all: all,
            _own: Some((own, share)),
        })
    }

    /// Waits for a permit for a query of the service itself.
    pub async fn acquire_for_service(&self) -> Option<QueryPermit> {
        let all = self.0.all.clone().acquire_owned().await.ok()?;
        Some(QueryPermit {
            _all: all,
            _own: None,
        })
    }

    fn share(&self, tenant: TenantId) -> Share {
        let mut tenants = self.0.tenants();
        let semaphore = tenants
            .entry(tenant)
            .or_insert_with(|| semaphore(self.0.share));
        Share {
            tenant,
            semaphore: Arc::clone(semaphore),
            permits: Arc::clone(&self.0),
        }
    }
}

impl Permits {
    fn tenants(&self) -> MutexGuard<'_, HashMap<TenantId, Arc<Semaphore>>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn semaphore(permits: u32) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(permits as usize))
}

/// A tenant's share, for as long as the tenant queries or waits.
#[derive(Debug)]
struct Share {
    tenant: TenantId,
    semaphore: Arc<Semaphore>,
    permits: Arc<Permits>,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut tenants = self.permits.tenants();
        // The map's reference and this one: every other query that runs or waits has another.
        if Arc::strong_count(&self.semaphore) == 2 {
            tenants.remove(&self.tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::query::{ListField, ListTest};

    fn tenant(number: u8) -> TenantId {
        TenantId::new("2026-06-01T00:00:00Z".parse().unwrap(), &[number; 10])
    }

    fn simple() -> Filter {
        Filter::All(Vec::new())
    }

    /// 64 tests with 90 values each.
    fn costly() -> Filter {
        let values = vec!["a.b".to_owned(); 90];
        let test = Filter::List(ListField::Permissions, ListTest::LacksAny(values));
        Filter::Any(vec![test; 64])
    }

    fn asks(permits: &QueryPermits, number: u8, filter: &Filter) -> Option<QueryPermit> {
        permits.acquire(tenant(number), filter).now_or_never()?
    }

    #[test]
    fn a_tenant_asks_with_half_of_the_permits_at_most() {
        let permits = QueryPermits::new(8);
        let first: Vec<_> = (0..4)
            .map(|_| asks(&permits, 1, &simple()).unwrap())
            .collect();
        assert!(asks(&permits, 1, &simple()).is_none());
        let second: Vec<_> = (0..4)
            .map(|_| asks(&permits, 2, &simple()).unwrap())
            .collect();
        assert!(asks(&permits, 3, &simple()).is_none(), "all of them");
        drop(first);
        assert!(asks(&permits, 3, &simple()).is_some());
        drop(second);
        assert!(
            permits.0.tenants().is_empty(),
            "nobody is remembered for ever"
        );
    }

    #[test]
    fn a_costly_question_takes_its_tenants_share_and_no_more() {
        for most in [1, 2, 3, 8, 100] {
            let permits = QueryPermits::new(most);
            let costly = asks(&permits, 1, &costly()).unwrap();
            let again = asks(&permits, 1, &simple());
            assert_eq!(again.is_none(), most < 94, "of {most}");
            assert_eq!(
                asks(&permits, 2, &simple()).is_some(),
                most > 1,
                "of {most}"
            );
            drop(costly);
            assert!(asks(&permits, 2, &simple()).is_some());
        }
    }

    #[test]
    fn who_waits_for_the_own_share_holds_up_nobody_else() {
        let permits = QueryPermits::new(2);
        let first = asks(&permits, 1, &costly()).unwrap();
        let (filter, mut waiting) = (costly(), Vec::new());
        for _ in 0..100 {
            let mut asking = Box::pin(permits.acquire(tenant(1), &filter));
            assert!((&mut asking).now_or_never().is_none());
            waiting.push(asking);
        }
        for _ in 0..11 {
            assert!(asks(&permits, 2, &simple()).is_some());
        }
        drop(first);
        assert!(pin!(&mut waiting[0]).now_or_never().is_some(), "its turn");
        drop(waiting);
        assert!(permits.0.tenants().is_empty());
    }
}
