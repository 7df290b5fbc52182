//! Emptying the pending lists of the two GIN indexes that tokens are searched by.
//!
//! Such an index keeps what is written in a list, unsorted, and the writer whose entry finds the
//! list full puts all of it in its place before it goes on: every few hundred renames, one of them
//! waited 10 ms. So each node has the lists emptied a moment after its changes, by a session that
//! nobody waits for, and the lists have room for what comes meanwhile (`docs/adr/0041`).

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::postgres::PgRow;
use tokio::{sync::Notify, task::JoinSet, time::sleep};

use crate::{client::StatementClient, store::LOOK};

/// How long after a change the lists are emptied, with all that came meanwhile. A search goes
/// through a list from its beginning to its end, so that it should be short.
const GAP: Duration = Duration::from_millis(200);

/// Empties the lists until it is dropped.
pub(crate) struct SearchIndexCleaner {
    changed: Arc<Notify>,
    tasks: Mutex<JoinSet<()>>,
}

impl SearchIndexCleaner {
    pub(crate) fn new(link: StatementClient) -> Self {
        let changed = Arc::<Notify>::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(clean(link, Arc::clone(&changed)));
        Self {
            changed,
            tasks: Mutex::new(tasks),
        }
    }

    /// Has the lists emptied soon.
    pub(crate) fn changed(&self) {
        self.changed.notify_one();
    }

    pub(crate) fn end(&self) {
        let tasks = self.tasks.lock();
        tasks.unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

async fn clean(link: StatementClient, changed: Arc<Notify>) {
    loop {
        changed.notified().await;
        sleep(GAP).await;
        // If it fails, the server does it: a writer that finds a list full, or an autovacuum.
        let cleaned = link.query_within(LOOK, || {
            sqlx::query("SELECT clean_token_search()").try_map(|_: PgRow| Ok(()))
        });
        drop(cleaned.await);
    }
}
