#![doc = include_str!("../README.md")]

mod annotations_form;
mod auth;
mod browser_request;
mod chain_checks;
mod cookie;
mod error;
mod events;
mod field_errors;
mod form;
mod guard;
mod list_query;
mod merge_base;
mod routes;
mod session_end;
mod state;
mod token_form;
mod view;

pub use routes::pages;
pub use state::ConsoleServices;
