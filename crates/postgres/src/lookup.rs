//! Look-ups of credentials. Those of many callers at once share a statement: while one is under way the next ones gather,
//! so that the crowd itself sets the size of a batch, and nobody waits for company.

use std::{
    collections::HashMap,
    error::Error,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use countersign_application::ports::StoreFault;
use countersign_domain::{Credential, SecretDigest, TenantId, TokenId, UserId};
use tokio::{
    sync::{Mutex as Turn, mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};
use uuid::Uuid;

use crate::{
    fault::Lost,
    link::{CALL, Link},
    rows::{API_TOKENS, Micros, TOKEN_SECRETS},
};

/// How many statements are under way at most. One alone leaves the server idle while its answer is read.
pub(crate) const LANES: u32 = 2;
/// How many secrets one statement looks up at most.
const BATCH: usize = 128;
/// How many callers wait in line; more wait for a place in it.
const LINE: usize = 4 * BATCH;
/// How long a batch may take, so that those behind it are still answered in time.
const PATIENCE: Duration = Duration::from_millis(2200);

type Answer = Result<Option<Credential>, StoreFault>;

struct Asked {
    digest: SecretDigest,
    answer: oneshot::Sender<Answer>,
}

/// The way to look up secrets, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Lookup {
    queue: mpsc::Sender<Asked>,
    lanes: Mutex<JoinSet<()>>,
}

impl Lookup {
    pub(crate) fn new(link: &Link) -> Self {
        let (queue, asked) = mpsc::channel(LINE);
        let asked = Arc::new(Turn::new(asked));
        let mut lanes = JoinSet::new();
        for _ in 0..LANES {
            lanes.spawn(keep_running(link.clone(), Arc::clone(&asked)));
        }
        Self {
            queue,
            lanes: Mutex::new(lanes),
        }
    }

    pub(crate) async fn find(&self, digest: &SecretDigest) -> Answer {
        let (answer, told) = oneshot::channel();
        let asked = Asked {
            digest: *digest,
            answer,
        };
        let told = timeout(CALL, async {
            self.queue.send(asked).await.map_err(unavailable)?;
            told.await.map_err(unavailable)?
        });
        told.await.unwrap_or_else(|late| Err(unavailable(late)))
    }

    pub(crate) fn end(&self) {
        let lanes = self.lanes.lock();
        lanes.unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

/// Begins a lane anew that panicked: its callers were told, and the next ones must not be.
async fn keep_running(link: Link, queue: Arc<Turn<mpsc::Receiver<Asked>>>) {
    loop {
        let mut lane = JoinSet::new();
        lane.spawn(run(link.clone(), Arc::clone(&queue)));
        match lane.join_next().await {
            Some(Err(ended)) if ended.is_panic() => {}
            _ => return,
        }
    }
}

async fn run(link: Link, queue: Arc<Turn<mpsc::Receiver<Asked>>>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.lock().await.recv_many(&mut batch, BATCH).await > 0 {
        let mut callers: HashMap<[u8; 32], Vec<_>> = HashMap::with_capacity(batch.len());
        for Asked { digest, answer } in batch.drain(..) {
            if !answer.is_closed() {
                callers.entry(*digest.as_bytes()).or_default().push(answer);
            }
        }
        let digests: Vec<_> = callers.keys().map(|digest| digest.to_vec()).collect();
        match found(&link, &digests).await {
            Ok(rows) => tell(callers, &rows),
            // A row that cannot even be taken apart is one caller's trouble.
            Err(lost) if digests.len() > 1 && lost.is_of_a_row() => {
                for (digest, answers) in callers {
                    match found(&link, &[digest.to_vec()]).await {
                        Ok(rows) => tell([(digest, answers)].into(), &rows),
                        Err(lost) => refuse(answers, lost),
                    }
                }
            }
            Err(lost) => refuse(callers.into_values().flatten(), lost),
        }
    }
}

type Callers = HashMap<[u8; 32], Vec<oneshot::Sender<Answer>>>;

/// Whoever has gone meanwhile is passed over.
fn tell(mut callers: Callers, rows: &[Found]) {
    for row in rows {
        let digest: Option<[u8; 32]> = row.digest.as_slice().try_into().ok();
        let answers = digest.and_then(|digest| callers.remove(&digest));
        for answer in answers.into_iter().flatten() {
            let _ = answer.send(row.read().map(Some));
        }
    }
    for answer in callers.into_values().flatten() {
        let _ = answer.send(Ok(None));
    }
}

fn refuse(answers: impl IntoIterator<Item = oneshot::Sender<Answer>>, lost: Lost) {
    let why = Together(Arc::from(lost.into_source()));
    for answer in answers {
        let _ = answer.send(Err(unavailable(why.clone())));
    }
}

fn unavailable(error: impl Error + Send + Sync + 'static) -> StoreFault {
    StoreFault::Unavailable(Box::new(error))
}

/// Why several callers have no answer.
#[derive(Debug, Clone)]
struct Together(Arc<dyn Error + Send + Sync>);

impl fmt::Display for Together {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for Together {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// The facts behind a secret, as they are stored.
struct Found {
    digest: Vec<u8>,
    tenant_id: Uuid,
    id: Uuid,
    version: i64,
    user_id: Uuid,
    name: String,
    permissions: Vec<String>,
    allowed_addresses: Vec<String>,
    expiry: Micros,
    retires_at: Option<Micros>,
    created_at: Micros,
    modified_at: Micros,
}

async fn found(link: &Link, digests: &[Vec<u8>]) -> Result<Vec<Found>, Lost> {
    let rows = link.ask_within(PATIENCE, || {
        sqlx::query_as!(
            Found,
            r#"
            SELECT s.digest, t.tenant_id, t.id, t.version, t.user_id, u.name, t.permissions, t.allowed_addresses,
                   t.expiry AS "expiry: Micros", s.retires_at AS "retires_at: Micros",
                   t.created_at AS "created_at: Micros", t.modified_at AS "modified_at: Micros"
            FROM token_secrets s
            JOIN api_tokens t ON t.tenant_id = s.tenant_id AND t.id = s.token_id
            JOIN users u ON u.tenant_id = t.tenant_id AND u.id = t.user_id
            WHERE s.digest = ANY ($1) AND t.revoked_at IS NULL AND u.closed_at IS NULL
            "#,
            digests,
        )
    });
    rows.await
}

impl Found {
    fn read(&self) -> Result<Credential, StoreFault> {
        let retires = self
            .retires_at
            .map(|at| TOKEN_SECRETS.time("retires_at", at));
        Ok(Credential {
            tenant: TenantId::from_uuid(self.tenant_id),
            token: TokenId::from_uuid(self.id),
            version: API_TOKENS.version("version", self.version)?,
            user: UserId::from_uuid(self.user_id),
            user_name: self.name.as_str().into(),
            permissions: API_TOKENS.permissions(&self.permissions)?,
            addresses: API_TOKENS.addresses(&self.allowed_addresses)?,
            expiry: API_TOKENS.time("expiry", self.expiry)?,
            retires: retires.transpose()?,
            created: API_TOKENS.time("created_at", self.created_at)?,
            modified: API_TOKENS.time("modified_at", self.modified_at)?,
        })
    }
}
