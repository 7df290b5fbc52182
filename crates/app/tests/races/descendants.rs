//! A leaked token that goes on creating tokens, over many connections and through those that it
//! created, while it is revoked with its descendants: none of them is live afterwards.

use std::sync::Arc;

use reqwest::Method;
use serde_json::json;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    common::{On, TOKENS, in_a_year},
    e2e::{client::Client, history::assert_intact, nodes::Nodes},
};

/// How many connections make tokens.
const MAKERS: usize = 6;
const ROUNDS: usize = 10;
const PERMISSIONS: [&str; 2] = ["api.api-tokens.write", "api.tasks.read"];

/// Makes a token; its secret, or `None` if the maker is one no more.
async fn make(client: &Client, name: &str) -> Option<(String, String)> {
    let draft = json!({"name": name, "expiry": in_a_year(), "permissions": PERMISSIONS});
    let request = client.request(Method::POST, TOKENS).json(&draft);
    let answer = client.send_in_line(request).await;
    if answer.status == 401 {
        return None;
    }
    let made = answer.expect(201);
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    Some((text("id"), text("token")))
}

/// Makes tokens by turns with the leaked secret and with the newest child's, until neither works;
/// returns their secrets.
async fn multiply(leaked: Client, prefix: String, done: Arc<Semaphore>) -> Vec<String> {
    let mut secrets: Vec<String> = Vec::new();
    for attempt in 0.. {
        let child = secrets.last().map(|secret| leaked.with_secret(secret));
        let by_child = child.filter(|_| attempt % 2 == 1);
        let name = format!("{prefix} {attempt}");
        let made = make(by_child.as_ref().unwrap_or(&leaked), &name).await;
        match made {
            Some((_, secret)) => {
                secrets.push(secret);
                done.add_permits(1);
            }
            None if by_child.is_some() || secrets.is_empty() => break,
            // The leaked one is gone; its child may not be yet.
            None => {}
        }
    }
    secrets
}

/// Revokes everything, as operations.md says: again, if not all of it could be.
async fn sweep(root: &Client, id: &str) -> u64 {
    let path = format!("{TOKENS}/{id}?descendants=true&expectedCount=any");
    let mut revoked = 0;
    for _ in 0..40 {
        let answer = root.call(Method::DELETE, &path, None).await;
        if !matches!(answer.code(), "revocation-incomplete" | "store-unavailable") {
            revoked += answer.expect(200)["count"].as_u64().unwrap();
            return revoked;
        }
    }
    panic!("it never ended");
}

async fn nothing_that_a_leaked_token_made_is_live(on: On) {
    let nodes = Nodes::start(on);
    let root = nodes.client(0, &nodes.first.root);
    let (mut made, mut revoked) = (0, 0);
    for round in 0..ROUNDS {
        let (id, secret) = make(&root, &format!("Leaked {round}")).await.unwrap();
        let done = Arc::new(Semaphore::new(0));
        let mut making = JoinSet::new();
        for number in 0..MAKERS {
            let client = nodes.client(number, &secret);
            let prefix = format!("Child {round} {number}");
            making.spawn(multiply(client, prefix, Arc::clone(&done)));
        }
        let enough = u32::try_from(MAKERS * 3).unwrap();
        done.acquire_many(enough).await.unwrap().forget();
        revoked += sweep(&root, &id).await;
        // From here on it is acknowledged.
        let listed = root.get(&format!("{TOKENS}?limit=100")).await.expect(200);
        let live = listed["content"].as_array().unwrap();
        assert_eq!(live.len(), 1, "round {round}: {live:?}");
        let secrets = making.join_all().await.concat();
        made += secrets.len();
        for (number, secret) in secrets.iter().enumerate() {
            let own = nodes.client(number, secret);
            own.get(&format!("{TOKENS}/current")).await.expect(401);
        }
        let dry = format!("{TOKENS}/{id}?descendants=true&dryRun=true");
        let left = root.call(Method::DELETE, &dry, None).await.expect(200);
        assert_eq!(left["count"], 0, "round {round}: {left}");
    }
    assert!(
        made > 0 && revoked > ROUNDS as u64,
        "{on:?}: {made} made, {revoked} revoked"
    );
    assert_intact(&nodes.first);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_leaked_token_made_is_live_on_sqlite() {
    nothing_that_a_leaked_token_made_is_live(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_leaked_token_made_is_live_on_postgres() {
    nothing_that_a_leaked_token_made_is_live(On::Postgres).await;
}
