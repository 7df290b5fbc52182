//! Rate limits of one node, for operations that cost the service more than they cost the caller.
//! The memory of a limit is bounded, however many keys there are: if there are more than
//! [`MOST_KEYS`] at once, all of them share one allowance.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Mutex,
    time::{Duration, Instant},
};

use governor::{
    NotUntil, Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed, keyed::HashMapStateStore},
};
use thiserror::Error;

/// The maximum number of keys that a limit remembers, at about 50 bytes each.
const MOST_KEYS: usize = 16_384;

/// The pause of a full memory between two searches for keys that can be removed.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);

/// The limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the limit of {} {policy} a minute is reached", self.per_minute)]
pub struct LimitReached {
    /// The limit's name.
    pub policy: &'static str,
    /// The number that it allows per minute in the long run.
    pub per_minute: NonZeroU32,
    /// The number of seconds until there is room again; at least one.
    pub wait_seconds: u64,
}

/// An allowance per minute for each key, with a burst on top of it.
#[derive(Debug)]
pub struct RateLimit<K, C = MonotonicClock>
where
    K: Hash + Eq + Clone,
    C: Clock,
{
    policy: &'static str,
    per_minute: NonZeroU32,
    burst: NonZeroU32,
    keys: RateLimiter<K, HashMapStateStore<K>, C, NoOpMiddleware<C::Instant>>,
    /// The shared limit of all keys while the memory is full.
    crowd: RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<C::Instant>>,
    swept: Mutex<Option<Instant>>,
    clock: C,
}

impl<K: Hash + Eq + Clone> RateLimit<K> {
    /// Creates a limit by this machine's monotonic clock.
    #[must_use]
    pub fn new(policy: &'static str, per_minute: NonZeroU32, burst: NonZeroU32) -> Self {
        Self::with_clock(policy, per_minute, burst, MonotonicClock)
    }
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> RateLimit<K, C> {
    fn with_clock(
        policy: &'static str,
        per_minute: NonZeroU32,
        burst: NonZeroU32,
        clock: C,
    ) -> Self {
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        Self {
            policy,
            per_minute,
            burst,
            keys: RateLimiter::hashmap_with_clock(quota, clock.clone()),
            crowd: RateLimiter::direct_with_clock(quota, clock.clone()),
            swept: Mutex::default(),
            clock,
        }
    }

    /// Takes `cost` from the key's allowance; a cost beyond the whole burst takes the whole burst.
    ///
    /// # Errors
    /// Returns an error if the allowance has less left.
    pub fn take(&self, key: &K, cost: NonZeroU32) -> Result<(), LimitReached> {
        let cost = cost.min(self.burst);
        let taken = if self.is_full() {
            self.crowd.check_n(cost)
        } else {
            self.keys.check_key_n(key, cost)
        };
        match taken {
            Ok(Err(not_until)) => Err(self.reached(&not_until)),
            // A cost beyond the burst was limited to it above.
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    fn reached(&self, not_until: &NotUntil<C::Instant>) -> LimitReached {
        let wait = not_until.wait_time_from(self.clock.now());
        LimitReached {
            policy: self.policy,
            per_minute: self.per_minute,
            wait_seconds: wait.as_secs() + 1,
        }
    }

    /// Whether no further key can be remembered, even after removing those with their whole
    /// allowance.
    fn is_full(&self) -> bool {
        if self.keys.len() < MOST_KEYS {
            return false;
        }
        // If another thread is sweeping, it does so for all.
        if let Ok(mut swept) = self.swept.try_lock()
            && swept.is_none_or(|at| at.elapsed() >= SWEEP_PAUSE)
        {
            self.keys.retain_recent();
            *swept = Some(Instant::now());
        }
        self.keys.len() >= MOST_KEYS
    }
}

/// The network that counts for an address: a client with one IPv6 address has at least a /64 of
/// them.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
#[path = "rate_limit_tests.rs"]
mod tests;
