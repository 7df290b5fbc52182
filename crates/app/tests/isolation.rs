//! Two tenants with the same names and permissions. Whatever operation of the service one of them
//! calls, the other's tokens are neither visible nor changed nor counted.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;
mod e2e;

use common::{Node, On, TOKENS, in_a_year};
use e2e::{
    UNKNOWN_ID,
    client::{Answer, Client},
    contract::{Operation, operations},
    history::assert_intact,
    tenant::Tenant,
};
use serde_json::{Value, json};

const NAMES: [&str; 4] = ["Alpha", "Beta", "Gamma", "Delta"];
/// Tenants of one size would hide it if the one's count were the other's.
const MORE_NAMES: [&str; 6] = ["Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta"];

async fn tenants(node: &Node) -> (Tenant, Tenant) {
    let ours = Tenant::create(node, "Ours", &NAMES).await;
    (ours, Tenant::create(node, "Theirs", &MORE_NAMES).await)
}

/// All that can be told of an answer to a call with a request id of ours.
async fn asked(client: &Client, operation: &Operation, path: &str, id: &str) -> (Answer, String) {
    let mut request = client.request(operation.method.clone(), path);
    request = request.header("x-request-id", "the-same");
    if let Some(body) = &operation.body {
        request = request.json(body);
    }
    let answer = client.send(request).await.unwrap();
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    headers.sort();
    let told = format!("{} {headers:?} {}", answer.status, answer.text).replace(id, "ID");
    (answer, told)
}

async fn nobody_meets_another_tenant(on: On) {
    let node = Node::start(on);
    let (ours, theirs) = tenants(&node).await;
    let before = theirs.everything().await;
    let marks = theirs.marks(&before, &ours.everything().await);
    let mut ids = [theirs.ids("id"), theirs.ids("userId")].concat();
    ids.push(theirs.revoked.clone());

    let mut compared = 0;
    for operation in operations(&ours.root).await {
        let queries = [
            Some(String::new()),
            operation.switches().map(|on| format!("?{on}")),
        ];
        for query in queries.into_iter().flatten() {
            if !operation.names_one() {
                let path = format!("{}{query}", operation.path);
                let (answer, told) = asked(&ours.root, &operation, &path, UNKNOWN_ID).await;
                assert!(answer.status < 500, "{}: {}", answer.call, answer.text);
                assert_no_mark(&marks, &answer.call, &told);
                continue;
            }
            let path = |id: &str| format!("{}{query}", operation.path_of(id));
            let (_, expected) = asked(&ours.root, &operation, &path(UNKNOWN_ID), UNKNOWN_ID).await;
            for id in &ids {
                let (answer, told) = asked(&ours.root, &operation, &path(id), id).await;
                assert_eq!(
                    told, expected,
                    "{} tells that {id} is somebody's",
                    answer.call
                );
                assert_no_mark(&marks, &answer.call, &told);
                compared += 1;
            }
        }
    }
    assert!(
        compared >= 6 * ids.len(),
        "only {compared} calls were compared"
    );
    assert_eq!(
        theirs.everything().await,
        before,
        "something of the other tenant was changed"
    );
    assert_intact(&node);
}

