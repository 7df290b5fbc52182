//! What the surface is given from outside: the use cases, and the few things that a deployment decides about it.

use std::{
    fmt,
    num::NonZeroU32,
    ops::Deref,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::http::HeaderMap;
use countersign_application::{
    Tokens, Users,
    ports::{ChangeFeed, Clock, Entropy, StoreHealth},
};
use countersign_domain::{RequestId, TenantId};
use countersign_gate::Gate;
use tracing::Span;

use crate::{
    ChangeBroadcast, Metrics, Timekeeping, Writability, refusal_throttle::RefusalThrottle,
    stream_limit::StreamLimit,
};

/// What the surface calls.
#[derive(Clone)]
pub struct ApiServices {
    /// The use cases of tokens.
    pub tokens: Tokens,
    /// The use cases of users.
    pub users: Users,
    /// The check of credentials, with the proxies that are believed.
    pub gate: Gate,
    /// What was committed, for streams that go on from a place of their own.
    pub feed: Arc<dyn ChangeFeed>,
    /// What is committed from now on.
    pub news: ChangeBroadcast,
    /// Whether this node's clock can be believed.
    pub time: Timekeeping,
    /// Whether the store takes changes.
    pub writability: Writability,
    /// Tells whether the store answers.
    pub probe: Arc<dyn StoreHealth>,
    /// Chance, for request ids.
    pub entropy: Arc<dyn Entropy>,
    /// Time, for request ids.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Metrics,
}

impl fmt::Debug for ApiServices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

/// What the collector's side does with a request's span, which the surface cannot do itself.
#[derive(Debug, Clone, Copy)]
pub struct Traces {
    /// Makes it the child of its caller's, by the request's headers.
    pub adopt: fn(&Span, &HeaderMap),
    /// Gives it another name, once the route is known.
    pub rename: fn(&Span, String),
}

/// What a deployment decides.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where clients reach the service, without a slash at its end; `None` = by the authority that they ask for.
    pub public_url: Option<String>,
    /// The tenant that the service's own numbers belong to; its catalog alone has the permission to read them.
    pub home: Option<TenantId>,
    /// Whether the numbers are shown elsewhere, and not here.
    pub metrics_elsewhere: bool,
    /// How many streams of changes there may be at once; `None` = as many as are asked for.
    pub most_streams: Option<usize>,
    /// How many requests of an address a minute are refused as they should be, before they are answered with 429; `None`
    /// = all of them.
    pub refusals_per_minute: Option<NonZeroU32>,
    /// The origins of pages whose scripts may call the API, each exactly as browsers send it in
    /// `Origin`; none by default.
    pub cors_origins: Vec<String>,
    /// How the spans of requests are told to whoever collects them; `None` = there are none.
    pub traces: Option<Traces>,
}

/// Both, as every handler sees them.
#[derive(Debug, Clone)]
pub(crate) struct ApiState(Arc<StateInner>);

#[derive(Debug)]
struct StateInner {
    services: ApiServices,
    streams: StreamLimit,
    refusals: RefusalThrottle,
    settings: Settings,
    ids: Ids,
}

impl ApiState {
    pub(crate) fn new(services: ApiServices, settings: Settings) -> Self {
        Self(Arc::new(StateInner {
            services,
            streams: StreamLimit::new(settings.most_streams.unwrap_or(usize::MAX)),
            refusals: RefusalThrottle::new(settings.refusals_per_minute),
            settings,
            ids: Ids::default(),
        }))
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn streams(&self) -> &StreamLimit {
        &self.0.streams
    }

    pub(crate) fn refusals(&self) -> &RefusalThrottle {
        &self.0.refusals
    }

    /// An id for a request that brings none; `None` without any random bytes.
    pub(crate) fn new_request_id(&self) -> Option<RequestId> {
        self.0.ids.next(&*self.entropy, &*self.clock)
    }
}

impl Deref for ApiState {
    type Target = ApiServices;

    fn deref(&self) -> &ApiServices {
        &self.0.services
    }
}

/// Ids of requests: `UUIDv7`, random from process to process and counted within one. They have to differ, not to be
/// secret, and asking the system for each would cost more than the rest of a check.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    seed: OnceLock<[u8; 10]>,
    counter: AtomicU64,
}

impl Ids {
    pub(crate) fn next(&self, entropy: &dyn Entropy, clock: &dyn Clock) -> Option<RequestId> {
        let seed = if let Some(seed) = self.seed.get() {
            seed
        } else {
            let mut seed = [0; 10];
            entropy.fill(&mut seed).ok()?;
            self.seed.get_or_init(|| seed)
        };
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        let mut random = *seed;
        for (byte, counted) in random[2..].iter_mut().zip(count.to_be_bytes()) {
            *byte ^= counted;
        }
        let millis = u64::try_from(clock.now().as_micros() / 1000).ok()?;
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        id.hyphenated().encode_lower(&mut [0; 36]).parse().ok()
    }
}
