//! The HTTP surface of Countersign: what the use cases mean in RFC 9110's words.
//!
//! A request takes one way through: request id, client address, credential and permission, then its body, then the
//! use case, then the answer. [`router`] builds that way, [`openapi`] describes it from the same declarations, and
//! [`serve`] is the accept loop that no slow client can hold up.

mod body;
mod caller;
pub mod client_address;
mod cursor;
mod etag;
mod filter;
mod frame;
mod openapi;
mod params;
mod problem;
mod records;
mod routes;
mod serve;
mod services;

pub use client_address::ProxyHeader;
pub use openapi::openapi;
pub use routes::router;
pub use serve::{Limits, serve};
pub use services::{Services, Settings};
