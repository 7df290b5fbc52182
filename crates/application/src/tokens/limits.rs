//! How much of the history one token, and one tenant, may make a minute. A change is counted by the size of its event,
//! because an event stays for ever. Revoking is never counted: it is what ends a leaked token, and each token is revoked
//! only once. What stores nothing but says something of a token counts as one change.

use std::num::NonZeroU32;

use countersign_domain::{Actor, Change, TenantId, TokenId};

use crate::{LimitReached, RateLimit};

/// The size of an event up to which its change counts as one, in bytes; each further portion counts as one more.
const PORTION: usize = 4096;

/// How many minutes' worth of changes may be made at once.
const BURST_MINUTES: u32 = 10;

/// How much more the tokens of a tenant may change together than each of them, so that a leaked token gains little by
/// making others that change on its behalf.
const TOKENS_PER_TENANT: u32 = 10;

/// The limits of changes, of one node.
#[derive(Debug)]
pub(super) struct ChangeLimits {
    tokens: RateLimit<TokenId>,
    tenants: RateLimit<TenantId>,
}

impl ChangeLimits {
    pub(super) fn new(per_minute: NonZeroU32) -> Self {
        let of_tenant = times(per_minute, TOKENS_PER_TENANT);
        Self {
            tokens: RateLimit::new("changes", per_minute, times(per_minute, BURST_MINUTES)),
            tenants: RateLimit::new("tenant-changes", of_tenant, times(of_tenant, BURST_MINUTES)),
        }
    }

    /// Counts a change that is about to be stored.
    pub(super) fn count(&self, actor: &Actor, change: &Change) -> Result<(), LimitReached> {
        let portions = change.event().content.size().div_ceil(PORTION);
        let cost = u32::try_from(portions).unwrap_or(u32::MAX);
        self.take(actor, NonZeroU32::new(cost).unwrap_or(NonZeroU32::MIN))
    }

    /// Counts an attempt that stores nothing.
    pub(super) fn count_attempt(&self, actor: &Actor) -> Result<(), LimitReached> {
        self.take(actor, NonZeroU32::MIN)
    }

    fn take(&self, actor: &Actor, cost: NonZeroU32) -> Result<(), LimitReached> {
        // The operator's own commands are not counted.
        let Some(token) = actor.token else {
            return Ok(());
        };
        self.tokens.take(&token, cost)?;
        self.tenants.take(&actor.tenant, cost)
    }
}

fn times(number: NonZeroU32, factor: u32) -> NonZeroU32 {
    NonZeroU32::new(factor).map_or(number, |factor| number.saturating_mul(factor))
}
