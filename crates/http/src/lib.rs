//! The HTTP surface of Countersign: what the use cases mean in RFC 9110's words.
//!
//! A request takes one way through: request id, client address, credential and permission, then its body, then the
//! use case, then the answer. [`Surface`] builds that way, [`openapi`] describes it from the same declarations, and
//! [`serve`] is the accept loop that no slow client can hold up.

mod body;
mod caller;
mod client;
mod cors;
mod cursor;
mod etag;
mod facts;
mod filter;
mod frame;
mod if_match;
mod kind;
mod metrics;
mod news;
mod openapi;
mod params;
mod problem;
mod records;
mod refusals;
mod routes;
mod serve;
mod services;
mod startup;
mod streams;
mod surface;
mod timekeeping;
mod trace;
mod validate_request;
mod whole;
mod writability;

pub use countersign_gate::client_address::ProxyHeader;
pub use facts::StoreSource;
pub use metrics::Metrics;
pub use news::Hub;
pub use openapi::{exact_openapi, openapi};
pub use routes::metrics_router;
pub use serve::{Limits, Serves, serve};
pub use services::{Services, Settings, Traces};
pub use startup::Startup;
pub use surface::Surface;
pub use timekeeping::{InStep, Timekeeping};
pub use trace::TRACES;
pub use writability::Writability;
