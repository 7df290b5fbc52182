//! How long a start takes until the first right answer, and how big the program is.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::bench::client::Client;
use crate::bench::reference::doors;
use crate::bench::results::{Key, OURS, Results};
use crate::bench::say;
use crate::bench::setup::{BenchSetup, Database};
use crate::cluster::free_port;
use crate::process::remove_settings;

pub(in crate::bench) const PART: &str = "start";
pub(in crate::bench) const ON: [&str; 2] = [
    "to the first answer, PostgreSQL",
    "to the first answer, SQLite",
];
pub(in crate::bench) const SIZE: &str = "size of the program";
pub(in crate::bench) const SECONDS: &str = "s";
pub(in crate::bench) const MIB: &str = "MiB";

const LIMIT: Duration = Duration::from_secs(30);

pub(in crate::bench) fn measure(setup: &mut BenchSetup, results: &mut Results) -> Result<()> {
    let stored = setup.options.stored();
    let databases = [setup.postgres(stored)?, setup.sqlite(stored)?];
    let key = Key {
        part: PART,
        what: SIZE,
        subject: OURS,
        x: 0,
        unit: MIB,
    };
    let size = std::fs::metadata(setup.service())?.len();
    results.add(key, 0, super::super::load::as_f64(size) / 1_048_576.0);
    // A start is short, so that more of them are no burden.
    for round in 0..setup.options.rounds.max(7) {
        for (what, database) in ON.into_iter().zip(&databases) {
            let took = start(setup, database)?;
            results.add(
                Key {
                    what,
                    unit: SECONDS,
                    x: stored,
                    ..key
                },
                round,
                took.as_secs_f64(),
            );
            say(&format!(
                "    {what} round {round}: {:.0} ms",
                took.as_secs_f64() * 1e3
            ));
        }
    }
    Ok(())
}

/// Starts the process, and asks until a credential is found to hold.
fn start(setup: &BenchSetup, database: &Database) -> Result<Duration> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
    let request = &doors(database)[2].request;
    let folder = tempfile::tempdir()?;
    let begin = Instant::now();
    let mut service = Command::new(setup.service());
    remove_settings(&mut service);
    let mut service = service
        .current_dir(folder.path())
        .env("COUNTERSIGN_LISTEN", address.to_string())
        .env("COUNTERSIGN_DATABASE_URL", &database.url)
        .envs(setup.options.environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let right = loop {
        let answer =
            Client::connect(address).and_then(|mut client| client.ask(request, &database.root));
        if answer.is_ok_and(|answer| answer.status == 200) || begin.elapsed() > LIMIT {
            break begin.elapsed();
        }
        thread::sleep(Duration::from_micros(500));
    };
    service.kill()?;
    service.wait()?;
    ensure!(right < LIMIT, "no answer within {} s", LIMIT.as_secs());
    Ok(right)
}
