//! Owner, description and metadata: written, kept, cleared, searched, and told to those who check.

use countersign_gate::Proxies;
use countersign_http::{MetadataHeaders, Settings};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{
    checks::{Doors, form},
    world::{Ask, TOKENS, World, pairs, path},
};

fn draft(name: &str, annotations: &Value) -> Value {
    let mut draft = json!({
        "name": name, "expiry": "2027-01-01T00:00:00Z", "permissions": ["api.tasks.read"],
    });
    let fields = annotations.as_object().unwrap().clone();
    draft.as_object_mut().unwrap().extend(fields);
    draft
}

fn all() -> Value {
    json!({
        "owner": " customer-17 ", "description": "one\r\ntwo",
        "metadata": {"plan": "gold", "env": "Größe \"1\""},
    })
}

async fn make(world: &World, name: &str, annotations: &Value) -> Value {
    let body = draft(name, annotations);
    let reply = world.send(world.ask("POST", TOKENS).json(&body)).await;
    reply.expect(201)
}

#[tokio::test]
async fn what_is_left_out_stays_and_what_is_empty_goes() {
    let world = World::new().await;
    let made = make(&world, "one", &all()).await;
    let target = format!("{TOKENS}/{}", made["id"].as_str().unwrap());
    assert_eq!(made["owner"], "customer-17");
    assert_eq!(made["description"], "one\ntwo");
    assert_eq!(
        made["metadata"],
        json!({"env": "Größe \"1\"", "plan": "gold"})
    );
    let put = async |body: Value| {
        let ask = world.ask("PUT", target.clone()).json(&body);
        world.send(ask).await.expect(200)
    };
    let get = async || {
        world
            .send(world.ask("GET", target.clone()))
            .await
            .expect(200)
    };
    let mut read = get().await;
    read.as_object_mut().unwrap().remove("secrets");
    assert_eq!(
        put(read).await["version"],
        1,
        "what was read can be sent back"
    );

    let renamed = put(json!({"version": 1, "name": "two"})).await;
    assert_eq!(renamed["owner"], "customer-17");
    let cleared = json!({"version": 2, "name": "two", "owner": "", "metadata": {}});
    let tried = world
        .ask("PUT", format!("{target}?dryRun=true"))
        .json(&cleared);
    let tried = world.send(tried).await.expect(200);
    assert_eq!(
        tried["changes"]["owner"],
        json!({"before": "customer-17", "after": null})
    );
    let record = put(cleared).await;
    for gone in ["owner", "metadata"] {
        assert_eq!(record.get(gone), None, "{gone}");
    }
    assert_eq!(record["description"], "one\ntwo");
    assert_eq!(get().await.get("owner"), None);

    let events = world.ask("GET", format!("{target}/events"));
    let events = world.send(events).await.expect(200);
    let changes = &events["content"][0]["changes"];
    let expected = json!({
        "owner": {"before": "customer-17", "after": null},
        "metadata": {"before": {"env": "Größe \"1\"", "plan": "gold"}, "after": null},
    });
    assert_eq!(*changes, expected);
    let first = &events["content"][2]["changes"]["description"];
    assert_eq!(*first, json!({"before": null, "after": "one\ntwo"}));
}

#[tokio::test]
async fn all_faults_come_together_each_with_its_place() {
    let world = World::new().await;
    let made = path(&world.home.make("one").await.view);
    let shapes = json!({"owner": null, "description": 1, "metadata": {"a": null, "b/c": 2}});
    let mut edit = draft("two", &shapes);
    edit["version"] = 1.into();
    for (method, target, body) in [
        ("POST", TOKENS, &draft("two", &shapes)),
        ("PUT", &made, &edit),
    ] {
        let reply = world.send(world.ask(method, target).json(body)).await;
        reply.problem(400, "invalid-body");
        let expected = [
            ("/description", "wrong-type"),
            ("/metadata/a", "wrong-type"),
            ("/metadata/b~1c", "wrong-type"),
            ("/owner", "wrong-type"),
        ];
        assert_eq!(reply.faults(), pairs(&expected));
    }
    let values = json!({
        "owner": " ", "description": "x".repeat(501),
        "metadata": {"Plan": "x", "a": "x".repeat(257), "b/c": "\u{202e}"},
    });
    let body = draft("two", &values);
    let reply = world.send(world.ask("POST", TOKENS).json(&body)).await;
    reply.problem(422, "rule-violated");
    let expected = [
        ("/description", "invalid-description"),
        ("/metadata/Plan", "invalid-key"),
        ("/metadata/a", "invalid-value"),
        ("/metadata/b~1c", "invalid-key"),
        ("/metadata/b~1c", "invalid-value"),
        ("/owner", "invalid-owner"),
    ];
    assert_eq!(reply.faults(), pairs(&expected));
}

#[tokio::test]
async fn a_writer_that_may_not_read_sees_what_it_sent_and_no_more() {
    let world = World::new().await;
    let writer = world
        .token("writer", &["api.api-tokens.write", "api.tasks.read"])
        .await;
    let made = make(&world, "one", &all()).await;
    let target = format!("{TOKENS}/{}", made["id"].as_str().unwrap());
    let body = json!({"version": 1, "name": "one", "owner": "other"});
    let ask = Ask::new("PUT", target).by(&writer.secret).json(&body);
    let record = world.send(ask).await.expect(200);
    assert_eq!(record["owner"], "other");
    assert_eq!(record["changedFields"], json!(["owner"]));
    for hidden in ["description", "metadata"] {
        assert_eq!(record.get(hidden), None, "{hidden}");
    }
}

