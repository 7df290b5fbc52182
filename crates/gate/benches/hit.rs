//! The hottest path there is, and what it costs in memory: a request whose facts are held. Prints the bytes that the
//! allocator gave out for each of many held facts, then measures checks.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a measurement")]

use std::{
    fs,
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use async_trait::async_trait;
use countersign_gate::{
    CacheSettings, CachedSource, CredentialSource, Gate, PresentedSecret, SourceError,
    domain::{
        AllowedAddresses, Credential, Metadata, Secret, TenantId, Timestamp, TokenId, UserId,
        Version, standard,
    },
};
use criterion::{Criterion, criterion_group, criterion_main};

const MANY: u64 = 200_000;
/// How many of them are asked for in rotation.
const WARM: u64 = 10_000;

fn now() -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000).unwrap()
}

fn secret(number: u64) -> Secret {
    let mut random = [7; 32];
    random[..8].copy_from_slice(&number.to_le_bytes());
    Secret::from_random(&random)
}

/// Makes up the facts of every secret: a name of 20 characters, four permissions, any address.
#[derive(Default)]
struct Everybody(AtomicU64);

#[async_trait]
impl CredentialSource for Everybody {
    async fn find(&self, _: &PresentedSecret) -> Result<Option<Arc<Credential>>, SourceError> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let first = usize::try_from(number % 50).unwrap();
        let mut random = [0; 10];
        random[..8].copy_from_slice(&number.to_le_bytes());
        Ok(Some(Arc::new(Credential {
            tenant: TenantId::new(now(), &[1; 10]),
            token: TokenId::new(now(), &random),
            version: Version::FIRST,
            user: UserId::new(now(), &random),
            user_name: format!("Nightly job {number:08}").into(),
            permissions: standard::ALL[first..first + 4].iter().cloned().collect(),
            addresses: AllowedAddresses::any(),
            expiry: now().plus_months(1),
            valid_until: None,
            created: now(),
            modified: now(),
            owner: None,
            metadata: Metadata::default(),
        })))
    }
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}

/// Resident bytes of this process; 0 where the system does not tell.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

fn hits(criterion: &mut Criterion) {
    let settings = CacheSettings {
        capacity_bytes: MANY * 450,
        feed_timeout: std::time::Duration::MAX,
        ttl: std::time::Duration::MAX,
        ..CacheSettings::default()
    };
    let before = resident();
    let cached = Arc::new(CachedSource::new(Everybody::default(), settings));
    cached.note_feed(std::time::Instant::now());
    for number in 0..MANY {
        let _ = ready(cached.find(&PresentedSecret::from(secret(number))));
    }
    let (stats, taken) = (cached.stats(), resident() - before);
    eprintln!(
        "{} held: {} bytes each by weight, {} by resident memory",
        stats.entries,
        stats.bytes / stats.entries.max(1),
        taken / stats.entries.max(1)
    );

    let secrets: Vec<_> = (0..WARM).map(secret).collect();
    let presented: Vec<_> = secrets.iter().cloned().map(PresentedSecret::from).collect();
    let gate = Gate::new(Arc::clone(&cached) as _, now);
    let mut turn = secrets.iter().cycle();
    criterion.bench_function("parse and digest", |bencher| {
        bencher.iter(|| PresentedSecret::parse(turn.next().unwrap().expose()));
    });
    let mut turn = secrets.iter().cycle();
    criterion.bench_function("check, facts at hand", |bencher| {
        bencher.iter(|| ready(gate.check(black_box(turn.next().unwrap().expose()), None, None)));
    });
    let mut turn = presented.iter().cycle();
    criterion.bench_function("facts at hand alone", |bencher| {
        bencher.iter(|| cached.try_now(black_box(turn.next().unwrap())));
    });
}

criterion_group!(benches, hits);
criterion_main!(benches);
