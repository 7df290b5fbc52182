//! Signals. Those that ask for the end are remembered, so that one that comes during the start is
//! not lost; those that mean nothing here must not end the process without grace, which is what
//! they do by default.

use std::{fs, future::poll_fn, task::Poll};

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;
use tokio::signal::unix::{self, SignalKind, signal};

/// What each asks for: an orderly end. A terminal that closes sends SIGHUP, Ctrl-\ SIGQUIT, a limit
/// of computing time SIGXCPU.
const ENDING: [Signal; 5] = [
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGXCPU,
];

/// What programs are sent to make them reload or report something; there is nothing of the kind
/// here.
const IGNORED: [Signal; 4] = [
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGIO,
];

/// Listens from the moment it is made.
pub(crate) struct ShutdownSignal(Vec<(Signal, unix::Signal)>);

impl ShutdownSignal {
    /// Begins to listen; from here on the signals no longer end the process by themselves.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn new() -> Result<Self> {
        let hangup_is_ignored = ignores(Signal::SIGHUP);
        let heard = ENDING.into_iter().chain(IGNORED);
        let listen = heard
            // Whoever starts it by nohup wants it to outlive the terminal.
            .filter(|kind| *kind != Signal::SIGHUP || !hangup_is_ignored)
            .map(|kind| {
                let stream = signal(SignalKind::from_raw(kind as i32));
                Ok((kind, stream.context("cannot listen for signals")?))
            });
        listen.collect::<Result<_>>().map(Self)
    }

    /// Returns once somebody has asked to stop.
    pub(crate) async fn asked(&mut self) {
        loop {
            let signal = self.next().await;
            let name = signal.as_str();
            if ENDING.contains(&signal) {
                tracing::info!(signal = name, "stopping");
                return;
            }
            tracing::warn!(signal = name, "the signal is ignored: nothing is reloaded");
        }
    }

    async fn next(&mut self) -> Signal {
        poll_fn(|cx| {
            for (kind, stream) in &mut self.0 {
                if stream.poll_recv(cx).is_ready() {
                    return Poll::Ready(*kind);
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// Whether the process was started with a signal ignored; known on Linux alone (proc(5), `SigIgn`).
fn ignores(signal: Signal) -> bool {
    let Ok(status) = fs::read_to_string("/proc/self/status") else {
        return false;
    };
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal as i32 - 1) & 1 == 1)
}
