//! How many checks are answered while the database is away, if all tokens were being updated until
//! then.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::update::{self, Kind};
use crate::bench::client::Client;
use crate::bench::load::{Request, as_f64};
use crate::bench::reference::{Door, doors};
use crate::bench::results::{Key, OURS, Results};
use crate::bench::setup::{BenchSetup, Database};
use crate::bench::{pgbench, say, seed};
use crate::server::Server;

pub(in crate::bench) const PART: &str = "outage";
pub(in crate::bench) const WHAT: &str = "checks within an outage of 20 s";
pub(in crate::bench) const ANSWERED: &str = "answered";
const CHECKS: &str = "checks";

/// How many tokens are updated and checked all the time, half of them at each node.
pub(in crate::bench) const TOKENS: u64 = 30;
const NODES: usize = 2;
const BEFORE: Duration = Duration::from_secs(3);
const OUTAGE: Duration = Duration::from_secs(20);
/// Between two checks of all tokens at one node.
const PAUSE: Duration = Duration::from_millis(50);

pub(in crate::bench) fn measure(setup: &mut BenchSetup, results: &mut Results) -> Result<()> {
    let database = setup.postgres(setup.options.stored())?;
    for round in 0..setup.options.rounds {
        let nodes: Vec<Server> = (0..NODES)
            .map(|_| setup.serve(&database, &[]))
            .collect::<Result<_>>()?;
        let (answered, all) = drill(setup, &database, &nodes)?;
        ensure!(all > 0, "nothing was checked");
        let key = Key {
            part: PART,
            what: WHAT,
            subject: OURS,
            x: TOKENS,
            unit: ANSWERED,
        };
        let share = as_f64(answered) / as_f64(all);
        results.add(key, round, share);
        results.add(
            Key {
                unit: CHECKS,
                ..key
            },
            round,
            as_f64(all),
        );
        say(&format!(
            "    round {round}: {answered} of {all} checks answered"
        ));
    }
    Ok(())
}

/// What the threads of a drill share.
#[derive(Default)]
struct Drill {
    away: AtomicBool,
    over: AtomicBool,
    checks: AtomicU64,
    answered: AtomicU64,
}

/// How many of the checks were answered, and how many there were.
fn drill(setup: &mut BenchSetup, database: &Database, nodes: &[Server]) -> Result<(u64, u64)> {
    // Beside those that other parts change.
    let (stride, _) = pgbench::places(database, 1)?;
    let numbers: Vec<u64> = (0..TOKENS)
        .map(|place| place * stride + stride - 1)
        .collect();
    let found = update::versions(database, numbers.iter().copied())?;
    ensure!(found.len() == numbers.len(), "the tokens are not there");
    let request = Kind::Expiry.request(database)?;
    let door = doors(database).into_iter().next().context("no door")?;
    let drill = Drill::default();
    let cluster = setup.cluster()?;
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for ((value, version), node) in found.iter().zip(nodes.iter().cycle()) {
            let (drill, request) = (&drill, &request);
            threads.push(scope.spawn(move || updates(drill, node, request, value, *version)));
        }
        for node in nodes {
            let (drill, door, numbers) = (&drill, &door, &numbers);
            threads.push(scope.spawn(move || checks(drill, node, door, numbers)));
        }
        thread::sleep(BEFORE);
        let frozen = cluster.freeze();
        drill.away.store(true, Ordering::SeqCst);
        if frozen.is_ok() {
            thread::sleep(OUTAGE);
        }
        drill.away.store(false, Ordering::SeqCst);
        drill.over.store(true, Ordering::SeqCst);
        frozen.and_then(|()| cluster.thaw())?;
        for thread in threads {
            thread
                .join()
                .map_err(|_| anyhow::anyhow!("a thread broke"))??;
        }
        let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        Ok((count(&drill.answered), count(&drill.checks)))
    })
}

/// Changes one token again and again; what fails within the outage is tried again.
fn updates(
    drill: &Drill,
    node: &Server,
    request: &Request,
    value: &str,
    mut version: u64,
) -> Result<()> {
    let mut client = Client::connect(node.address())?;
    while !drill.over.load(Ordering::SeqCst) {
        let answer = client.ask_at(request, value, version)?;
        match answer.status {
            200 => version += 1,
            // Before the outage nothing stands in the way.
            status => ensure!(
                drill.away.load(Ordering::SeqCst) || drill.over.load(Ordering::SeqCst),
                "an update is answered with {status}: {}",
                answer.body
            ),
        }
    }
    Ok(())
}

/// Checks all tokens in turn, and counts those checks that begin within the outage.
fn checks(drill: &Drill, node: &Server, door: &Door, numbers: &[u64]) -> Result<()> {
    let mut client = Client::connect(node.address())?;
    let secrets: Vec<_> = numbers.iter().map(|number| seed::secret(*number)).collect();
    while !drill.over.load(Ordering::SeqCst) {
        let begin = Instant::now();
        for secret in &secrets {
            let counts = drill.away.load(Ordering::SeqCst);
            let status = client.ask(&door.request, secret.expose())?.status;
            if counts {
                drill.checks.fetch_add(1, Ordering::SeqCst);
                drill
                    .answered
                    .fetch_add(u64::from(status / 100 == 2), Ordering::SeqCst);
            }
        }
        thread::sleep(PAUSE.saturating_sub(begin.elapsed()));
    }
    Ok(())
}
