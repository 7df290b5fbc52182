//! Batcher of concurrent queries: while a statement runs, further queries gather and share the next
//! one. So the load sets the size of a batch, and no query waits for others to come.

use std::{
    collections::HashMap,
    error::Error,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use countersign_application::ports::{SharedError, StoreError};
use tokio::{
    sync::{Mutex as Turn, mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};

use crate::{
    client::{CALL, StatementClient},
    error::StatementError,
};

/// The maximum number of keys in one statement.
const BATCH: usize = 128;
/// The number of callers in the queue; further callers wait for a place in it.
const LINE: usize = 4 * BATCH;
/// The deadline of a batch, so that the batches after it are still answered in time.
pub(crate) const PATIENCE: Duration = Duration::from_millis(2200);

/// A query for many keys in one statement.
pub(crate) trait BatchQuery: Send + Sync + 'static {
    /// The maximum number of statements at a time. With only one the server is idle while its
    /// answer is read; with more, fewer callers gather for each.
    const WORKERS: u32;

    /// The key of a query.
    type Key: Copy + Eq + Hash + Send + Sync + 'static;
    /// The row that is found.
    type Row: Send + Sync + 'static;
    /// The answer for the caller.
    type Answer: Send + 'static;

    /// Reads the rows of these keys, each key once; a key without a row has none in the answer.
    fn ask(
        link: &StatementClient,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<Vec<Self::Row>, StatementError>> + Send;

    /// The key of a row.
    fn key(row: &Self::Row) -> Option<Self::Key>;

    /// Decodes a row.
    fn read(row: &Self::Row) -> Result<Self::Answer, StoreError>;
}

type Answer<Q> = Result<Option<<Q as BatchQuery>::Answer>, StoreError>;
type AnswerSender<Q> = oneshot::Sender<Answer<Q>>;

struct Pending<Q: BatchQuery> {
    key: Q::Key,
    answer: AnswerSender<Q>,
}

type SharedReceiver<Q> = Arc<Turn<mpsc::Receiver<Pending<Q>>>>;

/// The batcher of one query; its tasks end when this is dropped.
pub(crate) struct Batcher<Q: BatchQuery> {
    queue: mpsc::Sender<Pending<Q>>,
    lanes: Mutex<JoinSet<()>>,
}

impl<Q: BatchQuery> Batcher<Q> {
    pub(crate) fn new(link: &StatementClient) -> Self {
        let (queue, asked) = mpsc::channel(LINE);
        let asked = Arc::new(Turn::new(asked));
        let mut lanes = JoinSet::new();
        for _ in 0..Q::WORKERS {
            lanes.spawn(keep_running::<Q>(link.clone(), Arc::clone(&asked)));
        }
        Self {
            queue,
            lanes: Mutex::new(lanes),
        }
    }

    pub(crate) async fn find(&self, key: Q::Key) -> Answer<Q> {
        let (answer, told) = oneshot::channel();
        let asked = Pending { key, answer };
        let told = timeout(CALL, async {
            let queued = self.queue.send(asked).await;
            // The error must not contain the query.
            queued.map_err(|_| unavailable(Closed))?;
            told.await.map_err(unavailable)?
        });
        told.await.unwrap_or_else(|late| Err(unavailable(late)))
    }

    pub(crate) fn end(&self) {
        let lanes = self.lanes.lock();
        lanes.unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

/// Restarts a worker that panicked: its callers got an error, and the next ones must not.
async fn keep_running<Q: BatchQuery>(link: StatementClient, queue: SharedReceiver<Q>) {
    loop {
        let mut lane = JoinSet::new();
        lane.spawn(run::<Q>(link.clone(), Arc::clone(&queue)));
        match lane.join_next().await {
            Some(Err(ended)) if ended.is_panic() => {}
            _ => return,
        }
    }
}

async fn run<Q: BatchQuery>(link: StatementClient, queue: SharedReceiver<Q>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.lock().await.recv_many(&mut batch, BATCH).await > 0 {
        let mut callers: Callers<Q> = HashMap::with_capacity(batch.len());
        for Pending { key, answer } in batch.drain(..) {
            if !answer.is_closed() {
                callers.entry(key).or_default().push(answer);
            }
        }
        let keys: Vec<_> = callers.keys().copied().collect();
        match Q::ask(&link, &keys).await {
            Ok(rows) => answer::<Q>(callers, &rows),
            // A row that cannot be decoded must fail only its own caller.
            Err(lost) if keys.len() > 1 && lost.is_of_a_row() => {
                for (key, answers) in callers {
                    match Q::ask(&link, &[key]).await {
                        Ok(rows) => answer::<Q>([(key, answers)].into(), &rows),
                        Err(lost) => refuse::<Q>(answers, lost),
                    }
                }
            }
            Err(lost) => refuse::<Q>(callers.into_values().flatten(), lost),
        }
    }
}

type Callers<Q> = HashMap<<Q as BatchQuery>::Key, Vec<AnswerSender<Q>>>;

/// Answers the callers. One that has gone in the meantime gets no answer.
fn answer<Q: BatchQuery>(mut callers: Callers<Q>, rows: &[Q::Row]) {
    for row in rows {
        let answers = Q::key(row).and_then(|key| callers.remove(&key));
        for answer in answers.into_iter().flatten() {
            let _ = answer.send(Q::read(row).map(Some));
        }
    }
    for answer in callers.into_values().flatten() {
        let _ = answer.send(Ok(None));
    }
}

fn refuse<Q: BatchQuery>(answers: impl IntoIterator<Item = AnswerSender<Q>>, lost: StatementError) {
    let why = SharedError::new(lost.into_source());
    for answer in answers {
        let _ = answer.send(Err(unavailable(why.clone())));
    }
}

fn unavailable(error: impl Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

/// The store was closed.
#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store is closed")
    }
}

impl Error for Closed {}
