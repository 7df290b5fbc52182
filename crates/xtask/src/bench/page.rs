//! The page: what was reached, all numbers behind it, and how they came to be.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::plots::{Drawn, grouped};
use super::results::{Key, Results, Sample};
use super::targets::{Bound, Target, count, targets};

const HEAD: &str = "# Benchmarks

Written by `cargo xtask bench`; do not edit. Anyone can run it again: it builds everything in release, starts its own
PostgreSQL (durable: fsync and synchronous_commit on, else with its defaults), its own services and its own load
generator, all on one machine, and removes them afterwards. `cargo xtask bench --help` tells how to measure a part, and
`cargo xtask bench --render` writes this page anew from the numbers in [results.json](benchmarks/results.json).

**How to read it.** The service and its reference take turns, round by round, in one run on one machine. What counts is
the ratio: each round's own, and the median over the rounds. All other numbers are medians over the rounds, too. They
say little about another machine, and the load generator and the database take their share of this one.

- *Bare axum* (`crates/http/examples/bare.rs`) answers the same requests with the same bytes as the service, and does
  nothing else.
- *pgbench* sends prepared statements from as many clients: for a check, a select of one row by its primary key, from a
  table like that of the secrets.
- *pgbench, lean statement* (`crates/xtask/src/bench/lean/`) is what changes of tokens are measured by: in a database of its
  own in the same server, an update by version, its user's new name and a row of history, on a schema that has nothing
  else. It looks at no actor and nothing is found by name. *pgbench, own statement* is the one that the service sends for a
  single change of the expiry, on the service's tables. Each client of either, and of the service, changes 50 tokens in
  turn, which lie all over the tables.
- *PUT, answered by a bare server*: the same requests, answered by bare axum. It is the ceiling of the load generator.
- *At half of the peak* requests are due at a steady pace, half of the rate that was just measured, whether or not earlier
  ones are answered; each wait counts from when its request was due.
- *Bare transaction* is an update and the insert of its event by SQLite alone, one after the other, flushed each time. *Not
  flushed* is the ceiling of the program that measures it.
- *The API's query* is the same view of the same tokens as the console's list, as JSON and with all matches counted; the
  service's own line is the page, with its session, as HTML.
- *Whole pages logged*: the first change of a page after a checkpoint has PostgreSQL write all of it (8 KiB) to its log.
- *Warm* means that every credential was asked about before; *cold*, that each is asked about for the first time.
";

pub(super) fn page(results: &Results, drawn: &[Drawn], notes: &str) -> String {
    let mut page = HEAD.to_owned();
    facts(&mut page, results);
    verdicts(&mut page, &targets(results));
    if !notes.trim().is_empty() {
        // What a person found out about the numbers.
        let _ = write!(page, "\n{}\n", notes.trim());
    }
    for (part, title) in [
        ("check", "Check"),
        ("update", "Update"),
        ("update-sizes", "Updates of growing stores"),
        ("growth", "Growth"),
        ("memory", "Memory"),
        ("start", "Start and size"),
        ("rules", "Rules"),
        ("console", "Console"),
        ("outage", "Outage"),
    ] {
        section(&mut page, results, part, title, drawn);
    }
    page
}

fn facts(page: &mut String, results: &Results) {
    page.push_str("\n## Where and how\n\n| | |\n|---|---|\n");
    for (name, value) in results.machine.iter().chain(&results.settings) {
        let _ = writeln!(page, "| {name} | {} |", cell(value));
    }
    let commits: BTreeSet<&String> = results.parts.values().collect();
    let commits: Vec<_> = commits.into_iter().map(String::as_str).collect();
    let _ = writeln!(page, "| commit | {} |", commits.join(", "));
}

fn verdicts(page: &mut String, targets: &[Target]) {
    page.push_str(
        "\n## What was to be reached\n\n| what | wanted | measured | |\n|---|---|---|---|\n",
    );
    for target in targets {
        let bound = match target.bound {
            Bound::AtLeast => "at least",
            Bound::AtMost => "at most",
        };
        let found = target.found.map_or("—".to_owned(), number);
        let verdict = match target.reached() {
            Some(true) => "reached",
            Some(false) => "**missed**",
            None => "not measured",
        };
        let (what, wanted, unit) = (&target.what, number(target.wanted), &target.unit);
        let _ = writeln!(
            page,
            "| {what} | {bound} {wanted} {unit} | {found} | {verdict} |"
        );
    }
}

fn section(page: &mut String, results: &Results, part: &str, title: &str, drawn: &[Drawn]) {
    let samples: Vec<&Sample> = results
        .samples
        .iter()
        .filter(|sample| sample.part == part)
        .collect();
    let missing: Vec<_> = results
        .missing
        .iter()
        .filter(|entry| entry.0 == part)
        .collect();
    if samples.is_empty() && missing.is_empty() {
        return;
    }
    let _ = writeln!(page, "\n## {title}");
    for picture in drawn.iter().filter(|picture| picture.part == part) {
        let _ = writeln!(page, "\n![{}](benchmarks/{})", picture.words, picture.file);
    }
    for (_, why) in missing {
        let _ = writeln!(page, "\nNot measured: {}.", cell(why).trim_end_matches('.'));
    }
    if !samples.is_empty() {
        table(page, results, part, &samples);
    }
}

/// One row per thing, place and subject, one column per unit.
fn table(page: &mut String, results: &Results, part: &str, samples: &[&Sample]) {
    let mut units: Vec<&str> = Vec::new();
    let mut rows: Vec<(&str, u64, &str)> = Vec::new();
    for sample in samples {
        let row = (&*sample.what, sample.x, &*sample.subject);
        // The middle of the curve is in the picture.
        if !["p75", "p95", "p99.5", "p99.95"]
            .iter()
            .any(|skipped| sample.unit.starts_with(&format!("{skipped} ")))
            && !units.contains(&&*sample.unit)
        {
            units.push(&sample.unit);
        }
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    // What is measured together stands together, and subjects below each other.
    let order: Vec<&str> = rows.iter().map(|row| row.0).collect();
    rows.sort_by_key(|row| (order.iter().position(|what| *what == row.0), row.1));
    let at = match part {
        "check" | "update" => "clients",
        "growth" | "start" | "console" | "update-sizes" => "stored",
        "outage" => "tokens",
        "memory" => "stored or cached",
        _ => "",
    };
    let _ = write!(page, "\n| what | {at} | who |");
    for unit in &units {
        let _ = write!(page, " {unit} |");
    }
    let _ = writeln!(page, "\n|---|---|---|{}", "---:|".repeat(units.len()));
    for (what, x, subject) in rows {
        let place = if x == 0 { String::new() } else { count(x) };
        let _ = write!(page, "| {what} | {place} | {subject} |");
        for unit in &units {
            let found = results.median(Key {
                part,
                what,
                subject,
                x,
                unit,
            });
            let _ = write!(page, " {} |", found.map_or(String::new(), number));
        }
        page.push('\n');
    }
}

/// As many digits as mean something.
fn number(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..1000.0 => format!("{value:.1}"),
        _ => grouped(value),
    }
}

/// Without what would end a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}
