//! Dry runs: whatever refuses a change refuses its dry run with the same problem, and nothing is
//! stored.

use serde_json::{Value, json};

use super::world::{Ask, Reply, TOKENS, World, path};

/// A change: its method, path, query, headers and body.
#[derive(Clone)]
struct Change {
    method: &'static str,
    target: String,
    query: &'static str,
    header: Option<(&'static str, &'static str)>,
    body: Value,
}

impl Change {
    fn new(method: &'static str, target: impl Into<String>, body: Value) -> Self {
        Self {
            method,
            target: target.into(),
            query: "",
            header: None,
            body,
        }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    fn query(mut self, query: &'static str) -> Self {
        self.query = query;
        self
    }

    /// Asks with that query behind its own.
    fn ask(&self, world: &World, query: &str) -> Ask {
        let target = format!("{}?{}{query}", self.target, self.query);
        let mut ask = world.ask(self.method, target);
        if let Some((name, value)) = self.header {
            ask = ask.header(name, value);
        }
        if self.body.is_null() {
            ask
        } else {
            ask.json(&self.body)
        }
    }
}

/// All records of the tenant.
async fn records(world: &World) -> Value {
    let all = world.ask("GET", format!("{TOKENS}?limit=100"));
    world.send(all).await.expect(200)
}

fn draft(name: &str) -> Value {
    json!({"name": name, "expiry": "2027-01-01T00:00:00Z", "permissions": ["api.tasks.read"]})
}

/// What a refusal says, apart from the request that it is about.
fn told(reply: &Reply) -> (u16, Value) {
    let mut told = reply.json();
    told.as_object_mut().unwrap().remove("requestId");
    (reply.status.as_u16(), told)
}

#[tokio::test]
async fn every_refusal_is_that_of_the_change_itself() {
    let world = World::new().await;
    let one = path(&world.home.make("one").await.view);
    world.home.make("Taken").await;
    let gone = world.home.make("gone").await.view;
    world.home.revoke(&gone).await;
    let (gone, root) = (path(&gone), path(&world.root.view));
    let mut soon = world.home.draft("old");
    soon.expiry = world.stores.clock.now().plus_seconds(60);
    let old = path(&world.home.make_of(&soon).await.view);
    world.stores.clock.advance(60);
    let keyed = Change::new("POST", TOKENS, draft("keyed")).with("idempotency-key", "k");
    world.send(keyed.ask(&world, "")).await.expect(201);

    let put = |target: &str, body: Value| Change::new("PUT", target, body);
    let rotate = |target: &str, version: u8| {
        Change::new(
            "POST",
            format!("{target}/rotate"),
            json!({"version": version}),
        )
    };
    let delete = |target: &str| Change::new("DELETE", target, Value::Null);
    let create = |body: Value| Change::new("POST", TOKENS, body);
    let away = json!({"version": 1, "name": "root", "allowedAddresses": ["203.0.113.1"]});
    for (change, code) in [
        (
            put(&one, json!({"version": 1, "name": "TAKEN"})),
            "name-taken",
        ),
        (
            put(&one, json!({"version": 7, "name": "x"})),
            "version-conflict",
        ),
        (
            put(&one, json!({"name": "x"})).with("if-match", "\"7\""),
            "precondition-failed",
        ),
        (
            put(&gone, json!({"version": 1, "name": "x"})),
            "token-not-found",
        ),
        (
            put(&one, json!({"version": 1, "name": ""})),
            "rule-violated",
        ),
        (put(&root, away), "would-lock-out"),
        (create(draft("ｔaken")), "name-taken"),
        (create(draft("")), "rule-violated"),
        (keyed.clone(), "already-created"),
        (
            create(draft("Taken")).with("idempotency-key", "k"),
            "idempotency-key-reused",
        ),
        (rotate(&one, 7), "version-conflict"),
        (rotate(&gone, 1), "token-not-found"),
        (rotate(&old, 1), "token-not-revivable"),
        (delete(&gone), "token-not-found"),
        (
            delete(&one).with("if-match", "\"7\""),
            "precondition-failed",
        ),
        (delete(&root).query("descendants=true&"), "would-lock-out"),
    ] {
        let before = records(&world).await;
        let tried = world.send(change.ask(&world, "dryRun=true")).await;
        assert_eq!(records(&world).await, before, "{code}");
        let all = if change.query.is_empty() {
            ""
        } else {
            "expectedCount=any"
        };
        let done = world.send(change.ask(&world, all)).await;
        assert_eq!(told(&tried), told(&done), "{code}");
        assert_eq!(tried.json()["type"], format!("/problems/{code}"));
    }
}

#[tokio::test]
async fn what_would_be_done_is_not_done() {
    let world = World::new().await;
    let one = path(&world.home.make("one").await.view);
    let before = records(&world).await;
    let rotation = json!({"version": 1});
    let key = ("idempotency-key", "k");
    for (change, tried, done) in [
        (
            Change::new("POST", TOKENS, draft("two")).with(key.0, key.1),
            204,
            201,
        ),
        (
            Change::new("POST", format!("{one}/rotate"), rotation),
            204,
            200,
        ),
        (
            Change::new("PUT", &one, json!({"version": 2, "name": "x"})),
            200,
            200,
        ),
        (Change::new("DELETE", &one, Value::Null), 200, 204),
    ] {
        let before = records(&world).await;
        for _ in 0..2 {
            let reply = world.send(change.ask(&world, "dryRun=true")).await;
            let answer = reply.expect(tried);
            if tried == 200 {
                assert_eq!(answer["dryRun"], true);
            }
            assert_eq!(reply.header("etag"), "");
            assert_eq!(records(&world).await, before);
        }
        if change.method == "DELETE" {
            let answer = world.send(change.ask(&world, "dryRun=true")).await.json();
            assert_eq!(
                (&answer["count"], &answer["tokens"][0]["name"]),
                (&json!(1), &json!("x"))
            );
        }
        world.send(change.ask(&world, "")).await.expect(done);
    }
    assert_ne!(records(&world).await, before);
}

#[tokio::test]
async fn a_taken_name_leads_to_its_holder_if_the_caller_may_read() {
    let world = World::new().await;
    let holder = world.home.make("Straße").await.view;
    let other = path(&world.home.make("other").await.view);
    world.away.make("Strasse").await;
    let permissions = ["api.api-tokens.write", "api.tasks.read"];
    let writer = world.token("writer", &permissions).await;
    let token = &holder.token;
    let named = (
        json!(token.id.to_string()),
        json!(token.expiry.to_string()),
        path(&holder),
    );
    let unnamed = (Value::Null, Value::Null, String::new());
    for (secret, expected) in [(&world.root.secret, named), (&writer.secret, unnamed)] {
        for query in ["", "?dryRun=true"] {
            let create = Ask::new("POST", format!("{TOKENS}{query}")).json(&draft("STRASSE"));
            let rename = json!({"version": 1, "name": "ＳTRASSE"});
            let rename = Ask::new("PUT", format!("{other}{query}")).json(&rename);
            for ask in [create, rename] {
                let reply = world.send(ask.by(secret)).await;
                let problem = reply.problem(409, "name-taken");
                let location = reply.header("location").to_owned();
                let told = (problem["id"].clone(), problem["expiry"].clone(), location);
                assert_eq!(told, expected, "{query}");
            }
        }
    }
    let filter = json!({"name": {"$ieq": " STRASSE"}});
    let query = world.ask("POST", format!("{TOKENS}/query")).json(&filter);
    let found = world.send(query).await.expect(200);
    assert_eq!(found["totalElements"], 1);
    assert_eq!(found["content"][0]["id"], token.id.to_string());
}
