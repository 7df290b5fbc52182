//! Hardening of the process, before it reads anything and before there is a second thread.

use nix::sys::{
    resource::{Resource, setrlimit},
    signal::{SigSet, Signal},
};

/// Applies to every command. If the system refuses a step, its state stays as it was.
pub(crate) fn begin() {
    // A write beyond the limit of a file's size (`ulimit -f`, `LimitFSIZE=`) would end the process
    // by this signal. If it is blocked, here and in every later thread, such a write fails with
    // EFBIG, like one to a full disk.
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGXFSZ);
    let _ = blocked.thread_block();
    // The memory holds secrets: it must go into no core file, and no other process of the same user
    // may read it.
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_dumpable(false);
}
