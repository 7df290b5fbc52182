//! Signals. Those that ask for the end are remembered, so that one that comes during the start is
//! not lost. Those without a meaning here must not end the process abruptly, which is their
//! default.

use std::{fs, future::poll_fn, task::Poll};

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;
use tokio::signal::unix::{self, SignalKind, signal};

/// Signals that ask for an orderly shutdown. A terminal that closes sends SIGHUP, Ctrl-\ SIGQUIT, a
/// limit of CPU time SIGXCPU, a power supply or LXC SIGPWR.
const ENDING: &[Signal] = &[
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGXCPU,
    #[cfg(target_os = "linux")]
    Signal::SIGPWR,
];

/// Signals that make other programs reload or report something, or that come from timers and
/// profilers; this one does nothing of the kind. Neither do the real-time signals.
const IGNORED: &[Signal] = &[
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGIO,
    Signal::SIGVTALRM,
    Signal::SIGPROF,
    #[cfg(target_os = "linux")]
    Signal::SIGSTKFLT,
];

/// Listens for signals, each known by its number, from its creation on.
pub(crate) struct ShutdownSignal(Vec<(i32, unix::Signal)>);

impl ShutdownSignal {
    /// Begins to listen; from now on the signals no longer end the process by themselves.
    ///
    /// # Errors
    /// Fails if the system refuses.
    pub(crate) fn new() -> Result<Self> {
        let hangup_is_ignored = ignores(Signal::SIGHUP);
        let listen = ENDING
            .iter()
            .chain(IGNORED)
            // A process under nohup is meant to outlive the terminal.
            .filter(|kind| **kind != Signal::SIGHUP || !hangup_is_ignored)
            .map(|kind| *kind as i32)
            .chain(real_time())
            .map(|number| {
                let stream = signal(SignalKind::from_raw(number));
                Ok((number, stream.context("cannot listen for signals")?))
            });
        listen.collect::<Result<_>>().map(Self)
    }

    /// Returns once a signal asked to stop.
    pub(crate) async fn asked(&mut self) {
        loop {
            let number = self.next().await;
            let known = Signal::try_from(number).ok();
            let name = known.map_or("real-time", Signal::as_str);
            if known.is_some_and(|signal| ENDING.contains(&signal)) {
                tracing::info!(signal = name, "stopping");
                return;
            }
            tracing::warn!(
                signal = name,
                number,
                "the signal is ignored: nothing is reloaded"
            );
        }
    }

    async fn next(&mut self) -> i32 {
        poll_fn(|cx| {
            for (number, stream) in &mut self.0 {
                if stream.poll_recv(cx).is_ready() {
                    return Poll::Ready(*number);
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// The real-time signals, which are free for programs to use.
#[cfg(target_os = "linux")]
fn real_time() -> std::ops::RangeInclusive<i32> {
    nix::libc::SIGRTMIN()..=nix::libc::SIGRTMAX()
}

/// The real-time signals, of which this system has none.
#[cfg(not(target_os = "linux"))]
fn real_time() -> std::ops::Range<i32> {
    0..0
}

/// Whether the process was started with a signal ignored; known only on Linux (proc(5), `SigIgn`).
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
