//! Wakes the generator in the microsecond in which a request is due.
//!
//! The wait of the event queue counts in milliseconds, which would put up to one of them on every latency at a fixed
//! pace; to spin instead would take a core from the service.

use std::time::Duration;

use anyhow::Result;
use mio::Registry;

/// The token under which it reports.
pub(super) const ALARM: mio::Token = mio::Token(usize::MAX);

#[cfg(target_os = "linux")]
mod system {
    use std::os::fd::{AsFd as _, AsRawFd as _};

    use mio::Interest;
    use mio::unix::SourceFd;
    use nix::sys::time::TimeSpec;
    use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

    use super::{ALARM, Duration, Registry, Result};

    #[derive(Debug)]
    pub(crate) struct Alarm(TimerFd);

    impl Alarm {
        pub(crate) fn new(registry: &Registry) -> Result<Self> {
            let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
            let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
            registry.register(
                &mut SourceFd(&timer.as_fd().as_raw_fd()),
                ALARM,
                Interest::READABLE,
            )?;
            Ok(Self(timer))
        }

        /// To be set again after each ring, which also silences the one before.
        pub(crate) fn set(&self, after: Duration) -> Result<Option<Duration>> {
            // Zero would switch it off.
            let after = after.max(Duration::from_nanos(1));
            let once = Expiration::OneShot(TimeSpec::from_duration(after));
            self.0.set(once, TimerSetTimeFlags::empty())?;
            Ok(None)
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::{Duration, Registry, Result};

    /// Other systems' queues wait in nanoseconds by themselves.
    #[derive(Debug)]
    pub(crate) struct Alarm;

    impl Alarm {
        #[expect(clippy::unnecessary_wraps, reason = "the other system's can fail")]
        pub(crate) fn new(_: &Registry) -> Result<Self> {
            Ok(Self)
        }

        #[expect(clippy::unnecessary_wraps, reason = "the other system's can fail")]
        pub(crate) fn set(&self, after: Duration) -> Result<Option<Duration>> {
            Ok(Some(after))
        }
    }
}

pub(super) use system::Alarm;
