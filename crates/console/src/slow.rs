//! Slows down whoever signs in badly. Guessing a secret of 256 bits is hopeless at any speed; what this saves is the
//! database, and what it shows is that somebody tries.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use countersign_domain::Timestamp;

/// How many sign-ins may fail before the next has to wait.
const FREE: u32 = 5;
/// The longest wait, in seconds.
const LONGEST: i64 = 300;
/// After so many seconds without a bad sign-in everything is forgotten.
const FORGOTTEN: i64 = 900;
/// How many addresses are remembered.
const REMEMBERED: usize = 10_000;

/// Bad sign-ins by where they come from, on this node. Those of nobody knows where are not counted: whoever makes them
/// would hold up everybody else of whom nothing is known either.
#[derive(Default)]
pub(crate) struct Slow(Mutex<HashMap<IpAddr, Tries>>);

#[derive(Debug, Clone, Copy)]
struct Tries {
    count: u32,
    last: Timestamp,
}

/// A sign-in that may be tried, with what was known before of where it comes from.
#[must_use]
pub(crate) struct Try {
    from: Option<IpAddr>,
    before: Option<Tries>,
}

impl Slow {
    /// Lets a sign-in be tried, and counts it as a bad one until [`Self::forgive`] takes that back, so that many at once
    /// are no way around the wait.
    ///
    /// # Errors
    /// The seconds to wait before the next try.
    pub(crate) fn admit(&self, address: Option<IpAddr>, now: Timestamp) -> Result<Try, i64> {
        let Some(from) = address.map(network) else {
            return Ok(Try {
                from: None,
                before: None,
            });
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stands = |tries: &Tries| now < after(tries.last, FORGOTTEN);
        let before = known.get(&from).copied().filter(stands);
        let count = before.map_or(0, |tries| tries.count);
        if let Some(tries) = before {
            let until = after(tries.last, wait(count));
            if now < until {
                let micros = until.as_micros() - now.as_micros();
                return Err(micros / 1_000_000 + 1);
            }
        }
        if known.len() >= REMEMBERED {
            known.retain(|_, tries| stands(tries));
            // Whoever has that many addresses is not to be slowed down by address.
            if known.len() >= REMEMBERED {
                known.clear();
            }
        }
        let count = count.saturating_add(1);
        known.insert(from, Tries { count, last: now });
        Ok(Try {
            from: Some(from),
            before,
        })
    }

    /// The sign-in was no bad one: it counts for nothing, and what counted before still does.
    pub(crate) fn forgive(&self, Try { from, before }: Try) {
        let Some(from) = from else { return };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (known.get_mut(&from), before) {
            (Some(now), Some(before)) => {
                now.count = now.count.saturating_sub(1);
                if now.count <= before.count {
                    now.last = before.last;
                }
            }
            (Some(now), None) if now.count > 1 => now.count -= 1,
            (_, None) => drop(known.remove(&from)),
            (None, Some(_)) => {}
        }
    }
}

/// In seconds: none at first, then twice as long each time.
fn wait(count: u32) -> i64 {
    match count.checked_sub(FREE) {
        None => 0,
        Some(more) => 1_i64
            .checked_shl(more.min(30))
            .unwrap_or(LONGEST)
            .min(LONGEST),
    }
}

fn after(at: Timestamp, seconds: i64) -> Timestamp {
    at.minus_seconds(-seconds)
}

/// Whoever has one IPv6 address has at least a /64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000 + seconds * 1_000_000).unwrap()
    }

    /// A bad sign-in, or how long to wait for one.
    fn bad(slow: &Slow, address: &str, seconds: i64) -> Result<(), i64> {
        let address = Some(address.parse().unwrap());
        slow.admit(address, at(seconds)).map(drop)
    }

    const HOME: &str = "192.0.2.1";

    #[test]
    fn the_first_are_free_and_each_further_one_waits_twice_as_long() {
        let slow = Slow::default();
        for _ in 0..5 {
            assert_eq!(bad(&slow, HOME, 0), Ok(()));
        }
        assert_eq!(bad(&slow, HOME, 0), Err(2));
        assert_eq!(bad(&slow, HOME, 1), Ok(()));
        assert_eq!(bad(&slow, HOME, 2), Err(2));
        assert_eq!(bad(&slow, HOME, 3), Ok(()));
        assert!(bad(&slow, HOME, 6).is_err());
        assert_eq!(bad(&slow, "192.0.2.2", 0), Ok(()), "somebody else");
    }

    #[test]
    fn no_wait_is_longer_than_five_minutes_and_a_quiet_quarter_of_an_hour_is_enough() {
        let slow = Slow::default();
        let mut now = 0;
        for _ in 0..40 {
            while let Err(seconds) = bad(&slow, HOME, now) {
                assert!(seconds <= LONGEST + 1);
                now += seconds;
            }
        }
        assert!(bad(&slow, HOME, now).is_err());
        for _ in 0..5 {
            assert_eq!(bad(&slow, HOME, now + FORGOTTEN), Ok(()));
        }
    }

    #[test]
    fn good_ones_cost_nothing_and_change_nothing() {
        let slow = Slow::default();
        let good = |seconds| {
            let home = Some(HOME.parse().unwrap());
            slow.forgive(slow.admit(home, at(seconds)).unwrap());
        };
        good(0);
        for _ in 0..4 {
            bad(&slow, HOME, 0).unwrap();
        }
        for second in 0..20 {
            good(second);
        }
        bad(&slow, HOME, 20).unwrap();
        assert!(bad(&slow, HOME, 20).is_err(), "the bad ones stay counted");
        good(21);
        assert_eq!(
            bad(&slow, HOME, 20),
            Err(2),
            "and their time runs from the last of them"
        );
        assert_eq!(bad(&slow, HOME, 20 + FORGOTTEN), Ok(()));
    }

    #[test]
    fn a_network_of_version_6_counts_as_one_and_nowhere_as_none() {
        let slow = Slow::default();
        for n in 0..5 {
            bad(&slow, &format!("2001:db8::{n}"), 0).unwrap();
        }
        assert!(bad(&slow, "2001:db8::ffff", 0).is_err());
        assert!(bad(&slow, "2001:db8:0:1::1", 0).is_ok());
        for _ in 0..50 {
            assert!(slow.admit(None, at(0)).is_ok());
        }
    }
}
