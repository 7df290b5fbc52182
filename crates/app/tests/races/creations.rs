//! Creations under one key, and tokens that want one name: exactly one is created, and the losers
//! learn why.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    CLIENTS,
    common::{On, TOKENS},
    draft,
    e2e::{
        client::Answer,
        history::{agreed, assert_intact, assert_one_event_per_version},
        nodes::Nodes,
    },
    make, together,
};

async fn one_creation_per_key_and_per_name(on: On) {
    let nodes = Nodes::start(on);
    let root = nodes.client(0, &nodes.first.root);

    let body = draft("Wanted once");
    let answers = together(nodes.crowd(CLIENTS), |_, client, barrier| {
        let request = client.request(Method::POST, TOKENS).json(&body);
        let request = request.header("Idempotency-Key", "64-at-once");
        async move {
            barrier.wait().await;
            client.send_in_line(request).await
        }
    })
    .await;
    let made = assert_one_made(&answers, "already-created");
    for answer in answers.iter().filter(|answer| answer.status == 409) {
        assert_eq!(answer.body["id"], made["id"], "{}", answer.text);
        assert!(
            !answer.text.contains(made["token"].as_str().unwrap()),
            "the secret shows again"
        );
    }

    // The same name by the rules, though not by its characters.
    let answers = together(nodes.crowd(32), |number, client, barrier| {
        let name = ["Popular", "POPULAR", " popular ", "Ｐopular"][number % 4];
        let body = draft(name);
        async move {
            barrier.wait().await;
            client
                .send_in_line(client.request(Method::POST, TOKENS).json(&body))
                .await
        }
    })
    .await;
    assert_one_made(&answers, "name-taken");

    // Renames into one name, from tokens of their own.
    let mut ids = Vec::new();
    for number in 0..16 {
        ids.push(make(&root, &format!("Suitor {number}")).await);
    }
    let answers = together(nodes.crowd(16), |number, client, barrier| {
        let id = ids[number].clone();
        async move {
            barrier.wait().await;
            client
                .put_in_line(&id, &json!({"version": 1, "name": "The one"}))
                .await
        }
    })
    .await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1, "{won} tokens got one name");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(
            (answer.status, answer.code()),
            (409, "name-taken"),
            "{}",
            answer.text
        );
    }
    for id in &ids {
        let record = agreed(&root, id).await;
        let version = record["version"].as_u64().unwrap();
        assert_eq!(version == 2, record["name"] == "The one", "{record}");
        assert_one_event_per_version(&root, id, version).await;
    }

    let all = root
        .post(&format!("{TOKENS}/query"), &json!({}))
        .await
        .expect(200);
    assert_eq!(
        all["totalElements"],
        1 + 1 + 1 + 16,
        "root, one per key, one per name, the suitors"
    );
    assert_intact(&nodes.first);
}

fn assert_one_made(answers: &[Answer], code: &str) -> Value {
    let made: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .collect();
    assert_eq!(made.len(), 1, "{} tokens were made", made.len());
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(
            (answer.status, answer.code()),
            (409, code),
            "{}",
            answer.text
        );
    }
    made[0].body.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_creation_per_key_and_per_name_on_sqlite() {
    one_creation_per_key_and_per_name(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_creation_per_key_and_per_name_on_postgres() {
    one_creation_per_key_and_per_name(On::Postgres).await;
}