fn assert_no_mark(marks: &[String], call: &str, told: &str) {
    let found: Vec<_> = marks
        .iter()
        .filter(|mark| told.contains(mark.as_str()))
        .collect();
    assert!(
        found.is_empty(),
        "{call} shows {found:?} of another tenant: {told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_meets_another_tenant_on_sqlite() {
    nobody_meets_another_tenant(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_meets_another_tenant_on_postgres() {
    nobody_meets_another_tenant(On::Postgres).await;
}

async fn nobody_counts_another_tenant(on: On) {
    let node = Node::start(on);
    let (ours, theirs) = tenants(&node).await;
    let (all, user) = (theirs.ids("id"), theirs.ids("userId")[1].clone());
    let partial = theirs.tokens[1]["partialToken"].clone();
    // What each filter finds among our own root token and four tokens.
    for (filter, expected) in [
        (json!({}), 5),
        (json!({"id": all[1]}), 0),
        (json!({"id": {"$in": all}}), 0),
        (json!({"id": {"$nin": all}}), 5),
        (json!({"id": {"$ne": all[1]}}), 5),
        (json!({"userId": user}), 0),
        (json!({"partialToken": partial}), 0),
        (json!({"name": "Alpha"}), 1),
        (json!({"name": {"$in": MORE_NAMES}}), 4),
        (json!({"name": "Zeta"}), 0),
        (json!({"name": {"$isubstr": "a"}}), 4),
        (json!({"name": {"$ne": "Alpha"}}), 4),
        (json!({"version": {"$gte": 1}}), 5),
        (json!({"version": 2}), 1),
        (json!({"permissions": {"$contains": ["api.tasks.read"]}}), 5),
        (json!({"allowedAddresses": {"$contains": ["192.0.2.1"]}}), 1),
        (
            json!({"$or": [{"name": "Beta"}, {"id": {"$in": all}}, {"userId": user}]}),
            1,
        ),
        (
            json!({"$and": [{"version": {"$gte": 1}}, {"id": {"$in": all}}]}),
            0,
        ),
    ] {
        let mut seen = 0;
        for page in 0.. {
            let path = format!("{TOKENS}/query?page={page}&size=2&sort=name,desc");
            let found = ours.root.post(&path, &filter).await.expect(200);
            assert_eq!(found["totalElements"], expected, "{filter} counts {found}");
            let content = found["content"].as_array().unwrap();
            let foreign = content
                .iter()
                .find(|token| all.iter().any(|id| token["id"] == **id));
            assert_eq!(foreign, None, "{filter} shows another tenant's token");
            seen += content.len();
            if content.is_empty() {
                break;
            }
        }
        assert_eq!(seen, expected, "{filter} shows {seen} tokens on its pages");
    }
    let mut listed = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = ours
            .root
            .get(&format!("{TOKENS}?limit=2{cursor}"))
            .await
            .expect(200);
        listed.extend(
            page["content"]
                .as_array()
                .unwrap()
                .iter()
                .map(|token| token["id"].clone()),
        );
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(listed, ours.ids("id"), "the list");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_counts_another_tenant_on_sqlite() {
    nobody_counts_another_tenant(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_counts_another_tenant_on_postgres() {
    nobody_counts_another_tenant(On::Postgres).await;
}

async fn nothing_can_be_carried_over(on: On) {
    let node = Node::start(on);
    let (ours, theirs) = tenants(&node).await;
    let (our_id, their_id) = (ours.ids("id")[1].clone(), theirs.ids("id")[1].clone());

    let paged: Vec<Operation> = operations(&ours.root)
        .await
        .into_iter()
        .filter(|o| o.takes("cursor"))
        .collect();
    assert!(!paged.is_empty(), "no operation takes a cursor");
    for operation in paged {
        let mine = ours
            .root
            .get(&format!("{}?limit=1", operation.path_of(&our_id)))
            .await
            .expect(200);
        let cursor = mine["nextCursor"]
            .as_str()
            .unwrap_or_else(|| panic!("no cursor in {mine}"));
        let own = format!("{}?limit=1&cursor={cursor}", operation.path_of(&our_id));
        ours.root.get(&own).await.expect(200);
        let carried = format!("{}?limit=1&cursor={cursor}", operation.path_of(&their_id));
        let answer = theirs.root.get(&carried).await;
        assert_eq!(
            (answer.status, answer.code()),
            (400, "invalid-parameter"),
            "{}",
            answer.text
        );
    }

    // One key, one body, two tenants: two tokens.
    let draft = json!({"name": "Keyed", "expiry": in_a_year(), "permissions": ["api.tasks.read"]});
    let keyed = async |client: &Client, draft: &Value| {
        let request = client.request(reqwest::Method::POST, TOKENS).json(draft);
        client
            .send(request.header("Idempotency-Key", "shared"))
            .await
            .unwrap()
    };
    let mine = keyed(&ours.root, &draft).await.expect(201);
    let yours = keyed(&theirs.root, &draft).await.expect(201);
    assert_ne!(mine["id"], yours["id"]);
    for (client, made) in [(&ours.root, &mine), (&theirs.root, &yours)] {
        let again = keyed(client, &draft).await;
        assert_eq!(again.code(), "already-created", "{}", again.text);
        assert_eq!(again.body["id"], made["id"], "{}", again.text);
    }

    // A name of theirs is free for us, and a secret of theirs opens their tenant alone.
    ours.root
        .put(&our_id, &json!({"version": 2, "name": "Zeta"}))
        .await
        .expect(200);
    let narrow = ours.root.with_secret(yours["token"].as_str().unwrap());
    assert_eq!(
        narrow.get(&format!("{TOKENS}/current")).await.expect(200)["id"],
        yours["id"]
    );
    ours.root.delete(&our_id).await.expect(204);
    theirs
        .root
        .get(&format!("{TOKENS}/{their_id}"))
        .await
        .expect(200);
    assert_intact(&node);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_can_be_carried_over_on_sqlite() {
    nothing_can_be_carried_over(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_can_be_carried_over_on_postgres() {
    nothing_can_be_carried_over(On::Postgres).await;
}
