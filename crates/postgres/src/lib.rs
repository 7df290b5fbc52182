//! The ports of Countersign on PostgreSQL.
//!
//! A decided change is one data-modifying statement in autocommit: a single trip to the server, and no transaction that a
//! dying client could leave open. Every call has a deadline on this side, because a frozen server keeps none.
//!
//! # Through a pooler
//! Nothing outside of [`PostgresStore::migrate`] needs a session, so PgBouncer in transaction mode will do from
//! version 1.21 on, which knows prepared statements (`max_prepared_statements` above 0); with an older one the second
//! client meets the names of the first one's. Migrations hold a session lock against each other; they want a connection
//! to the server itself, or a pooler in session mode, unless there is nothing to migrate.
//!
//! `statement_timeout` is set after connecting, never as a startup option, which PgBouncer refuses. In transaction mode
//! the setting stays with whichever server connection it met. That harms nobody, since only this service's own
//! account is pooled there, and is not leant on: the deadline on this side is what bounds a call. The timeout is the
//! shorter of the two, so that a statement that waits for a lock usually ends with the server's word that nothing was
//! written, rather than with an unknown outcome.
//!
//! # Beside the adapter for SQLite
//! The modules are the same but for some: `commit::gather` with `commit::together`, because a flush of the log is worth
//! sharing; `link`, `pool` and `doubt`, because only a server can be away; `crowd`, with
//! `lookup` and `record`, because a trip to a server is worth sharing; `place` and `wake`, because there are other nodes; and `page`, because a page and its
//! total take one statement here, for want of a transaction, where SQLite asks twice in one snapshot.

mod audit;
mod commit;
mod crowd;
mod descent;
mod directory;
mod doubt;
mod event_row;
mod exposure;
mod fault;
mod feed;
mod filter;
mod history;
mod last_failure;
mod link;
mod lookup;
mod migration;
mod page;
mod place;
mod pool;
mod read;
mod record;
mod recorded;
mod rows;
mod session;
mod store;
mod stray;
mod usage;
mod wake;

pub use exposure::is_exposed;
pub use store::{OpenError, PostgresStore};
pub use wake::Feed;
