//! Slows down whoever signs in badly. Guessing a secret of 256 bits is hopeless at any speed; what this saves is the
//! database, and what it shows is that somebody tries.

use std::net::{IpAddr, Ipv6Addr};

use countersign_domain::Timestamp;
use quick_cache::sync::Cache;

/// How many sign-ins may fail before the next has to wait.
const FREE: u32 = 5;
/// The longest wait, in seconds.
const LONGEST: i64 = 300;
/// After so many seconds without a bad sign-in everything is forgotten.
const FORGOTTEN: i64 = 900;
/// How many addresses are remembered; the least recent are forgotten for new ones.
const REMEMBERED: usize = 10_000;

/// Bad sign-ins by where they come from, on this node.
pub(crate) struct Slow(Cache<Option<IpAddr>, Tries>);

#[derive(Debug, Clone, Copy)]
struct Tries {
    count: u32,
    last: Timestamp,
}

impl Default for Slow {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl Slow {
    /// Lets a sign-in be tried, and counts it as a bad one until [`Self::good`] takes that back, so that many at once
    /// are no way around the wait.
    ///
    /// # Errors
    /// The seconds to wait before the next try.
    pub(crate) fn admit(&self, address: Option<IpAddr>, now: Timestamp) -> Result<(), i64> {
        let key = address.map(network);
        let before = self
            .0
            .get(&key)
            .filter(|tries| now < after(tries.last, FORGOTTEN));
        let count = before.map_or(0, |tries| tries.count);
        if let Some(tries) = before {
            let until = after(tries.last, wait(count));
            if now < until {
                let micros = until.as_micros() - now.as_micros();
                return Err(micros / 1_000_000 + 1);
            }
        }
        let count = count.saturating_add(1);
        self.0.insert(key, Tries { count, last: now });
        Ok(())
    }

    /// The sign-in that was just admitted was a good one.
    pub(crate) fn good(&self, address: Option<IpAddr>) {
        let key = address.map(network);
        if let Some(mut tries) = self.0.get(&key) {
            tries.count = tries.count.saturating_sub(1);
            self.0.insert(key, tries);
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

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_first_are_free_and_each_further_one_waits_twice_as_long() {
        let slow = Slow::default();
        let home = Some(address("192.0.2.1"));
        for _ in 0..5 {
            assert_eq!(slow.admit(home, at(0)), Ok(()));
        }
        assert_eq!(slow.admit(home, at(0)), Err(2));
        assert_eq!(slow.admit(home, at(1)), Ok(()));
        assert_eq!(slow.admit(home, at(2)), Err(2));
        assert_eq!(slow.admit(home, at(3)), Ok(()));
        assert!(slow.admit(home, at(6)).is_err());
        assert_eq!(
            slow.admit(Some(address("192.0.2.2")), at(0)),
            Ok(()),
            "somebody else"
        );
    }

    #[test]
    fn no_wait_is_longer_than_five_minutes_and_a_quiet_quarter_of_an_hour_is_enough() {
        let slow = Slow::default();
        let mut now = 0;
        for _ in 0..40 {
            while let Err(seconds) = slow.admit(None, at(now)) {
                assert!(seconds <= LONGEST + 1);
                now += seconds;
            }
        }
        assert!(slow.admit(None, at(now)).is_err());
        for _ in 0..5 {
            assert_eq!(slow.admit(None, at(now + FORGOTTEN)), Ok(()));
        }
    }

    #[test]
    fn good_ones_cost_nothing_and_bad_ones_stay_counted() {
        let slow = Slow::default();
        let home = Some(address("192.0.2.1"));
        for _ in 0..4 {
            slow.admit(home, at(0)).unwrap();
        }
        for _ in 0..20 {
            slow.admit(home, at(0)).unwrap();
            slow.good(home);
        }
        slow.admit(home, at(0)).unwrap();
        assert!(slow.admit(home, at(0)).is_err());
    }

    #[test]
    fn a_network_of_version_6_counts_as_one() {
        let slow = Slow::default();
        for n in 0..5 {
            slow.admit(Some(address(&format!("2001:db8::{n}"))), at(0))
                .unwrap();
        }
        assert!(slow.admit(Some(address("2001:db8::ffff")), at(0)).is_err());
        assert!(slow.admit(Some(address("2001:db8:0:1::1")), at(0)).is_ok());
    }
}
