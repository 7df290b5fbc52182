#![doc = include_str!("../README.md")]

#[cfg(feature = "axum")]
mod axum;
mod bearer;
#[cfg(feature = "cache")]
mod cache;
pub mod client_address;
mod clock;
mod gate;
mod grpc;
mod layer;
mod presented;
mod refusal;
mod rejected;
#[cfg(feature = "remote")]
mod remote;
mod source;

#[cfg(test)]
mod samples;

// Types of these crates stand in this one's interface.
pub use {async_trait::async_trait, countersign_domain as domain, http, ipnet};

#[cfg(feature = "axum")]
pub use self::axum::{Granted, Unguarded};
#[cfg(feature = "cache")]
pub use self::cache::{CacheSettings, CacheStats, Cached};
#[cfg(feature = "remote")]
pub use self::remote::{InvalidRemote, Remote};
pub use self::{
    bearer::{Unpresented, bearer},
    client_address::{ClientAddress, ProxyHeader},
    clock::{Clock, SystemClock},
    gate::{FindPeer, Gate, Known, Proxies, Uses},
    layer::{GateBody, GateFuture, GateLayer, GateService, Peer},
    presented::Presented,
    refusal::Refusal,
    rejected::Rejected,
    source::{CredentialSource, Dated, SourceFault},
};
