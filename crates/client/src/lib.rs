#![doc = include_str!("../README.md")]

mod builder;
mod call;
mod changes;
mod client;
mod connector;
mod error;
mod open;
mod pages;
mod problem;
mod records;
mod requests;
mod secret;
mod sse;
mod tokens;

pub use http::Method;

pub use self::{
    builder::ClientBuilder,
    call::Answer,
    changes::{ChangeStream, StreamEvent},
    client::Client,
    error::Error,
    open::Open,
    pages::{EventPages, TokenPages},
    problem::{FieldError, Problem},
    records::{Change, Event, IssuedToken, Permission, Revocation, Token, User, UserInfo, Verdict},
    requests::{
        IdempotencyKey, NewToken, Question, RevokeOptions, Rotation, TokenEdit, UpdateOptions,
    },
    secret::Secret,
};
