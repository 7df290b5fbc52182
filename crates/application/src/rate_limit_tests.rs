use governor::clock::FakeRelativeClock;

use super::*;

const ONE: NonZeroU32 = NonZeroU32::MIN;

fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

/// 60 a minute with a burst of 5, and its clock.
fn limit<K: Hash + Eq + Clone>() -> (RateLimit<K, FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    let limit = RateLimit::with_clock("tries", number(60), number(5), clock.clone());
    (limit, clock)
}

#[test]
fn a_key_has_its_burst_and_then_its_pace() {
    let (limit, clock) = limit();
    for _ in 0..5 {
        assert_eq!(limit.take(&"one", ONE), Ok(()));
    }
    let reached = limit.take(&"one", ONE).unwrap_err();
    let expected = LimitReached {
        policy: "tries",
        per_minute: number(60),
        wait_seconds: 2,
    };
    assert_eq!(reached, expected);
    assert_eq!(limit.take(&"other", ONE), Ok(()));
    clock.advance(Duration::from_secs(1));
    assert_eq!(limit.take(&"one", ONE), Ok(()));
    assert!(limit.take(&"one", ONE).is_err());
}

#[test]
fn a_refusal_costs_nothing() {
    let (limit, clock) = limit();
    limit.take(&"one", number(5)).unwrap();
    for _ in 0..1000 {
        limit.take(&"one", ONE).unwrap_err();
    }
    clock.advance(Duration::from_secs(2));
    assert_eq!(limit.take(&"one", number(2)), Ok(()));
}

#[test]
fn what_costs_more_than_the_burst_takes_all_of_it() {
    let (limit, _) = limit();
    assert_eq!(limit.take(&"one", number(1000)), Ok(()));
    assert!(limit.take(&"one", ONE).is_err());
    limit.take(&"two", ONE).unwrap();
    assert!(limit.take(&"two", number(1000)).is_err());
}

#[test]
fn millions_of_keys_take_no_more_memory_and_are_no_way_around_the_limit() {
    let (limit, clock) = limit::<u32>();
    let mut admitted = 0;
    for key in 0..1_000_000 {
        admitted += usize::from(limit.take(&key, ONE).is_ok());
    }
    assert_eq!(limit.keys.len(), MOST_KEYS);
    assert_eq!(admitted, MOST_KEYS + 5, "beyond them one allowance for all");
    // Keys that have their whole allowance again are removed, and others are remembered in their
    // place.
    clock.advance(Duration::from_mins(1));
    *limit.swept.lock().unwrap() = None;
    assert_eq!(limit.take(&u32::MAX, number(5)), Ok(()));
    assert!(limit.take(&u32::MAX, ONE).is_err());
    assert_eq!(limit.take(&(u32::MAX - 1), ONE), Ok(()));
    assert_eq!(limit.keys.len(), 2);
}

#[test]
fn a_network_of_version_6_counts_as_one() {
    let of = |address: &str| network(address.parse().unwrap());
    assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:0:0:1"));
    assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
}
