#![doc = include_str!("../README.md")]

mod app;
mod base;
mod chains;
mod cookie;
mod ended;
mod entered;
mod events;
mod faults;
mod form;
mod guard;
mod list;
mod routes;
mod signed;
mod trouble;
mod view;
mod visit;

pub use app::Services;
pub use routes::pages;
