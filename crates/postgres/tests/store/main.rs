//! The store on real PostgreSQL: the contract of all stores, and its calls while the database
//! fails.

mod actors;
mod batching;
mod contract;
mod create_batches;
mod feed;
mod lists;
mod loss;
mod names;
mod outage;
mod outcome;
mod plans;
mod rights;
mod shares;
mod statements;
mod support;
mod update_batches;
