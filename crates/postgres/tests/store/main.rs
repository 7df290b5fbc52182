//! The store on real PostgreSQL: the contract of all stores, and what becomes of calls when the database does not play
//! along.

mod actors;
mod contract;
mod crowd;
mod feed;
mod gather;
mod lists;
mod loss;
mod names;
mod outage;
mod outcome;
mod rights;
mod statements;
mod support;
