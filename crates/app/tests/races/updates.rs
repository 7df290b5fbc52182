//! Updates of one token. For each version exactly one client learns that it wrote the next one, and
//! record, user and history agree with that.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    CLIENTS,
    common::{On, TOKENS},
    e2e::{
        client::Answer,
        history::{agreed, assert_intact, assert_one_event_per_version},
        nodes::Nodes,
    },
    make, together,
};

const VERSIONS: u64 = 20;

async fn one_winner_per_version(on: On) {
    let nodes = Nodes::start(on);
    let root = nodes.client(0, &nodes.first.root);
    let id = make(&root, "Contested").await;

    let answers: Vec<Vec<Answer>> = together(nodes.crowd(CLIENTS), |number, client, barrier| {
        let id = id.clone();
        async move {
            let mut answers = Vec::new();
            for version in 1..=VERSIONS {
                barrier.wait().await;
                let edit = json!({"version": version, "name": format!("v{version} by {number}")});
                answers.push(client.put_in_line(&id, &edit).await);
            }
            answers
        }
    })
    .await;

    let mut winners = BTreeMap::new();
    for version in 1..=VERSIONS {
        let round = usize::try_from(version - 1).unwrap();
        let round: Vec<&Answer> = answers.iter().map(|answers| &answers[round]).collect();
        let (won, lost): (Vec<&Answer>, Vec<&Answer>) =
            round.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(
            won.len(),
            1,
            "winners of version {version}; the others: {}",
            tally(&lost)
        );
        let record = &won[0].body;
        assert_eq!(record["version"], version + 1, "{record}");
        for answer in lost {
            assert_eq!(
                (answer.status, answer.code()),
                (409, "version-conflict"),
                "{}",
                answer.text
            );
            assert_eq!(
                answer.body["currentVersion"],
                version + 1,
                "{}",
                answer.text
            );
            assert_eq!(answer.body["current"], *record, "what the loser learns");
        }
        winners.insert(version + 1, record["name"].clone());
    }

    let record = agreed(&root, &id).await;
    assert_eq!(record["version"], VERSIONS + 1, "the final version");
    let events = assert_one_event_per_version(&root, &id, VERSIONS + 1).await;
    for event in &events[..events.len() - 1] {
        let version = event["version"].as_u64().unwrap();
        assert_eq!(
            event["changes"]["name"]["after"], winners[&version],
            "{event}"
        );
    }
    assert_intact(&nodes.first);
}

/// How many answers there were of each kind.
fn tally(answers: &[&Answer]) -> String {
    let mut kinds = BTreeMap::new();
    for answer in answers {
        let kind = (
            answer.status,
            answer.code(),
            answer.body["currentVersion"].as_u64(),
        );
        *kinds.entry(kind).or_insert(0) += 1;
    }
    format!("{kinds:?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_winner_per_version_on_sqlite() {
    one_winner_per_version(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_winner_per_version_on_postgres() {
    one_winner_per_version(On::Postgres).await;
}

/// Without a common beat: everybody updates what was last seen, half of them by `If-Match`, and follows on a conflict.
async fn every_acknowledgement_is_a_version(on: On) {
    const TRIES: u64 = 12;
    let nodes = Nodes::start(on);
    let root = nodes.client(0, &nodes.first.root);
    let id = make(&root, "Stormy").await;

    let acknowledged: Vec<Vec<Value>> =
        together(nodes.crowd(CLIENTS), |number, client, barrier| {
            let id = id.clone();
            async move {
                barrier.wait().await;
                let (mut acknowledged, mut seen) = (Vec::new(), 1);
                for attempt in 0..TRIES {
                    let name = format!("{number} at {attempt}");
                    let request = client.request(Method::PUT, &format!("{TOKENS}/{id}"));
                    let request = if number % 4 < 2 {
                        request.json(&json!({"version": seen, "name": name}))
                    } else {
                        request
                            .header("If-Match", format!("\"{seen}\""))
                            .json(&json!({"name": name}))
                    };
                    let answer = client.send_in_line(request).await;
                    match (answer.status, answer.code()) {
                        (200, _) => {
                            assert_eq!(answer.body["version"], seen + 1, "{}", answer.text);
                            assert_eq!(answer.body["name"], name, "{}", answer.text);
                            seen += 1;
                            acknowledged.push(answer.body);
                        }
                        (409, "version-conflict") | (412, "precondition-failed") => {
                            let current = answer.body["currentVersion"].as_u64().unwrap();
                            assert!(current > seen, "{seen} was refused: {}", answer.text);
                            seen = current;
                        }
                        _ => panic!("{}: {}", answer.call, answer.text),
                    }
                }
                acknowledged
            }
        })
        .await;

    let mut versions: Vec<u64> = acknowledged
        .concat()
        .iter()
        .map(|record| record["version"].as_u64().unwrap())
        .collect();
    versions.sort_unstable();
    let last = 1 + u64::try_from(versions.len()).unwrap();
    assert_eq!(
        versions,
        (2..=last).collect::<Vec<_>>(),
        "each acknowledged version, once"
    );
    assert_eq!(
        agreed(&root, &id).await["version"],
        last,
        "1 + the number of acknowledged updates"
    );
    let events = assert_one_event_per_version(&root, &id, last).await;
    for record in acknowledged.concat() {
        let place = usize::try_from(last - record["version"].as_u64().unwrap()).unwrap();
        assert_eq!(
            events[place]["changes"]["name"]["after"], record["name"],
            "{}",
            events[place]
        );
    }
    assert_intact(&nodes.first);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledgement_is_a_version_on_sqlite() {
    every_acknowledgement_is_a_version(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledgement_is_a_version_on_postgres() {
    every_acknowledgement_is_a_version(On::Postgres).await;
}
