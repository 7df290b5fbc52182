#![doc = include_str!("../README.md")]

#[cfg(feature = "axum")]
mod axum;
#[cfg(feature = "cache")]
mod cache;
mod check_error;
pub mod client_address;
mod clock;
mod gate;
mod grpc;
mod layer;
mod presented_secret;
mod problem_response;
#[cfg(feature = "remote")]
mod remote;
mod source;
mod token_headers;

#[cfg(test)]
mod samples;

// Types of these crates are part of this crate's interface.
pub use {async_trait::async_trait, countersign_domain as domain, http, ipnet};

#[cfg(feature = "axum")]
pub use self::axum::{Granted, MissingGate};
#[cfg(feature = "cache")]
pub use self::cache::{CacheSettings, CacheStats, CachedSource, Renewal, StaleFacts};
#[cfg(feature = "remote")]
pub use self::remote::{InvalidRemote, Remote};
pub use self::{
    check_error::CheckError,
    client_address::{ClientAddress, ProxyHeader},
    clock::{Clock, SystemClock},
    gate::{FindPeer, FoundCredential, Gate, Proxies, UsageObserver},
    layer::{GateBody, GateFuture, GateLayer, GateService, Peer},
    presented_secret::PresentedSecret,
    problem_response::ProblemResponse,
    source::{Aged, CredentialSource, SourceError},
    token_headers::{BearerError, InvalidTokenHeader, PresentedToken, TokenHeaders},
};
