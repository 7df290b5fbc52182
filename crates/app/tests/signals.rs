//! Signals of a terminal, a shell or a process manager: each ends the service in order, or not at
//! all.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;

use std::{
    io::{BufRead as _, BufReader, Lines},
    os::unix::process::ExitStatusExt as _,
    process::{Child, ChildStderr, Command, Stdio},
};

use common::{BINARY, bare};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

/// A service that listens, and the rest of its log.
struct Service {
    process: Child,
    log: Lines<BufReader<ChildStderr>>,
    _folder: TempDir,
}

impl Drop for Service {
    fn drop(&mut self) {
        // A failed test leaves no process behind.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Service {
    /// Started by a shell that has done this before.
    fn start(before: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = bare(folder.path());
        let mut shell = Command::new("sh");
        let script = format!("{before}; exec {BINARY} serve --listen 127.0.0.1:0");
        shell.args(["-c", &script]).current_dir(folder.path());
        for (name, _) in settings.get_envs() {
            shell.env_remove(name);
        }
        shell.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = shell.spawn().unwrap();
        let log = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut service = Self {
            process,
            log,
            _folder: folder,
        };
        service.until("listening");
        service
    }

    fn send(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.id().cast_signed()), signal).unwrap();
    }

    /// The next line of the log that has this in it.
    fn until(&mut self, word: &str) -> String {
        let mut lines = self.log.by_ref().map(Result::unwrap);
        let found = lines.find(|line| line.contains(word));
        found.unwrap_or_else(|| panic!("no line with {word}"))
    }

    /// Ends in order, by that signal.
    fn ends(mut self, signal: Signal) {
        let stopping = self.until("stopping");
        assert!(stopping.contains(signal.as_str()), "{signal}: {stopping}");
        self.until("stopped");
        let status = self.process.wait().unwrap();
        assert_eq!(
            (status.code(), status.signal()),
            (Some(0), None),
            "{signal}"
        );
    }
}

#[test]
fn these_end_the_service_in_order() {
    for signal in [
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
        Signal::SIGQUIT,
        Signal::SIGXCPU,
        #[cfg(target_os = "linux")]
        Signal::SIGPWR,
    ] {
        let service = Service::start("true");
        service.send(signal);
        service.ends(signal);
    }
}

#[test]
fn these_do_not_end_it_and_those_that_would_are_logged() {
    let mut service = Service::start("true");
    for signal in [
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGALRM,
        Signal::SIGIO,
        Signal::SIGVTALRM,
        Signal::SIGPROF,
        #[cfg(target_os = "linux")]
        Signal::SIGSTKFLT,
    ] {
        service.send(signal);
        let line = service.until(signal.as_str());
        assert!(line.contains("nothing is reloaded"), "{line}");
    }
    #[cfg(target_os = "linux")]
    for number in [nix::libc::SIGRTMIN(), nix::libc::SIGRTMAX()] {
        // A command of the system's, because the safe interface knows no real-time signals.
        let process = service.process.id().to_string();
        let sent = Command::new("kill")
            .args([format!("-{number}"), process])
            .status();
        assert!(sent.unwrap().success());
        let line = service.until("real-time");
        assert!(line.contains("nothing is reloaded"), "{line}");
    }
    for signal in [
        Signal::SIGPIPE,
        Signal::SIGWINCH,
        Signal::SIGCHLD,
        Signal::SIGURG,
        Signal::SIGCONT,
    ] {
        service.send(signal);
    }
    service.send(Signal::SIGTERM);
    service.ends(Signal::SIGTERM);
}

#[test]
fn a_service_under_nohup_outlives_its_terminal() {
    let service = Service::start("trap '' HUP");
    service.send(Signal::SIGHUP);
    service.send(Signal::SIGTERM);
    service.ends(Signal::SIGTERM);
}