#[tokio::test]
async fn tokens_are_found_by_owner_and_metadata() {
    let world = World::new().await;
    make(&world, "a", &all()).await;
    make(&world, "b", &json!({"owner": "CUSTOMER-17"})).await;
    make(&world, "c", &json!({"metadata": {"plan": "silver"}})).await;
    let query = async |filter: Value| {
        let ask = world.ask("POST", format!("{TOKENS}/query?size=100"));
        world.send(ask.json(&filter)).await
    };
    for (filter, found) in [
        (json!({"owner": "customer-17"}), &["a"][..]),
        (json!({"owner": {"$ieq": " Customer-17 "}}), &["a", "b"]),
        (json!({"owner": {"$iprefix": "cust"}}), &["a", "b"]),
        (json!({"metadata.plan": "gold"}), &["a"]),
        (
            json!({"metadata.plan": {"$in": ["gold", "silver"]}}),
            &["a", "c"],
        ),
        (json!({"metadata.env": {"$exists": true}}), &["a"]),
        (
            json!({"metadata.plan": {"$exists": true}, "owner": {"$ne": "customer-17"}}),
            &["c"],
        ),
    ] {
        let page = query(filter.clone()).await.expect(200);
        let content = page["content"].as_array().unwrap();
        let mut names: Vec<_> = content
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        names.sort_unstable();
        assert_eq!(names, found, "{filter}");
    }
    for (filter, place, code) in [
        (
            json!({"metadata.Plan": "x"}),
            "/metadata.Plan",
            "unknown-field",
        ),
        (json!({"metadata.": "x"}), "/metadata.", "unknown-field"),
        (json!({"metadata": "x"}), "/metadata", "unknown-field"),
        (
            json!({"metadata.plan": {"$ne": "x"}}),
            "/metadata.plan/$ne",
            "unknown-operator",
        ),
        (
            json!({"metadata.plan": null}),
            "/metadata.plan",
            "wrong-type",
        ),
    ] {
        let reply = query(filter).await;
        reply.problem(400, "invalid-parameter");
        assert_eq!(reply.faults(), pairs(&[(place, code)]));
    }
}

#[tokio::test]
async fn those_who_check_are_told_whose_token_it_is() {
    let settings = Settings {
        auth_metadata: MetadataHeaders::new(["env", "plan", "nothing"]).unwrap(),
        ..Settings::default()
    };
    let doors = Doors::with(Proxies::default(), settings).await;
    let annotations = json!({"owner": "Größe 1", "metadata": {"env": "ä%", "plan": "gold"}});
    let made = make(&doors.world, "one", &annotations).await;
    let secret = made["token"].as_str().unwrap();
    let metadata = json!({"env": "ä%", "plan": "gold"});

    let root = &doors.world.root;
    let question = json!({"token": secret});
    let ask = Ask::new("POST", "/api/v1/api-tokens/verify").by(&root.secret);
    let verdict = doors.send(ask.json(&question)).await.expect(200);
    assert_eq!(verdict["token"]["owner"], "Größe 1");
    assert_eq!(verdict["token"]["metadata"], metadata);
    let fields = [("token", secret)];
    let told = doors.send(form("/oauth2/introspect", root, &fields)).await;
    let told = told.expect(200);
    assert_eq!(
        (&told["owner"], &told["metadata"]),
        (&json!("Größe 1"), &metadata)
    );

    let ask = Ask::new("GET", "/auth").header("authorization", &format!("Bearer {secret}"));
    let reply = doors.send(ask).await;
    assert_eq!(reply.status, 200);
    let header = |name: &str| {
        let value = reply.header(&format!("x-countersign-{name}"));
        percent_decode_str(value)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    assert_eq!(header("owner"), "Größe 1");
    assert_eq!(header("token-expiry"), "2027-01-01T00:00:00Z");
    assert_eq!(
        (header("meta-env"), header("meta-plan")),
        ("ä%".into(), "gold".into())
    );
    assert!(!reply.headers.contains_key("x-countersign-meta-nothing"));
    assert!(!reply.headers.contains_key("x-countersign-meta-omitted"));
}

#[tokio::test]
async fn metadata_that_no_head_has_room_for_is_left_out() {
    let keys = ["a", "b", "c", "d", "e"];
    let settings = Settings {
        auth_metadata: MetadataHeaders::new(keys).unwrap(),
        ..Settings::default()
    };
    let doors = Doors::with(Proxies::default(), settings).await;
    let long: serde_json::Map<_, _> = keys
        .iter()
        .map(|key| ((*key).to_owned(), "ä".repeat(256).into()))
        .collect();
    let made = make(&doors.world, "one", &json!({"metadata": long})).await;
    let secret = made["token"].as_str().unwrap();
    let ask = Ask::new("GET", "/auth").header("authorization", &format!("Bearer {secret}"));
    let reply = doors.send(ask).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("x-countersign-meta-omitted"), "true");
    assert!(!reply.headers.contains_key("x-countersign-meta-a"));
    assert!(!reply.headers.contains_key("x-countersign-owner"));
    assert_eq!(reply.header("x-countersign-permissions"), "api.tasks.read");
}
