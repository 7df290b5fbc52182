//! Who may call which operation, by the OpenAPI document: a new operation is covered without a line
//! here. There is no list of exceptions: the document says which operations are open.

use serde_json::Value;

use super::world::{Ask, Reply, World};

/// An operation of the document.
struct Operation {
    method: String,
    path: String,
    open: bool,
    takes_body: bool,
    permission: Option<String>,
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&countersign_http::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push(Operation {
                method: method.to_uppercase(),
                path: path
                    .replace("{id}", "01900000-0000-7000-8000-000000000000")
                    .replace("{secret}", "x4Zt"),
                takes_body: operation["requestBody"].is_object(),
                open: operation["security"].as_array().is_some_and(Vec::is_empty),
                permission: operation["x-required-permission"]
                    .as_str()
                    .map(ToOwned::to_owned),
            });
        }
    }
    assert!(operations.len() >= 12, "the document has operations");
    operations
}

impl Operation {
    /// What [this request](Self::ask) comes to if it asks for no permission.
    fn status(&self) -> u16 {
        match (&*self.method, &*self.path) {
            ("DELETE", _) => 204,
            // No form.
            (_, "/oauth2/revoke") => 415,
            _ => 200,
        }
    }

    /// A request with a body that cannot be read, if the operation takes one, which nobody without
    /// the right to call gets to hear of.
    fn ask(&self) -> Ask {
        let ask = Ask::new(&self.method, self.path.as_str()).header("host", "localhost");
        if self.takes_body {
            ask.text("text/plain", "{")
        } else {
            ask
        }
    }
}

/// What is left of an answer when it is told for another request.
fn without_id(reply: &Reply) -> (u16, Value, String) {
    let mut body = reply.json();
    body.as_object_mut().unwrap().remove("requestId");
    (
        reply.status.as_u16(),
        body,
        reply.header("www-authenticate").to_owned(),
    )
}

#[tokio::test]
async fn nobody_gets_in_without_a_credential() {
    let world = World::new().await;
    for operation in operations() {
        let reply = world.send(operation.ask()).await;
        if operation.open {
            reply.expect(operation.status());
            continue;
        }
        reply.problem(401, "missing-credential");
        assert_eq!(
            reply.header("www-authenticate"),
            "Bearer realm=\"countersign\""
        );
    }
}

#[tokio::test]
async fn what_is_no_valid_token_is_one_and_the_same() {
    let world = World::new().await;
    let revoked = world.home.make("revoked").await;
    world.home.revoke(&revoked.view).await;
    let foreign = countersign_domain::Secret::from_random(&[9; 32]);
    let digest = format!("{:?}", world.root.secret.digest());
    for operation in operations().iter().filter(|operation| !operation.open) {
        let with = |value: &str| operation.ask().header("authorization", value);
        let expected = world
            .send(with(&format!("Bearer {}", foreign.expose())))
            .await;
        expected.problem(401, "invalid-token");
        assert!(
            expected
                .header("www-authenticate")
                .contains("error=\"invalid_token\"")
        );
        for wrong in [revoked.secret.expose(), "csg_", "x", "a b", &digest] {
            let reply = world.send(with(&format!("Bearer {wrong}"))).await;
            assert_eq!(without_id(&reply), without_id(&expected), "{wrong}");
        }
    }
}

#[tokio::test]
async fn a_token_that_lacks_just_the_named_permission_is_refused() {
    let world = World::new().await;
    for operation in operations().iter().filter(|operation| !operation.open) {
        let Some(needed) = &operation.permission else {
            let name = format!("{} {}", operation.method, operation.path);
            let small = world.token(&name, &["scim.user.schema"]).await;
            let reply = world.send(operation.ask().by(&small.secret)).await;
            reply.expect(operation.status());
            continue;
        };
        let others: Vec<_> = countersign_domain::standard::ALL
            .iter()
            .map(countersign_domain::Permission::as_str)
            .collect();
        let others: Vec<_> = others.into_iter().filter(|name| name != needed).collect();
        let name = format!("{} {}", operation.method, operation.path);
        let lacking = world.token(&name, &others).await;
        let reply = world.send(operation.ask().by(&lacking.secret)).await;
        reply.problem(403, "insufficient-scope");
        let challenge = reply.header("www-authenticate");
        assert!(
            challenge.contains(&format!("scope=\"{needed}\"")),
            "{challenge}"
        );
        assert!(
            challenge.contains("error=\"insufficient_scope\""),
            "{challenge}"
        );

        let just = world.token(&format!("just {name}"), &[needed]).await;
        // Of the head alone: one of them answers without an end.
        let status = world.status(operation.ask().by(&just.secret)).await;
        assert!(![401, 403].contains(&status), "{name}: {status}");
    }
}

