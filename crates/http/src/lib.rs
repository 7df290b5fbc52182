//! The HTTP surface of Countersign: the use cases in the terms of RFC 9110.
//!
//! Each request passes the same steps: request id, client address, credential and permission, then
//! its body, then the use case, then the answer. [`ApiService`] builds these steps, [`openapi`]
//! describes them from the same declarations, and [`serve`] is the accept loop that no slow client
//! can hold up.

mod body;
mod broadcast;
mod caller;
mod client;
mod clock_guard;
mod cors;
mod cursor;
mod detached;
mod etag;
mod filter;
mod if_match;
mod kind;
mod metadata_headers;
mod metrics;
mod openapi;
mod params;
mod problem;
mod refusal_throttle;
mod request_context;
mod responses;
mod routes;
mod serve;
mod service;
mod startup;
mod state;
mod store_source;
mod stream_limit;
mod trace;
mod validate_request;
mod writability;

pub use broadcast::ChangeBroadcast;
pub use clock_guard::{ClockGuard, Timekeeping};
pub use countersign_gate::client_address::ProxyHeader;
pub use metadata_headers::{InvalidMetadataHeaders, MetadataHeaders};
pub use metrics::Metrics;
pub use openapi::{exact_openapi, openapi};
pub use routes::metrics_router;
pub use serve::{Limits, Serves, serve};
pub use service::ApiService;
pub use startup::Startup;
pub use state::{ApiServices, Settings, Traces};
pub use store_source::StoreSource;
pub use trace::TRACES;
pub use writability::Writability;
