//! State of the surface: the use cases, and the settings of the deployment.

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
use countersign_domain::{RequestId, TenantId, TokenFormat};
use countersign_gate::Gate;
use tracing::Span;

use crate::{
    ChangeBroadcast, MetadataHeaders, Metrics, Timekeeping, Writability,
    refusal_throttle::RefusalThrottle, stream_limit::StreamLimit,
};

/// The services that the surface calls.
#[derive(Clone)]
pub struct ApiServices {
    /// The use cases of tokens.
    pub tokens: Tokens,
    /// The use cases of users.
    pub users: Users,
    /// The check of credentials, with the trusted proxies.
    pub gate: Gate,
    /// The committed changes, for streams that resume from a position of their own.
    pub feed: Arc<dyn ChangeFeed>,
    /// The changes that are committed from now on.
    pub news: ChangeBroadcast,
    /// Whether this node's clock can be trusted.
    pub time: Timekeeping,
    /// Whether the store takes changes.
    pub writability: Writability,
    /// The health check of the store.
    pub probe: Arc<dyn StoreHealth>,
    /// Randomness, for request ids.
    pub entropy: Arc<dyn Entropy>,
    /// The clock, for request ids.
    pub clock: Arc<dyn Clock>,
    /// The metrics.
    pub metrics: Metrics,
}

impl fmt::Debug for ApiServices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

/// Functions of the trace collector for a request's span, which the surface cannot call itself.
#[derive(Debug, Clone, Copy)]
pub struct Traces {
    /// Makes the span a child of the caller's, by the request's headers.
    pub adopt: fn(&Span, &HeaderMap),
    /// Renames the span, once the route is known.
    pub rename: fn(&Span, String),
}

/// The settings of the deployment.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The address under which clients reach the service, without a slash at its end; `None` = the
    /// authority of each request.
    pub public_url: Option<String>,
    /// The tenant that owns the service's metrics; only its catalog has the permission to read
    /// them.
    pub home: Option<TenantId>,
    /// Whether the metrics are served on another listener, and not here.
    pub metrics_elsewhere: bool,
    /// The maximum number of streams of changes at once; `None` = no limit.
    pub most_streams: Option<usize>,
    /// The number of requests of an address that are refused in a minute before further ones are
    /// answered with 429; `None` = no limit.
    pub refusals_per_minute: Option<NonZeroU32>,
    /// The origins of pages whose scripts may call the API, each exactly as browsers send it in
    /// `Origin`; none by default.
    pub cors_origins: Vec<String>,
    /// The form of the deployment's secrets, which everybody may know.
    pub token_format: TokenFormat,
    /// The keys of metadata that forward auth hands over, each in a header; none by default.
    pub auth_metadata: MetadataHeaders,
    /// The functions for the spans of requests; `None` = there are no traces.
    pub traces: Option<Traces>,
}

/// Services and settings, as every handler sees them.
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

    /// An id for a request that has none; `None` without random bytes.
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

/// Request ids: `UUIDv7`, random from process to process and counted within one. They have to
/// differ, not to be secret, and asking the system for each would cost more than the rest of a
/// check.
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
