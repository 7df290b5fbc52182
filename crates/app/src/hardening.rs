//! What the process asks of the system before it reads anything, and before there is a second thread.

use nix::sys::{
    resource::{Resource, setrlimit},
    signal::{SigSet, Signal},
};

/// Applies to every command. What the system refuses stays as it was.
pub(crate) fn begin() {
    // A write beyond the limit of a file's size (`ulimit -f`, `LimitFSIZE=`) would end the process by this signal. Once
    // it is blocked, here and in every thread that comes, such a write fails with EFBIG, as one to a full disk does.
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGXFSZ);
    let _ = blocked.thread_block();
    // The memory holds secrets: it goes into no core file, and no other process of the same user may look into it.
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_dumpable(false);
}
