//! Steps: commands that announce themselves, are timed, and stop with this process.
//!
//! A child in a group of its own does not get the terminal's Ctrl-C. This process does, ends the
//! child's whole group, and then returns through the destructors, so that the private database is
//! removed too.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// The process group of the running step; 0 without one.
static GROUP: AtomicI32 = AtomicI32::new(0);

/// Makes Ctrl-C, SIGTERM and SIGHUP end the running step, and prevent the next ones.
pub(crate) fn stop_children_on_signals() -> Result<()> {
    let handler = || {
        // A second signal ends the process at once.
        let again = INTERRUPTED.swap(true, SeqCst);
        end_group(if again {
            Signal::SIGKILL
        } else {
            Signal::SIGTERM
        });
    };
    ctrlc::set_handler(handler).context("cannot listen for signals")
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .map(Path::to_owned)
        .unwrap_or_default()
}

/// `cargo` with these arguments, at the root of the repository.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).args(arguments);
    cargo
}

/// Builds the service, and returns its path.
pub(crate) fn service_binary() -> Result<PathBuf> {
    binary("countersign")
}

/// Builds a program of the workspace, and returns its path, which is beside this one.
pub(crate) fn binary(name: &str) -> Result<PathBuf> {
    // The features of the test build, so that almost nothing is compiled twice.
    run(&mut cargo(&[
        "build",
        "--quiet",
        "--workspace",
        "--all-features",
        "--locked",
        "--bin",
        name,
    ]))?;
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// Runs a command to its end.
///
/// # Errors
/// Fails if it cannot start, if it fails, or if this process was interrupted.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let name = format!("{} {}", command.get_program().display(), words(command));
    let mut child = command
        .process_group(0)
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot run {name}"))?;
    GROUP.store(child.id().cast_signed(), SeqCst);
    if INTERRUPTED.load(SeqCst) {
        end_group(Signal::SIGTERM);
    }
    let status = child.wait();
    GROUP.store(0, SeqCst);
    go_on()?;
    ensure!(status?.success(), "`{name}` failed");
    Ok(())
}

/// Runs a short command to its end, and returns what it printed.
///
/// # Errors
/// Fails if it cannot start, or if it fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = format!("{} {}", command.get_program().display(), words(command));
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot run {name}"))?;
    ensure!(output.status.success(), "`{name}` failed");
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

/// Runs one named step, and reports its result and duration.
pub(crate) fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    go_on()?;
    eprintln!("==> {name}");
    let start = Instant::now();
    let outcome = work();
    let seconds = start.elapsed().as_secs_f32();
    match &outcome {
        Ok(()) => eprintln!("<== {name}: ok, {seconds:.1} s"),
        Err(error) => eprintln!("<== {name}: FAILED, {seconds:.1} s: {error:#}"),
    }
    outcome
}

/// The name of a step, and its work.
pub(crate) type Step<'a> = (&'static str, Box<dyn FnOnce() -> Result<()> + 'a>);

/// Runs all steps, even after one has failed, and fails at the end if any did.
pub(crate) fn all<'a>(steps: impl IntoIterator<Item = Step<'a>>) -> Result<()> {
    let mut failed = Vec::new();
    for (name, work) in steps {
        if step(name, work).is_err() {
            go_on()?;
            failed.push(name);
        }
    }
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

fn go_on() -> Result<()> {
    if INTERRUPTED.load(SeqCst) {
        bail!("interrupted");
    }
    Ok(())
}

fn end_group(signal: Signal) {
    let group = GROUP.load(SeqCst);
    if group != 0 {
        // It may have ended by itself just now.
        let _ = killpg(Pid::from_raw(group), signal);
    }
}

fn words(command: &Command) -> String {
    let words: Vec<_> = command
        .get_args()
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}
