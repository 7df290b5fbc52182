//! Notifications between nodes that there are changes. Nothing is lost with a notification: the
//! changes are in the history, which every reader also polls.
//!
//! A notification is not part of the change's own statement. The server commits transactions that
//! notify one after the other, each with a flush of its own, which takes away most of the
//! throughput; see `docs/adr/0014-the-feed-is-the-history.md`.

use std::{
    io,
    sync::{Arc, Mutex, Once, PoisonError},
    time::Duration,
};

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::client::StatementClient;

const CHANNEL: &str = "countersign_changes";

/// The minimum interval between two notifications; one stands for all changes in between. Each
/// makes every node read the feed, so this bounds what many writers pay for it. A single change is
/// announced at once.
const GAP: Duration = Duration::from_millis(20);
/// The time-out of a statement of the listener, and of its connecting.
const ANSWER: Duration = Duration::from_secs(1);
/// The maximum silence before the connection is tested.
const SILENCE: Duration = Duration::from_secs(10);
/// The pause of a failed listener before it connects again.
const PAUSE: Duration = Duration::from_secs(1);

/// How nodes on one database learn of each other's changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FeedMode {
    /// By notifications, within milliseconds. This takes one connection of each node permanently,
    /// which must lead to the server itself or to a pooler in session mode.
    #[default]
    Notify,
    /// By polling. This is for connections that cannot receive notifications, such as through
    /// PgBouncer in transaction mode.
    Poll,
}

#[derive(Debug, Default)]
struct Signals {
    /// This node changed something.
    made: Notify,
    /// Some node changed something, or may have.
    heard: Notify,
}

/// Both directions of one node, which end when this is dropped.
pub(crate) struct NotifyChannel {
    signals: Arc<Signals>,
    options: PgConnectOptions,
    listening: Once,
    tasks: Mutex<JoinSet<()>>,
}

impl NotifyChannel {
    pub(crate) fn new(link: StatementClient, options: PgConnectOptions) -> Self {
        let signals = Arc::<Signals>::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(send_notifications(link, Arc::clone(&signals)));
        Self {
            signals,
            options,
            listening: Once::new(),
            tasks: Mutex::new(tasks),
        }
    }

    /// Announces a change to all nodes, without waiting for that.
    pub(crate) fn changed(&self) {
        self.signals.made.notify_one();
    }

    pub(crate) async fn wait_for_change(&self) {
        // In a task of its own, so that a caller that stops waiting does not end the connection.
        self.listening.call_once(|| {
            let listening = listen(self.options.clone(), Arc::clone(&self.signals));
            self.tasks().spawn(listening);
        });
        self.signals.heard.notified().await;
    }

    pub(crate) fn end(&self) {
        self.tasks().abort_all();
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn send_notifications(link: StatementClient, signals: Arc<Signals>) {
    loop {
        signals.made.notified().await;
        // If it fails, the other nodes find out by polling.
        let told = link.query_within(ANSWER, || {
            sqlx::query!("SELECT count(pg_notify('countersign_changes', ''))").map(drop)
        });
        drop(told.await);
        sleep(GAP).await;
    }
}

async fn listen(options: PgConnectOptions, signals: Arc<Signals>) {
    loop {
        // The calls that fail for the same reason report why it ended.
        drop(receive_notifications(options.clone(), &signals.heard).await);
        signals.heard.notify_one();
        sleep(PAUSE).await;
    }
}

/// Wakes at each notification, and once it can receive them; ends with the connection.
async fn receive_notifications(
    options: PgConnectOptions,
    heard: &Notify,
) -> Result<(), sqlx::Error> {
    // The listener takes its connection from a pool. A pool that the library makes for it would stay
    // behind if the listener does not end by itself.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ANSWER)
        .connect_lazy_with(options);
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    in_time(listener.listen(CHANNEL)).await?;
    heard.notify_one();
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(_))) => heard.notify_one(),
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return Err(error),
            Err(_) => in_time(sqlx::query("SELECT 1").execute(&mut listener))
                .await
                .map(drop)?,
        }
    }
}

async fn in_time<T>(
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(ANSWER, answer)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())))
}
