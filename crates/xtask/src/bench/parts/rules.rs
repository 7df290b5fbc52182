//! What the rules cost without anything around them: time by criterion, instructions by callgrind.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::bench::load::as_f64;
use crate::bench::results::{Key, OURS, Results};
use crate::bench::say;
use crate::bench::setup::{BenchSetup, cargo};

pub(in crate::bench) const PART: &str = "rules";
pub(in crate::bench) const NANOS: &str = "ns";
pub(in crate::bench) const INSTRUCTIONS: &str = "instructions";
/// Of the target: from the text of a secret to the verdict.
pub(in crate::bench) const WHOLE: &str = "check/parse, digest and admit";

const TIMES: u64 = 10_000;

pub(in crate::bench) fn measure(setup: &BenchSetup, results: &mut Results) -> Result<()> {
    let key = Key {
        part: PART,
        what: "",
        subject: OURS,
        x: 0,
        unit: NANOS,
    };
    let mut bench = vec!["-p", "countersign-domain", "--bench", "check"];
    if setup.options.quick {
        bench.extend(["--", "--quick"]);
    }
    cargo(setup.programs(), "bench", &bench)?;
    let folder = setup
        .programs()
        .parent()
        .context("no target folder")?
        .join("criterion");
    for (name, nanos) in estimates(&folder)? {
        say(&format!("    {name}: {nanos:.1} ns"));
        results.add(Key { what: &name, ..key }, 0, nanos);
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        results.missing.push((
            PART.to_owned(),
            "instructions: there is no valgrind here".to_owned(),
        ));
        return Ok(());
    }
    cargo(
        setup.programs(),
        "build",
        &["-p", "countersign-domain", "--example", "instructions"],
    )?;
    let program = setup.programs().join("examples/instructions");
    let names = Command::new(&program).output()?.stdout;
    for name in String::from_utf8(names)?.lines() {
        // Between a run and one of twice the length lies nothing but the operation.
        let (once, twice) = (
            instructions(&program, name, TIMES)?,
            instructions(&program, name, 2 * TIMES)?,
        );
        let each = as_f64(twice.saturating_sub(once)) / as_f64(TIMES);
        say(&format!("    {name}: {each:.0} instructions"));
        results.add(
            Key {
                what: name,
                unit: INSTRUCTIONS,
                ..key
            },
            0,
            each,
        );
    }
    Ok(())
}

/// The median of each of criterion's measurements, by the name that it has there.
fn estimates(folder: &Path) -> Result<Vec<(String, f64)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?
        {
            let path = entry?.path();
            if path.ends_with("new") {
                let read = |file: &str| -> Result<Value> {
                    Ok(serde_json::from_slice(&fs::read(path.join(file))?)?)
                };
                let (named, told) = (read("benchmark.json")?, read("estimates.json")?);
                let name = named["full_id"]
                    .as_str()
                    .context("a measurement without a name")?;
                let median = told["median"]["point_estimate"]
                    .as_f64()
                    .context("a measurement without a median")?;
                found.push((name.to_owned(), median));
            } else if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

fn instructions(program: &Path, name: &str, times: u64) -> Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([name, &times.to_string()]);
    let output = valgrind
        .stdin(Stdio::null())
        .output()
        .context("cannot run valgrind")?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "valgrind: {}", told.trim_end());
    let collected = told
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    Ok(collected
        .context("valgrind has collected nothing")?
        .1
        .trim()
        .parse()?)
}
