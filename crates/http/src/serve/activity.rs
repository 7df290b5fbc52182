//! The activity of one connection, for the accept loop when it looks for a connection to close. The
//! connection updates it with every request, so each update is one store to memory.

use std::{
    future::poll_fn,
    sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    task::Poll,
};

use futures_util::task::AtomicWaker;

/// In place of an instant while a request is in progress.
const BUSY: u64 = u64::MAX;

/// The connection may stay.
const STAY: u8 = 0;
/// The connection is asked to close if it is idle and its client has read every answer.
const CLOSE: u8 = 1;
/// The connection is asked to close if it is idle, also if an answer has not been read.
const CLOSE_UNREAD: u8 = 2;

/// A connection without a request in progress. Connections that sort first are closed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Idle {
    /// Whether the end of an answer waits for the client to read it.
    unread: bool,
    /// Microseconds from the start of the server.
    since: u64,
}

/// The activity of one connection.
#[derive(Debug)]
pub(super) struct Activity {
    /// Microseconds from the start of the server to the end of the last request, or to the
    /// connection's beginning.
    idle_since: AtomicU64,
    unread: AtomicBool,
    asked: AtomicU8,
    task: AtomicWaker,
}

impl Activity {
    /// A new connection, without a request so far.
    pub(super) const fn new(now: u64) -> Self {
        Self {
            idle_since: AtomicU64::new(now),
            unread: AtomicBool::new(false),
            asked: AtomicU8::new(STAY),
            task: AtomicWaker::new(),
        }
    }

    /// Marks the connection as not idle: a request is in progress, or the connection is over.
    pub(super) fn busy(&self) {
        self.idle_since.store(BUSY, Ordering::Relaxed);
    }

    /// Marks the connection as idle.
    pub(super) fn idle(&self, now: u64) {
        self.idle_since.store(now, Ordering::Relaxed);
    }

    /// Records whether bytes of an answer wait for the client to read them.
    pub(super) fn unread(&self, unread: bool) {
        if self.unread.load(Ordering::Relaxed) != unread {
            self.unread.store(unread, Ordering::Relaxed);
        }
    }

    /// The instant since which the connection is idle; `None` during a request, and if it was asked
    /// to close.
    pub(super) fn seen(&self) -> Option<Idle> {
        let since = self.idle_since.load(Ordering::Relaxed);
        let stays = self.asked.load(Ordering::Relaxed) == STAY;
        (since != BUSY && stays).then(|| Idle {
            unread: self.unread.load(Ordering::Relaxed),
            since,
        })
    }

    /// Asks the connection to close, if it is unchanged since `seen`. Returns whether it was asked.
    pub(super) fn evict(&self, seen: Idle) -> bool {
        let unchanged = self.seen() == Some(seen);
        if unchanged {
            let asked = if seen.unread { CLOSE_UNREAD } else { CLOSE };
            self.asked.store(asked, Ordering::Release);
            self.task.wake();
        }
        unchanged
    }

    /// Returns once the connection was asked to close and is idle. The connection's own task
    /// decides, so a request that has begun in the meantime is never cut.
    pub(super) async fn evicted(&self) {
        poll_fn(|cx| {
            self.task.register(cx.waker());
            let asked = self.asked.load(Ordering::Acquire);
            if asked == STAY {
                return Poll::Pending;
            }
            self.asked.store(STAY, Ordering::Relaxed);
            match self.seen() {
                Some(Idle { unread, .. }) if !unread || asked == CLOSE_UNREAD => Poll::Ready(()),
                _ => Poll::Pending,
            }
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn only_a_connection_that_is_still_idle_closes() {
        let activity = Activity::new(5);
        assert_eq!(activity.evicted().now_or_never(), None, "nobody asked");
        let seen = activity.seen().unwrap();
        activity.busy();
        assert_eq!(activity.seen(), None);
        assert!(!activity.evict(seen), "a request has begun");
        activity.idle(6);
        assert!(!activity.evict(seen), "a request has ended");
        let seen = activity.seen().unwrap();
        assert!(activity.evict(seen) && !activity.evict(seen), "asked once");
        activity.busy();
        assert_eq!(activity.evicted().now_or_never(), None, "not cut");
        activity.idle(7);
        assert_eq!(activity.evicted().now_or_never(), None, "nor closed later");
        assert!(activity.evict(activity.seen().unwrap()));
        assert_eq!(activity.evicted().now_or_never(), Some(()));
    }

    #[test]
    fn an_answer_that_is_not_read_goes_after_all_that_are() {
        let (reads, deaf) = (Activity::new(9), Activity::new(1));
        deaf.unread(true);
        assert!(reads.seen() < deaf.seen());
        assert!(deaf.evict(deaf.seen().unwrap()));
        assert_eq!(deaf.evicted().now_or_never(), Some(()));
        assert!(reads.evict(reads.seen().unwrap()));
        reads.unread(true);
        assert_eq!(reads.evicted().now_or_never(), None, "it was asked gently");
    }
}
