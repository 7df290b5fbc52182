//! Does one operation of the rules a given number of times, and nothing else, so that a tool that counts
//! instructions sees what it costs. Without arguments it says which operations there are.

#[path = "../benches/inputs/mod.rs"]
mod inputs;

use std::{env, hint::black_box, io, io::Write as _, process::ExitCode};

use countersign_domain::{PermissionSet, Secret};
use inputs::{attempt, credential, secret, set};

/// A name, and what to do.
type Operation = (&'static str, Box<dyn Fn()>);

fn operation<T>(name: &'static str, once: impl Fn() -> T + 'static) -> Operation {
    let seen = move || {
        let _ = black_box(once());
    };
    (name, Box::new(seen))
}

fn admit(name: &'static str, addresses: &[&str]) -> Operation {
    let (credential, attempt) = (credential(addresses), attempt());
    operation(name, move || {
        black_box(&credential).admit(black_box(&attempt))
    })
}

/// Of all permissions and of half of them.
fn on_sets<T: 'static>(
    name: &'static str,
    once: fn(&PermissionSet, &PermissionSet) -> T,
) -> Operation {
    let (all, half) = (set(64), set(32));
    operation(name, move || once(black_box(&all), black_box(&half)))
}

/// The names are those of the benchmark `check`.
fn operations() -> Vec<Operation> {
    let text = secret();
    let digest = move || Secret::parse(black_box(&text)).map(|secret| secret.digest());
    let (whole, credential, attempt) = (digest.clone(), credential(&["192.0.2.0/24"]), attempt());
    vec![
        admit("admit/from anywhere", &[]),
        admit("admit/from a network", &["192.0.2.0/24"]),
        operation("check/parse and digest", digest),
        operation("check/parse, digest and admit", move || {
            let digest = black_box(whole());
            let admitted = black_box(&credential).admit(black_box(&attempt)).is_ok();
            (digest.is_ok(), admitted)
        }),
        on_sets("permission set/subset/64", |all, half| half.is_subset(all)),
        on_sets("permission set/union/64", |all, half| half.union(all)),
        on_sets("permission set/difference/64", |all, half| {
            all.difference(half)
        }),
    ]
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let operations = operations();
    let [name, times] = &words[..] else {
        let names: Vec<_> = operations.iter().map(|operation| operation.0).collect();
        let told = writeln!(io::stdout(), "{}", names.join("\n"));
        return if told.is_ok() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    };
    let found = operations.iter().find(|operation| operation.0 == name);
    let (Some((_, operation)), Ok(times)) = (found, times.parse::<u64>()) else {
        return ExitCode::FAILURE;
    };
    for _ in 0..times {
        operation();
    }
    ExitCode::SUCCESS
}
