//! The client: one way to send requests, one way to judge answers, and a service.

mod ask;
mod leaks;
mod outline;
mod reply;
mod rows;
mod service;
mod wire;

pub(crate) use self::{
    ask::Ask,
    reply::Reply,
    rows::{Row, row},
    service::{ABSENT, Service, TOKENS, path_of, usual},
    wire::Wire,
};
