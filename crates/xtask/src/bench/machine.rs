//! What the machine is, so that a reader knows with what to compare.

use std::fs::{self, File};
use std::io::Write as _;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use super::top;
use crate::cluster::find_or_install;

pub(super) fn facts() -> Result<Vec<(String, String)>> {
    let cores = std::thread::available_parallelism()?;
    let mut facts = vec![
        ("cores", cores.to_string()),
        ("processor", line_of("/proc/cpuinfo", "model name")),
        ("memory", line_of("/proc/meminfo", "MemTotal")),
        (
            "system",
            said(Command::new("uname").args(["-s", "-r", "-m"])),
        ),
        ("flush of 8 KiB to disk, median", flush()?),
        (
            "PostgreSQL",
            said(Command::new(find_or_install()?.join("postgres")).arg("--version")),
        ),
        ("compiler", said(Command::new("rustc").arg("--version"))),
    ];
    facts.retain(|fact| !fact.1.is_empty());
    Ok(facts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect())
}

/// The commit that is checked out; with a mark where files differ from it.
pub(super) fn commit() -> String {
    let mut git = Command::new("git");
    git.current_dir(top())
        .args(["-c", "safe.directory=*", "describe", "--always", "--dirty"]);
    said(&mut git)
}

/// How many bytes are free where temporary files go.
pub(super) fn free_disk() -> Option<u64> {
    let answer = said(Command::new("df").args(["-Pk", "/tmp"]));
    let kibibytes: u64 = answer
        .lines()
        .nth(1)?
        .split_whitespace()
        .nth(3)?
        .parse()
        .ok()?;
    Some(kibibytes * 1024)
}

fn line_of(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_once(':'))
        .map(|found| found.1.trim().to_owned())
        .unwrap_or_default()
}

fn said(command: &mut Command) -> String {
    let output = command
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}

/// What a commit has to wait for, whoever makes it.
fn flush() -> Result<String> {
    let folder = tempfile::tempdir_in("/tmp")?;
    let mut file = File::create(folder.path().join("flush"))?;
    let mut times = Vec::new();
    for _ in 0..101 {
        file.write_all(&[7; 8192])?;
        let begin = Instant::now();
        file.sync_data()?;
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    Ok(format!("{} µs", times[times.len() / 2].as_micros()))
}
