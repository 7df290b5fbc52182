//! Tokens with thousands of permissions: a record that was read can be sent back, and no proxy
//! refuses the headers.

use std::sync::Arc;

use countersign_application::{IssuedToken, Tokens, testing::NoopInvalidator};
use countersign_domain::{PermissionCatalog, Policy};
use countersign_gate::Proxies;
use countersign_http::{ApiService, Settings};
use serde_json::{Value, json};

use super::world::{Ask, Reply, TOKENS, World, path, send, services};

/// A surface whose catalog has these names, and a token that holds them all.
struct Large {
    world: World,
    surface: ApiService,
    names: Vec<String>,
    all: IssuedToken,
}

impl Large {
    async fn of(count: usize) -> Self {
        let mut world = World::new().await;
        let names = (0..count).map(|number| format!("api.area-{number:05}.read"));
        let catalog = PermissionCatalog::parse(&names.collect::<Vec<_>>().join("\n")).unwrap();
        let names: Vec<String> = catalog
            .permissions()
            .iter()
            .map(ToString::to_string)
            .collect();
        let policy = Policy {
            catalog,
            ..Policy::default()
        };
        world.home.policy = policy.clone();
        let mut draft = world.home.draft("all");
        draft.permissions.clone_from(&names);
        let all = world.home.make_of(&draft).await;
        let stores = &world.stores;
        let mut parts = services(stores, stores.tokens.clone(), Proxies::default());
        let (clock, entropy) = (stores.clock.clone(), stores.entropy.clone());
        let tokens = stores.tokens.clone();
        parts.tokens = Tokens::new(tokens, clock, entropy, Arc::new(NoopInvalidator), policy);
        let surface = ApiService::new(parts, Settings::default());
        Self {
            world,
            surface,
            names,
            all,
        }
    }

    async fn send(&self, ask: Ask) -> Reply {
        send(&self.surface, ask.by(&self.all.secret).0).await
    }
}

#[tokio::test]
async fn a_record_that_was_read_can_be_sent_back_however_long_it_is() {
    let large = Large::of(4000).await;
    let target = path(&large.all.view);
    let read = large.send(Ask::new("GET", target.as_str())).await;
    assert!(read.body.len() > 80_000, "{}", read.body.len());
    let mut record = read.expect(200);
    record["name"] = "the same under another name".into();
    // As it came, and as people's tools write it.
    for (version, text) in [
        (1, record.to_string()),
        (2, serde_json::to_string_pretty(&record).unwrap()),
    ] {
        let text = text.replace("\"version\":1", &format!("\"version\":{version}"));
        let text = text.replace("\"version\": 1", &format!("\"version\": {version}"));
        let text = text.replace("another name", &format!("name {version}"));
        let ask = Ask::new("PUT", target.as_str()).text("application/json", &text);
        let answered = large.send(ask).await.expect(200);
        assert_eq!(answered["version"], version + 1);
        assert_eq!(
            answered["permissions"].as_array().unwrap().len(),
            large.names.len()
        );
    }
    let body = json!({
        "name": "twin", "expiry": "2027-06-01T12:00:00Z", "permissions": large.names,
    });
    let made = large
        .send(Ask::new("POST", TOKENS).json(&body))
        .await
        .expect(201);
    assert_eq!(made["permissions"], record["permissions"]);
}

#[tokio::test]
async fn a_record_whose_permissions_left_the_catalog_can_be_sent_back_too() {
    let large = Large::of(4000).await;
    // The catalog of this surface is the standard one.
    let small = &large.world.router;
    let target = path(&large.all.view);
    let ask = |method: &str| Ask::new(method, target.as_str()).by(&large.all.secret);
    let mut record = send(small, ask("GET").0).await.expect(200);
    record["name"] = "another".into();
    let answered = send(small, ask("PUT").json(&record).0).await.expect(200);
    assert_eq!(answered["version"], 2);
    assert_eq!(answered["permissions"], record["permissions"]);
    let more = format!("{record}{}", " ".repeat(200 * 1024));
    let ask = ask("PUT").text("application/json", &more);
    send(small, ask.0).await.problem(413, "body-too-large");
}

#[tokio::test]
async fn a_body_is_bounded_all_the_same() {
    for (count, most) in [(0, 64), (4000, 210)] {
        let large = Large::of(count).await;
        let target = path(&large.all.view);
        let blanks = |kib: usize| " ".repeat(kib * 1024);
        for (method, target, most) in [
            ("POST", TOKENS, most),
            ("PUT", &*target, most),
            ("POST", "/api/v1/api-tokens/query", 64),
            ("POST", "/api/v1/api-tokens/verify", 64),
        ] {
            let ask = Ask::new(method, target).text("application/json", &blanks(most + 1));
            let problem = large.send(ask).await.problem(413, "body-too-large");
            let said = problem["detail"].as_str().unwrap();
            assert!(said.starts_with("A body has at most "), "{said}");
            let ask = Ask::new(method, target).text("application/json", &blanks(64));
            large.send(ask).await.problem(400, "malformed-json");
        }
    }
}

#[tokio::test]
async fn a_list_of_more_than_four_kibibytes_is_in_no_header() {
    let large = Large::of(400).await;
    let told = async |count: usize| -> (usize, Value) {
        let mut draft = large.world.home.draft(&format!("{count}"));
        draft.permissions = large.names[..count].to_vec();
        let made = large.world.home.make_of(&draft).await;
        let reply = send(&large.surface, Ask::new("GET", "/auth").by(&made.secret).0).await;
        assert_eq!(reply.status, 200);
        let whole = made.view.token.permissions.to_string();
        let shown = reply.headers.get("x-countersign-permissions");
        let shown = shown.map(|shown| shown.to_str().unwrap().to_owned());
        assert!(shown.is_none() || shown.as_ref() == Some(&whole));
        let omitted = reply.headers.get("x-countersign-permissions-omitted");
        let omitted = omitted.map(|omitted| omitted.to_str().unwrap().to_owned());
        let size: usize = reply
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        assert!(size < 5000, "{size}");
        (whole.len(), json!([shown.is_some(), omitted]))
    };
    let mut longest = 0;
    for count in [1, 100, 180, 190, 200, 210, 220, 300] {
        let (length, said) = told(count).await;
        let expected = if length > 4096 {
            json!([false, "true"])
        } else {
            json!([true, null])
        };
        assert_eq!(said, expected, "{length} bytes");
        longest = longest.max(length);
    }
    assert!(longest > 4096);
    // What is needed is still judged by all of them.
    let last = large.names.last().unwrap();
    let ask = |permission: &str| Ask::new("GET", format!("/auth?permission={permission}"));
    assert_eq!(large.send(ask(last)).await.status, 200);
    assert_eq!(large.send(ask("api.area-99999.read")).await.status, 403);
}
