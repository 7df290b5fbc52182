//! Changes that a token has in flight when it is revoked, through the whole service: by clients on
//! all nodes of a deployment.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    sync::{Barrier, Semaphore},
    task::JoinSet,
};

use crate::{
    common::{On, TOKENS, in_a_year},
    e2e::{client::Client, history::assert_intact, nodes::Nodes},
};

/// All of a token's own permissions, which it needs to make, find, change and revoke tokens.
const OWN: [&str; 3] = [
    "api.api-tokens.read",
    "api.api-tokens.write",
    "api.api-tokens.delete",
];

/// A token's id and its secret.
async fn make(client: &Client, name: &str) -> (String, String) {
    let draft = json!({"name": name, "expiry": in_a_year(), "permissions": OWN});
    let made = client.post(TOKENS, &draft).await.expect(201);
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

async fn of_two_tokens_that_revoke_each_other_one_stays(on: On) {
    const ROUNDS: usize = 200;
    let nodes = Nodes::start(on);
    let root = nodes.client(0, &nodes.first.root);
    let clients = [0, 1].map(|node| nodes.client(node, ""));
    let mut both = 0;
    for round in 0..ROUNDS {
        let one = make(&root, &format!("One {round}")).await;
        let other = make(&root, &format!("Other {round}")).await;
        let barrier = Arc::new(Barrier::new(2));
        let mut duel = JoinSet::new();
        for (client, (own, theirs)) in clients.iter().zip([(&one, &other), (&other, &one)]) {
            let client = client.with_secret(&own.1);
            let (target, barrier) = (theirs.0.clone(), Arc::clone(&barrier));
            duel.spawn(async move {
                barrier.wait().await;
                let answer = client.delete(&target).await;
                // Before or after it was let in: both may be.
                let lost = [(401, "invalid-token"), (403, "permission-not-held")];
                let won = answer.status == 204;
                assert!(
                    won || lost.contains(&(answer.status, answer.code())),
                    "{}",
                    answer.text
                );
                won
            });
        }
        let won = duel.join_all().await.into_iter().filter(|won| *won).count();
        assert!(won > 0, "round {round}: neither revoked the other");
        both += usize::from(won == 2);
    }
    assert_eq!(both, 0, "of {ROUNDS} pairs so many revoked each other");
    assert_intact(&nodes.first);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_tokens_that_revoke_each_other_one_stays_on_sqlite() {
    of_two_tokens_that_revoke_each_other_one_stays(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_tokens_that_revoke_each_other_one_stays_on_postgres() {
    of_two_tokens_that_revoke_each_other_one_stays(On::Postgres).await;
}

/// Creates tokens until the credential is refused.
async fn create_until_refused(client: Client, numbers: Arc<AtomicU64>, made: Arc<Semaphore>) {
    loop {
        let name = format!("Child {}", numbers.fetch_add(1, Ordering::Relaxed));
        let draft = json!({"name": name, "expiry": in_a_year(), "permissions": OWN});
        let answer = client.post(TOKENS, &draft).await;
        match (answer.status, answer.code()) {
            (201, _) => made.add_permits(1),
            (401, "invalid-token") => return,
            _ => panic!("{}: {}", answer.call, answer.text),
        }
    }
}

/// The ids of all live tokens with such a name.
async fn children(client: &Client) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let filter = json!({"name": {"$iprefix": "child "}});
        let path = format!("{TOKENS}/query?page={}&size=100", ids.len() / 100);
        let page = client.post(&path, &filter).await.expect(200);
        let content = page["content"].as_array().unwrap();
        ids.extend(
            content
                .iter()
                .map(|token: &Value| token["id"].as_str().unwrap().to_owned()),
        );
        if content.len() < 100 {
            return ids;
        }
    }
}

/// A leaked token makes others from six connections while it is revoked: what is found after that and revoked as well is
/// all that there is.
async fn no_child_of_a_revoked_token_is_missed(on: On) {
    const ROUNDS: usize = 60;
    const WRITERS: usize = 6;
    let nodes = Nodes::start(on);
    let roots = [0, 1].map(|node| nodes.client(node, &nodes.first.root));
    let numbers = Arc::new(AtomicU64::new(0));
    for round in 0..ROUNDS {
        let root = &roots[round % 2];
        let (leaked, secret) = make(root, &format!("Leaked {round}")).await;
        let made = Arc::new(Semaphore::new(0));
        let mut writers = JoinSet::new();
        for number in 0..WRITERS {
            let client = nodes.client(number, &secret);
            writers.spawn(create_until_refused(
                client,
                Arc::clone(&numbers),
                Arc::clone(&made),
            ));
        }
        let enough = made.acquire_many(u32::try_from(WRITERS).unwrap());
        let enough = tokio::time::timeout(Duration::from_secs(20), enough).await;
        enough.unwrap().unwrap().forget();
        root.delete(&leaked).await.expect(204);
        for child in children(root).await {
            root.delete(&child).await.expect(204);
        }
        writers.join_all().await;
        assert_eq!(
            children(root).await,
            [""; 0],
            "round {round}: they came late"
        );
    }
    assert_intact(&nodes.first);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_child_of_a_revoked_token_is_missed_on_sqlite() {
    no_child_of_a_revoked_token_is_missed(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_child_of_a_revoked_token_is_missed_on_postgres() {
    no_child_of_a_revoked_token_is_missed(On::Postgres).await;
}
