//! Tests of the usage buffer: which uses it keeps, and what happens while the store is away.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use countersign_application::ports::StoreError;
use countersign_domain::{Secret, TenantId, TokenId};

use super::*;

#[derive(Default)]
struct Kept {
    away: AtomicBool,
    batches: Mutex<Vec<Vec<UsageRecord>>>,
}

#[async_trait]
impl UsageStore for Kept {
    async fn record(&self, uses: &[UsageRecord]) -> Result<(), StoreError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("away".into()));
        }
        self.batches.lock().unwrap().push(uses.to_vec());
        Ok(())
    }
}

fn used(n: u16, second: u32) -> UsageRecord {
    let begin: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
    let mut random = [7; 32];
    random[..2].copy_from_slice(&n.to_be_bytes());
    UsageRecord {
        digest: Secret::from_random(&random).digest(),
        tenant: TenantId::new(begin, &[9; 10]),
        token: TokenId::new(begin, &[1; 10]),
        at: begin.plus_seconds(second),
        address: None,
    }
}

#[tokio::test]
async fn of_each_secret_the_latest_use_is_written_once() {
    let (unwritten, store) = (UsageBuffer::default(), Kept::default());
    for (n, second) in [(1, 5), (2, 1), (1, 9), (1, 7)] {
        unwritten.keep(used(n, second));
    }
    unwritten.write(&store).await;
    unwritten.write(&store).await;
    let mut batches = store.batches.lock().unwrap().clone();
    assert_eq!(batches.len(), 1);
    batches[0].sort_by_key(|used| used.at);
    assert_eq!(batches[0], [used(2, 1), used(1, 9)]);
}

#[tokio::test]
async fn what_cannot_be_written_is_kept_beside_what_comes() {
    let (unwritten, store) = (UsageBuffer::default(), Kept::default());
    for n in 0..2_500 {
        unwritten.keep(used(n, 1));
    }
    store.away.store(true, Ordering::SeqCst);
    unwritten.write(&store).await;
    unwritten.keep(used(3, 8));
    store.away.store(false, Ordering::SeqCst);
    unwritten.write(&store).await;
    let written = store.batches.lock().unwrap().concat();
    assert_eq!(written.len(), 2_500);
    assert!(written.contains(&used(3, 8)) && !written.contains(&used(3, 1)));
}

#[test]
fn memory_is_bounded_while_nothing_can_be_written() {
    let unwritten = UsageBuffer::default();
    let mut one_part = (0..=u16::MAX).map(|n| used(n, 1));
    let first = one_part.next().unwrap();
    let place = |used: &UsageRecord| usize::from(used.digest.as_bytes()[0]) % PARTS;
    let mut held = unwritten.keep(first);
    for used in one_part.filter(|used| place(used) == place(&first)) {
        held = held.max(unwritten.keep(used));
    }
    assert!(held <= MOST && held > 1_000, "{held}");
}
