//! Limit of the streams of changes. They do not end by themselves: without a bound they would in
//! time hold every connection, and no request could be sent any more.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use countersign_domain::{TenantId, TokenId};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The open streams, counted by owner.
#[derive(Debug, Clone)]
pub(crate) struct StreamLimit(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    most: usize,
    open: Mutex<HashMap<Key, usize>>,
    /// Missed changes are read for one stream at a time, so that many clients that resume at once
    /// do not keep the store busy.
    turn: Semaphore,
}

/// The owner by which streams are counted; a caller without a token of its own counts as one of its
/// tenant.
type Key = (TenantId, Option<TokenId>);

/// The permit of a stream, which is returned when it is dropped.
#[derive(Debug)]
pub(crate) struct StreamPermit {
    streams: StreamLimit,
    key: Key,
}

impl StreamLimit {
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Parts {
            most,
            open: Mutex::default(),
            turn: Semaphore::new(1),
        }))
    }

    /// Takes a permit; `None` if all are taken, if the tenant already has half of them, or the
    /// token half of its tenant's share.
    pub(crate) fn acquire(&self, tenant: TenantId, token: Option<TokenId>) -> Option<StreamPermit> {
        let mut open = self.open();
        let all: usize = open.values().sum();
        let of_tenant = open.iter().filter(|((whose, _), _)| *whose == tenant);
        let of_tenant: usize = of_tenant.map(|(_, count)| count).sum();
        let key = (tenant, token);
        let own = open.get(&key).copied().unwrap_or(0);
        let share = self.0.most.div_ceil(2);
        if all >= self.0.most || of_tenant >= share || own >= share.div_ceil(2) {
            return None;
        }
        open.insert(key, own + 1);
        drop(open);
        Some(StreamPermit {
            streams: self.clone(),
            key,
        })
    }

    /// Waits for the turn to read missed changes. It never fails for good.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.0.turn.acquire().await.ok()
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Key, usize>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.streams.open();
        if let Some(own) = open.get_mut(&self.key) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(number: u8) -> TenantId {
        TenantId::new("2026-06-01T00:00:00Z".parse().unwrap(), &[number; 10])
    }

    fn token(number: u8) -> TokenId {
        TokenId::new("2026-06-01T00:00:00Z".parse().unwrap(), &[number; 10])
    }

    #[test]
    fn no_token_takes_more_than_half_of_its_tenants_share() {
        let streams = StreamLimit::new(8);
        let sit = |number| streams.acquire(tenant(1), Some(token(number)));
        let first = [sit(1).unwrap(), sit(1).unwrap()];
        assert!(sit(1).is_none(), "half of the tenant's four");
        let second = [sit(2).unwrap(), sit(2).unwrap()];
        assert!(sit(2).is_none() && sit(3).is_none(), "all of them");
        drop(first);
        assert!(sit(3).is_some() && sit(1).is_some());
        drop(second);
        assert!(streams.open().is_empty(), "nobody is remembered for ever");
    }

    #[test]
    fn no_tenant_takes_more_than_half_and_all_take_no_more_than_there_are() {
        let streams = StreamLimit::new(5);
        let seat = |of: u8, by: u8| streams.acquire(tenant(of), Some(token(by)));
        let sit = |number| seat(number, 1).or_else(|| seat(number, 2));
        let first: Vec<_> = (0..3).map(|_| sit(1).unwrap()).collect();
        assert!(sit(1).is_none(), "half of them");
        let second = [sit(2).unwrap(), sit(2).unwrap()];
        assert!(sit(2).is_none() && sit(3).is_none(), "all of them");
        drop(first);
        assert!(sit(2).is_some() && sit(1).is_some());
        drop(second);
        assert!(streams.open().is_empty(), "nobody is remembered for ever");
    }
}
