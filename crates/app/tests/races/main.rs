//! Many clients compete, over real connections, against one process on SQLite and against two on
//! PostgreSQL: exactly one wins, and no change is reported as stored that is not.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
mod creations;
mod descendants;
#[path = "../e2e/mod.rs"]
mod e2e;
mod in_flight;
mod revocations;
mod updates;

use std::{future::Future, sync::Arc};

use serde_json::{Value, json};
use tokio::{sync::Barrier, task::JoinSet};

use common::{TOKENS, in_a_year};
use e2e::client::Client;

/// How many clients race.
const CLIENTS: usize = 64;

fn draft(name: &str) -> Value {
    json!({"name": name, "expiry": in_a_year(), "permissions": ["api.tasks.read"]})
}

async fn make(client: &Client, name: &str) -> String {
    let made = client.post(TOKENS, &draft(name)).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

/// Lets all clients do the same at once and returns what each of them has to tell.
async fn together<T, F>(
    clients: Vec<Client>,
    act: impl Fn(usize, Client, Arc<Barrier>) -> F,
) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(clients.len()));
    let mut tasks = JoinSet::new();
    for (number, client) in clients.into_iter().enumerate() {
        tasks.spawn(act(number, client, Arc::clone(&barrier)));
    }
    tasks.join_all().await
}
