//! Child processes that must not outlive this one, nor keep it waiting for ever.
//!
//! A destructor does not run when a test run is killed, and a static is never dropped. So each
//! long-lived child gets a watchdog: a shell that blocks on a pipe from this process. In whatever
//! way this process ends, the kernel closes the pipe, and the shell kills the child and removes its
//! folder.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

const TICK: Duration = Duration::from_millis(20);

/// Bounded, because a container without an init process may keep a dead orphan's entry for ever.
const WATCH: &str = r#"
cat >/dev/null
kill -QUIT "$1" 2>/dev/null; kill -CONT "$1" 2>/dev/null
n=0; while kill -0 "$1" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
kill -KILL "$1" 2>/dev/null
[ -z "$2" ] || rm -rf "$2"
"#;

/// Keeps this process's `COUNTERSIGN_…` variables from a service: those of a test run are not
/// settings, and the service would not start with them.
pub(crate) fn remove_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"COUNTERSIGN_") {
            command.env_remove(name);
        }
    }
}

/// A child with its watchdog. Dropping it kills the child.
#[derive(Debug)]
pub(crate) struct Guarded {
    child: Child,
    watchdog: Child,
}

impl Guarded {
    /// Starts `command` in a process group of its own, so that Ctrl-C reaches only this process,
    /// which decides the order in which things stop. `folder` is removed too if this process dies
    /// without cleaning up.
    pub(crate) fn spawn(mut command: Command, folder: Option<&Path>) -> Result<Self> {
        let mut child = command
            .process_group(0)
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let watchdog = Command::new("/bin/sh")
            .args(["-c", WATCH, "watchdog"])
            .arg(child.id().to_string())
            .arg(folder.unwrap_or(Path::new("")))
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match watchdog {
            Ok(watchdog) => Ok(Self { child, watchdog }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error).context("cannot start the watchdog /bin/sh")
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        kill(pid(self.pid()), signal).with_context(|| format!("cannot send {signal}"))
    }

    /// Stops it like SIGSTOP, and waits until none of its threads runs.
    pub(crate) fn freeze(&self) -> Result<()> {
        self.signal(Signal::SIGSTOP)?;
        let flags = WaitPidFlag::WUNTRACED | WaitPidFlag::WNOHANG;
        let stopped = poll(Duration::from_secs(10), || {
            let status = waitpid(pid(self.pid()), Some(flags))?;
            Ok(matches!(status, WaitStatus::Stopped(..)).then_some(()))
        })?;
        stopped.context("SIGSTOP did not stop it")
    }

    pub(crate) fn exited(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// The exit status, or `None` if the child still runs after `limit`.
    pub(crate) fn wait_within(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        poll(limit, || self.exited())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // The watchdog first: afterwards the child's pid may belong to another process.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Calls `probe` until it has an answer or `limit` has passed.
pub(crate) fn poll<T>(
    limit: Duration,
    mut probe: impl FnMut() -> Result<Option<T>>,
) -> Result<Option<T>> {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = probe()? {
            return Ok(Some(found));
        }
        if Instant::now() >= end {
            return Ok(None);
        }
        std::thread::sleep(TICK);
    }
}

/// The direct children of `parent`, as the system lists them now.
pub(crate) fn children(parent: u32) -> Result<Vec<u32>> {
    // Slim containers lack `ps`; other systems lack `/proc`.
    if !cfg!(target_os = "linux") {
        let listing = Command::new("ps")
            .args(["-A", "-o", "pid=,ppid="])
            .output()
            .context("cannot run ps")?;
        return Ok(children_in(
            String::from_utf8_lossy(&listing.stdout).lines(),
            parent,
        ));
    }
    let processes = fs::read_dir("/proc")
        .context("cannot read /proc")?
        .flatten();
    let states: Vec<String> = processes
        .filter_map(|process| fs::read_to_string(process.path().join("stat")).ok())
        .filter_map(|state| pid_and_parent(&state))
        .collect();
    Ok(children_in(states.iter().map(String::as_str), parent))
}

/// Parses `pid (program) state ppid …`; the program's name may have blanks and parentheses.
fn pid_and_parent(state: &str) -> Option<String> {
    let pid = state.split_once(' ')?.0;
    let parent = state.rsplit_once(')')?.1.split_whitespace().nth(1)?;
    Some(format!("{pid} {parent}"))
}

fn children_in<'a>(rows: impl Iterator<Item = &'a str>, parent: u32) -> Vec<u32> {
    let pair = |row: &str| {
        let mut numbers = row.split_whitespace().map(str::parse::<u32>);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    let pairs = rows.filter_map(pair);
    pairs
        .filter(|pair| pair.1 == parent)
        .map(|pair| pair.0)
        .collect()
}

pub(crate) fn pid(raw: u32) -> Pid {
    Pid::from_raw(raw.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_the_rows_with_that_parent() {
        assert_eq!(
            children_in("  1 0\n 12  1\n 13 12\n 14  1\n".lines(), 1),
            [12, 14]
        );
        assert_eq!(pid_and_parent("7 (a) b 9) S 5 7 0"), Some("7 5".to_owned()));
    }

    #[test]
    fn the_watchdog_ends_the_child_and_its_folder_when_the_pipe_breaks() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sleep");
        command.arg("600");
        let mut sleeper = Guarded::spawn(command, Some(folder.path())).unwrap();
        drop(sleeper.watchdog.stdin.take());
        // In the background of a shell SIGQUIT is ignored, and the end comes by SIGKILL after 10 s.
        assert!(
            sleeper
                .wait_within(Duration::from_secs(30))
                .unwrap()
                .is_some()
        );
        assert!(sleeper.watchdog.wait().is_ok());
        assert!(!folder.path().exists());
    }

    #[test]
    fn waiting_ends_at_the_limit() {
        let mut command = Command::new("sleep");
        command.arg("600");
        let mut sleeper = Guarded::spawn(command, None).unwrap();
        assert!(
            sleeper
                .wait_within(Duration::from_millis(30))
                .unwrap()
                .is_none()
        );
    }
}
