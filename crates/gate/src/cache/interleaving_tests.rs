//! No order of steps brings old facts back. A scheduler with a seed steps readers and writers through everything that
//! they do, in thousands of orders; the same seed gives the same order.

use std::{
    collections::HashMap,
    pin::{Pin, pin},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Waker},
    time::Duration,
};

use countersign_domain::Version;

use super::*;
use crate::samples::{credential, secret};

const SEEDS: u64 = 1500;

/// The next number of a sequence that its seed determines (xorshift).
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Lets the scheduler choose who goes on.
async fn step() {
    let mut stepped = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut stepped, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// A table of two tokens; each has the version that was committed last, and the one whose maker was told so.
#[derive(Default)]
struct Table {
    committed: [AtomicU64; 2],
    told: [AtomicU64; 2],
}

struct Slow {
    table: Arc<Table>,
    /// The steps that the next look-ups take before and after they read.
    steps: Mutex<u64>,
}

#[async_trait]
impl CredentialSource for Slow {
    async fn find(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        let steps = next(&mut self.steps.lock().unwrap());
        for _ in 0..steps % 4 {
            step().await;
        }
        let place = usize::from(*presented.digest() != secret(0).digest());
        let version = self.table.committed[place].load(Ordering::SeqCst);
        for _ in 0..(steps / 4) % 4 {
            step().await;
        }
        Ok(Some(Arc::new(Credential {
            version: i64::try_from(version + 1).unwrap().try_into().unwrap(),
            ..credential(u8::try_from(place).unwrap())
        })))
    }
}

async fn read(cached: &CachedSource<Slow>, table: &Table, place: usize) {
    for _ in 0..4 {
        let told = table.told[place].load(Ordering::SeqCst);
        let presented = PresentedSecret::from(secret(u8::try_from(place).unwrap()));
        let facts = match cached.try_now(&presented) {
            Poll::Ready(facts) => facts,
            Poll::Pending => cached.find_aged(&presented).await.unwrap(),
        };
        let version = u64::try_from(facts.unwrap().credential.version.get()).unwrap() - 1;
        assert!(
            version >= told,
            "version {version} was honoured after {told} was acknowledged"
        );
        step().await;
    }
}

async fn write(cached: &CachedSource<Slow>, table: &Table, place: usize, renewed: &AtomicU64) {
    let token = credential(u8::try_from(place).unwrap()).token;
    for _ in 0..3 {
        step().await;
        let version = table.committed[place].fetch_add(1, Ordering::SeqCst) + 1;
        step().await;
        match version % 5 {
            3 => cached.forget_all(),
            1 => cached.forget(token),
            _ => drop(cached.renew(token, |held, _| {
                let next = Version::try_from(i64::try_from(version + 1).unwrap()).unwrap();
                renewed.fetch_add(1, Ordering::Relaxed);
                (held.version.next() == next).then(|| {
                    Renewal::Current(Credential {
                        version: next,
                        ..held.clone()
                    })
                })
            })),
        }
        table.told[place].fetch_max(version, Ordering::SeqCst);
    }
}

/// Runs readers and writers to their ends in the order that the seed gives; tells how many steps that took.
fn run(seed: u64, renewed: &AtomicU64) -> usize {
    let table = Arc::new(Table::default());
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let source = Slow {
        table: Arc::clone(&table),
        steps: Mutex::new(next(&mut state)),
    };
    let settings = CacheSettings {
        feed_timeout: Duration::MAX,
        // Every look-up is a flight that others may join.
        lookup_timeout: Duration::MAX,
        capacity_bytes: 100_000,
        ..CacheSettings::default()
    };
    let cached = CachedSource::new(source, settings);
    cached.note_feed(tokio::time::Instant::now().into_std());
    let mut tasks: HashMap<usize, Pin<Box<dyn Future<Output = ()> + '_>>> = HashMap::new();
    for number in 0..8 {
        let (cached, table, place) = (&cached, &*table, number % 2);
        if number < 4 {
            tasks.insert(number, Box::pin(read(cached, table, place)));
        } else {
            tasks.insert(number, Box::pin(write(cached, table, place, renewed)));
        }
    }
    let mut context = Context::from_waker(Waker::noop());
    let mut steps = 0;
    while !tasks.is_empty() {
        let number = usize::try_from(next(&mut state) % 8).unwrap();
        if let Some(task) = tasks.get_mut(&number) {
            steps += 1;
            if pin!(task).as_mut().poll(&mut context).is_ready() {
                tasks.remove(&number);
            }
        }
    }
    assert_eq!(cached.single_flight.under_way(), 0);
    steps
}

#[tokio::test]
async fn no_order_of_steps_honours_what_was_acknowledged_as_changed() {
    let renewed = AtomicU64::new(0);
    for seed in 1..=SEEDS {
        // Its many polls are one poll to the runtime, which would make it wait after some.
        let steps = tokio::task::unconstrained(async { run(seed, &renewed) }).await;
        assert!(steps > 30, "seed {seed}");
    }
    assert!(renewed.into_inner() > 100, "facts are seldom renewed");
}
