//! The position of a reader in the feed: the transactions whose changes it has got.
//!
//! Transactions do not commit in the order of their ids, so no single id is a position. A reader
//! has got every id below the next one, except those that were still running when it read.
//!
//! The next id follows the newest event that was visible, not the server's own counter: after a
//! crash the server may issue the same ids again, to transactions that the reader would then miss.
//! The id of a visible event has been flushed to disk, and is never issued again.

use std::fmt::Write as _;

use countersign_application::ports::FeedPosition;

/// The content of a position. It is written as the next id, followed by the differences down to
/// each that was running: `1042-3-1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FeedCursor {
    next: u64,
    /// The ids of running transactions, the greatest first.
    running: Vec<u64>,
}

impl FeedCursor {
    /// Builds it from the id of the newest event and a snapshot in the server's format (PostgreSQL,
    /// "Transaction ID and Snapshot Information Functions"), both of one moment.
    pub(crate) fn of(newest: Option<&str>, snapshot: &str) -> Option<Self> {
        let next = match newest {
            Some(number) => read(number)?.checked_add(1)?,
            None => 0,
        };
        let (_, running) = snapshot.rsplit_once(':')?;
        let numbers = running.split(',').filter(|number| !number.is_empty());
        let mut running: Vec<u64> = numbers.map(read).collect::<Option<_>>()?;
        running.retain(|number| *number < next);
        running.sort_unstable_by(|a, b| b.cmp(a));
        Some(Self { next, running })
    }

    /// Parses a position; `None` if the text is not one.
    pub(crate) fn parse(position: &FeedPosition) -> Option<Self> {
        let mut numbers = position.as_str().split('-').map(read);
        let next = numbers.next()??;
        let steps = numbers.scan(next, |at, step| {
            let below = step
                .filter(|step| *step > 0)
                .and_then(|step| at.checked_sub(step));
            *at = below.unwrap_or(*at);
            Some(below)
        });
        let running = steps.collect::<Option<_>>()?;
        Some(Self { next, running })
    }

    /// Writes the position. If more transactions are running than a position has room for, it is
    /// the position before all of them: changes that are reported twice are not missed.
    pub(crate) fn position(&self) -> Option<FeedPosition> {
        let mut text = self.next.to_string();
        let mut at = self.next;
        for number in &self.running {
            let _ = write!(text, "-{}", at - number);
            at = *number;
        }
        let lowest = || self.running.last().unwrap_or(&self.next).to_string();
        text.parse().or_else(|_| lowest().parse()).ok()
    }

    /// Whether a reader can come from there to here. It cannot if events that it got are gone, as
    /// after a restore.
    pub(crate) fn follows(&self, before: &Self) -> bool {
        self.next >= before.next
    }

    /// The first of the ids that are all ahead.
    pub(crate) fn next(&self) -> String {
        self.next.to_string()
    }

    /// The ids below it that are ahead as well.
    pub(crate) fn running(&self) -> Vec<String> {
        self.running.iter().map(u64::to_string).collect()
    }
}

/// Parses digits only; the library also accepts a sign.
fn read(number: &str) -> Option<u64> {
    let plain = number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(next: u64, running: &[u64]) -> FeedCursor {
        let running = running.to_vec();
        FeedCursor { next, running }
    }

    #[test]
    fn what_runs_above_the_newest_event_is_ahead_anyway() {
        let of = |newest, snapshot| FeedCursor::of(newest, snapshot).unwrap();
        assert_eq!(
            of(Some("41"), "10:50:10,20,41,45"),
            place(42, &[41, 20, 10])
        );
        assert_eq!(of(Some("9"), "10:10:"), place(10, &[]));
        assert_eq!(of(None, "10:50:10,20"), place(0, &[]));
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        for (written, text) in [
            (place(0, &[]), "0"),
            (place(42, &[]), "42"),
            (place(42, &[41, 20, 10]), "42-1-21-10"),
            (
                place(u64::MAX, &[0]),
                "18446744073709551615-18446744073709551615",
            ),
        ] {
            let position = written.position().unwrap();
            assert_eq!(position.as_str(), text);
            assert_eq!(FeedCursor::parse(&position), Some(written));
        }
    }

    #[test]
    fn what_is_no_place_is_told_apart() {
        for text in [
            "a",
            "-",
            "-1",
            "1-",
            "1-0",
            "1-2",
            "+1",
            "1-+1",
            "1--1",
            "1:2",
            "18446744073709551616",
        ] {
            assert_eq!(FeedCursor::parse(&text.parse().unwrap()), None, "{text}");
        }
    }

    #[test]
    fn no_crowd_is_too_large_for_a_position() {
        // A hundred nodes with all their connections, each in a commit.
        let crowd: Vec<u64> = (0..1600).map(|n| 9_000_000_000 - n * 37).collect();
        let full = place(9_000_000_001, &crowd);
        assert_eq!(FeedCursor::parse(&full.position().unwrap()), Some(full));
        let crowd: Vec<u64> = (0..9000).map(|n| 9_000_000_000 - n).collect();
        let before = place(9_000_000_001, &crowd).position().unwrap();
        assert_eq!(
            FeedCursor::parse(&before),
            Some(place(9_000_000_000 - 8999, &[]))
        );
    }
}
