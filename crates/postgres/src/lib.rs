//! The ports of Countersign on PostgreSQL.
//!
//! A decided change is one data-modifying statement in autocommit: a single round trip to the
//! server, and no transaction that a dying client could leave open. Every call has a deadline on
//! this side, because a frozen server keeps none.
//!
//! # Through a pooler
//! Only [`PostgresStore::migrate`] needs a session, so PgBouncer in transaction mode works from
//! version 1.21 on, which supports prepared statements (`max_prepared_statements` above 0); with an
//! older one the second client meets the statement names of the first. Migrations hold a session
//! lock against each other. They need a connection to the server itself, or a pooler in session
//! mode, unless there is nothing to migrate.
//!
//! `statement_timeout` is set after connecting, never as a startup option, which PgBouncer refuses.
//! In transaction mode the setting stays with whichever server connection it met. That harms
//! nobody, because only this service's own account is pooled there, and nothing relies on it: the
//! deadline on this side bounds a call. The timeout is the shorter of the two, so that a statement
//! that waits for a lock usually ends with the server's message that nothing was written, rather
//! than with an unknown outcome.
//!
//! # Differences from the adapter for SQLite
//! The modules are the same, with these exceptions: `commit::change_batcher`, `commit::claims` and
//! `commit::batch` with its two statements, because a flush of the log is worth sharing; `client`,
//! `pool` and `stale_before`, because only a server can be away; `batcher`, with `credential_batch`,
//! `session_batch` and `token_batch`, because a round trip to a server is worth sharing;
//! `feed_cursor` and `notify`, because there are other nodes; `search_index`, because SQLite has no
//! such index; and `page_query`,
//! because a page and its total take one statement here, for want of a transaction, whereas SQLite
//! asks twice in one snapshot.

mod audit;
mod batcher;
mod client;
mod commit;
mod credential_batch;
mod descent;
mod directory;
mod error;
mod event_row;
mod exposure;
mod feed;
mod feed_cursor;
mod filter;
mod history;
mod last_failure;
mod migration;
mod notify;
mod page_query;
mod pool;
mod read;
mod rows;
mod search_index;
mod session;
mod session_batch;
mod snapshot;
mod stale_before;
mod store;
mod stray;
mod token_batch;
mod usage;

pub use exposure::is_exposed;
pub use notify::FeedMode;
pub use store::{OpenError, PostgresStore};
