//! Revocations against changes in flight: of the token that is being changed, and of the token that
//! changes others.

use std::{sync::Arc, time::Instant};

use serde_json::json;
use tokio::{
    sync::{Barrier, Semaphore},
    task::JoinSet,
};

use crate::{
    common::{On, TOKENS, in_a_year},
    e2e::{
        client::{Answer, Client},
        history::{agreed, assert_intact, assert_one_event_per_version},
        nodes::Nodes,
    },
};

async fn make(client: &Client, name: &str, permissions: &[&str]) -> (String, String) {
    let draft = json!({"name": name, "expiry": in_a_year(), "permissions": permissions});
    let made = client.post(TOKENS, &draft).await.expect(201);
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

/// Renames the token until it is not there any more; returns the acknowledged versions.
async fn rename_until_gone(
    client: Client,
    id: String,
    number: usize,
    done: Arc<Semaphore>,
) -> Vec<u64> {
    let (mut acknowledged, mut seen) = (Vec::new(), 1);
    for attempt in 0.. {
        let edit = json!({"version": seen, "name": format!("{id} {number} {attempt}")});
        let answer = client.put_in_line(&id, &edit).await;
        match (answer.status, answer.code()) {
            (200, _) => {
                seen = answer.body["version"].as_u64().unwrap();
                acknowledged.push(seen);
                done.add_permits(1);
            }
            (409, "version-conflict") => seen = answer.body["currentVersion"].as_u64().unwrap(),
            (404, "token-not-found") => break,
            _ => panic!("{}: {}", answer.call, answer.text),
        }
    }
    acknowledged
}

async fn a_revoked_token_stays_revoked(on: On) {
    const ROUNDS: usize = 4;
    let nodes = Nodes::start(on);
    let root = nodes.client(0, &nodes.first.root);
    for round in 0..ROUNDS {
        let (id, secret) = make(&root, &format!("Doomed {round}"), &["api.tasks.read"]).await;
        let acknowledged = Arc::new(Semaphore::new(0));
        let (mut renaming, mut revoking) = (JoinSet::new(), JoinSet::new());
        for (number, client) in nodes.crowd(24).into_iter().enumerate() {
            renaming.spawn(rename_until_gone(
                client,
                id.clone(),
                number,
                Arc::clone(&acknowledged),
            ));
        }
        acknowledged.acquire_many(5).await.unwrap().forget();
        let barrier = Arc::new(Barrier::new(4));
        for client in nodes.crowd(4) {
            let (id, barrier) = (id.clone(), Arc::clone(&barrier));
            revoking.spawn(async move {
                barrier.wait().await;
                loop {
                    let answer = client.delete(&id).await;
                    match (answer.status, answer.code()) {
                        (204, _) => return true,
                        (404, "token-not-found") => return false,
                        // It followed the record, or stood in line, for as long as it is patient.
                        (409, "version-conflict") | (503, "store-unavailable") => {}
                        _ => panic!("{}: {}", answer.call, answer.text),
                    }
                }
            });
        }
        let revoked = revoking
            .join_all()
            .await
            .into_iter()
            .filter(|revoked| *revoked)
            .count();
        assert_eq!(revoked, 1, "{revoked} calls revoked one token");
        // From here on it is acknowledged.
        root.get(&format!("{TOKENS}/{id}")).await.expect(404);
        nodes
            .client(1, &secret)
            .get(&format!("{TOKENS}/current"))
            .await
            .expect(401);

        let mut versions = renaming.join_all().await.concat();
        versions.sort_unstable();
        let last = 1 + u64::try_from(versions.len()).unwrap();
        assert_eq!(
            versions,
            (2..=last).collect::<Vec<_>>(),
            "each acknowledged version, once"
        );
        let events = assert_one_event_per_version(&root, &id, last + 1).await;
        assert_eq!(events[0]["type"], "revoked", "{}", events[0]);
        let of_renames = &events[1..events.len() - 1];
        assert!(
            of_renames.iter().all(|event| event["type"] == "updated"),
            "{of_renames:?}"
        );
    }
    assert_intact(&nodes.first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_stays_revoked_on_sqlite() {
    a_revoked_token_stays_revoked(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_stays_revoked_on_postgres() {
    a_revoked_token_stays_revoked(On::Postgres).await;
}

/// Renames a token of its own until the credential is refused.
async fn rename_until_refused(client: Client, id: String, done: Arc<Semaphore>) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    for version in 1.. {
        let edit = json!({"version": version, "name": format!("{id} {version}")});
        let answer = client.put_in_line(&id, &edit).await;
        let status = answer.status;
        assert!(
            status == 200 || (status, answer.code()) == (401, "invalid-token"),
            "{}: {}",
            answer.call,
            answer.text
        );
        answers.push(answer);
        if status == 401 {
            break;
        }
        done.add_permits(1);
    }
    answers
}

async fn a_revoked_actor_changes_nothing_more(on: On) {
    const ROUNDS: usize = 4;
    const WRITERS: usize = 16;
    let nodes = Nodes::start(on);
    let root = nodes.client(0, &nodes.first.root);
    for round in 0..ROUNDS {
        let permissions = [
            "api.api-tokens.read",
            "api.api-tokens.write",
            "api.tasks.read",
        ];
        let (actor, secret) = make(&root, &format!("Actor {round}"), &permissions).await;
        let acknowledged = Arc::new(Semaphore::new(0));
        let (mut ids, mut writing) = (Vec::new(), JoinSet::new());
        for number in 0..WRITERS {
            let name = format!("Target {round} {number}");
            let (id, _) = make(&root, &name, &["api.tasks.read"]).await;
            let (client, done) = (nodes.client(number, &secret), Arc::clone(&acknowledged));
            writing.spawn({
                let id = id.clone();
                async move { (id.clone(), rename_until_refused(client, id, done).await) }
            });
            ids.push(id);
        }
        let wanted = u32::try_from(WRITERS * 2).unwrap();
        acknowledged.acquire_many(wanted).await.unwrap().forget();
        // On PostgreSQL by one node, while the other one serves half of the updates.
        let revocation = root.delete(&actor).await;
        let revoked: Instant = revocation.came;
        revocation.expect(204);

        for (id, answers) in writing.join_all().await {
            let acknowledged: Vec<&Answer> = answers.iter().filter(|a| a.status == 200).collect();
            for answer in &acknowledged {
                assert!(
                    answer.asked < revoked,
                    "an update asked for {:?} after the revocation was acknowledged: {}",
                    answer.asked - revoked,
                    answer.text
                );
            }
            let last = 1 + u64::try_from(acknowledged.len()).unwrap();
            assert_eq!(
                agreed(&root, &id).await["version"],
                last,
                "what was refused is not stored"
            );
            assert_one_event_per_version(&root, &id, last).await;
        }
    }
    assert_intact(&nodes.first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_actor_changes_nothing_more_on_sqlite() {
    a_revoked_actor_changes_nothing_more(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_actor_changes_nothing_more_on_postgres() {
    a_revoked_actor_changes_nothing_more(On::Postgres).await;
}
