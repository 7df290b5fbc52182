//! The packages, tried as their users would: the service of each starts, does its main job and
//! stops in order.

mod image;
mod package;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::{Signal, kill};

use crate::process::{Guarded, pid, poll};
use crate::python::python;

pub use self::image::image;
pub use self::package::package;

const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Waits until `healthcheck` succeeds, and fails if the service ends before.
fn wait_until_ready(service: &mut Guarded, mut healthcheck: impl FnMut() -> Command) -> Result<()> {
    let ready = poll(START_LIMIT, || {
        let ended = service.exited()?;
        ensure!(ended.is_none(), "the service ended at once: see above");
        let answer = healthcheck().stderr(Stdio::null()).status()?;
        Ok(answer.success().then_some(()))
    })?;
    ready.context("the service was not ready in time")
}

/// Creates, updates, verifies and revokes a token with the root token's secret in `secret`.
fn main_job(address: &str, secret: &Path) -> Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/main_job.py");
    let root =
        std::fs::read(secret).with_context(|| format!("no root token in {}", secret.display()))?;
    let mut client = python()?
        .arg(script)
        .arg(format!("http://{address}"))
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = client.stdin.take() {
        input.write_all(&root)?;
    }
    ensure!(client.wait()?.success(), "the main job failed: see above");
    Ok(())
}

/// Sends SIGTERM to the process `target` and expects `service` to exit with 0.
fn stop(service: &mut Guarded, target: u32) -> Result<()> {
    kill(pid(target), Signal::SIGTERM)?;
    let status = service.wait_within(STOP_LIMIT)?;
    let status = status.context("the service still runs after SIGTERM")?;
    ensure!(
        status.success(),
        "after SIGTERM the service ended with {status}"
    );
    Ok(())
}

/// Runs a command to its end and returns what it printed.
fn output(command: &mut Command) -> Result<String> {
    let name = format!("{command:?}");
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot run {name}"))?;
    ensure!(output.status.success(), "{name} failed");
    Ok(String::from_utf8(output.stdout)?)
}