#[tokio::test]
async fn credentials_are_taken_from_one_header_only() {
    let world = World::new().await;
    let secret = world.root.secret.expose();
    let ask = || Ask::new("GET", "/api/v1/permissions");
    for scheme in ["Bearer", "bearer", "BEARER", "bEARER "] {
        let reply = world
            .send(ask().header("authorization", &format!("{scheme} {secret}")))
            .await;
        reply.expect(200);
    }
    for value in [
        "Basic Zm9vOmJhcg==",
        "Bearer",
        "Bearer  ",
        "",
        "Token x",
        secret,
    ] {
        let reply = world.send(ask().header("authorization", value)).await;
        reply.problem(401, "missing-credential");
        assert!(
            !reply.header("www-authenticate").contains("error"),
            "{value}"
        );
    }
    let bearer = format!("Bearer {secret}");
    let listed = world
        .send(ask().header("authorization", &format!("{bearer}, {bearer}")))
        .await;
    listed.problem(400, "invalid-parameter");
    let twice = ask()
        .header("authorization", &bearer)
        .header("authorization", &bearer);
    world.send(twice).await.problem(400, "invalid-parameter");
    let elsewhere = Ask::new("GET", format!("/api/v1/permissions?access_token={secret}"))
        .header("cookie", &format!("token={secret}"));
    let reply = world.send(elsewhere).await;
    reply.problem(401, "missing-credential");
}

#[tokio::test]
async fn no_operation_passes_over_a_body_or_a_parameter_that_it_does_not_know() {
    let world = World::new().await;
    for operation in operations() {
        // Of the request of another service, which a proxy may send along.
        if operation.path == "/auth" {
            continue;
        }
        let name = format!("{} {}", operation.method, operation.path);
        let held = operation.permission.as_deref();
        let caller = world
            .token(&name, &[held.unwrap_or("scim.user.schema")])
            .await;
        let by_holder = |ask: Ask| ask.header("host", "localhost").by(&caller.secret);
        if !operation.takes_body {
            let ask = by_holder(Ask::new(&operation.method, operation.path.as_str()));
            let reply = world
                .send(ask.json(&serde_json::json!({"version": 7})))
                .await;
            reply.problem(400, "invalid-body");
            let unexpected = [(String::new(), "unexpected-body".to_owned())];
            assert_eq!(reply.faults(), unexpected, "{name}");
        }
        let unknown = by_holder(Ask::new(
            &operation.method,
            format!("{}?verson=7", operation.path),
        ));
        let reply = world
            .send(if operation.takes_body {
                unknown.json(&serde_json::json!({}))
            } else {
                unknown
            })
            .await;
        reply.problem(400, "invalid-parameter");
        assert_eq!(reply.json()["errors"][0]["parameter"], "verson", "{name}");
    }
}

#[tokio::test]
async fn a_version_in_the_body_of_a_delete_deletes_no_other() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let target = super::world::path(&made.view);
    let delete = || world.ask("DELETE", target.as_str());
    let versioned = delete().json(&serde_json::json!({"version": 7}));
    world.send(versioned).await.problem(400, "invalid-body");
    assert!(world.home.get(made.view.token.id).await.is_some());
    // A client that announces the type of no body sends none.
    let typed = delete().text("application/json", "");
    world.send(typed).await.expect(204);
}
