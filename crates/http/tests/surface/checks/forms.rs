//! Where a client may send its token: each form at each endpoint, allowed and not.

use std::convert::Infallible;

use axum::{
    body::{Body, to_bytes},
    http::Response,
};
use countersign_gate::{Peer, Proxies};
use countersign_http::Settings;
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::{
    Doors, basic,
    changes::change,
    changes::news,
    streams::{Served, usual},
};
use crate::world::{Ask, Reply, TOKENS, send};

/// The forms; those in `Authorization` exclude each other, whatever is allowed.
const FORMS: [&str; 4] = ["bearer", "basic", "x-api-key", "private-token"];

fn with(ask: Ask, form: &'static str, secret: &str) -> Ask {
    match form {
        "bearer" => ask.header("authorization", &format!("Bearer {secret}")),
        "basic" => ask.header("authorization", &basic("any name", secret)),
        name => ask.header(name, secret),
    }
}

/// The forms that are sent together: none, each alone, and each pair in both orders.
fn sets() -> Vec<Vec<&'static str>> {
    let alone = FORMS.map(|form| vec![form]);
    let pairs = FORMS
        .iter()
        .flat_map(|a| FORMS.iter().map(|b| vec![*a, *b]));
    [vec![]].into_iter().chain(alone).chain(pairs).collect()
}

fn in_authorization(form: &str) -> bool {
    ["bearer", "basic"].contains(&form)
}

fn expected(allowed: &str, sent: &[&str]) -> (u16, &'static str) {
    let counts = |form: &&&str| **form == "bearer" || allowed.split(',').any(|one| one == **form);
    let count = sent.iter().filter(counts).count();
    if count > 1 || sent.iter().filter(|form| in_authorization(form)).count() > 1 {
        (400, "invalid-parameter")
    } else if count == 1 {
        (200, "")
    } else {
        (401, "missing-credential")
    }
}

async fn through_the_layer(doors: &Doors, ask: Ask) -> Reply {
    let service = doors.gate.layer().layer(service_fn(async |_| {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    }));
    let mut request = ask.0;
    request
        .extensions_mut()
        .insert(Peer(([192, 0, 2, 1], 4711).into()));
    let (head, body) = service.oneshot(request).await.unwrap().into_parts();
    Reply {
        status: head.status,
        headers: head.headers,
        body: to_bytes(Body::new(body), 10_000).await.unwrap(),
    }
}

fn challenges(reply: &Reply) -> Vec<String> {
    let values = reply.headers.get_all("www-authenticate").iter();
    values
        .map(|value| value.to_str().unwrap().to_owned())
        .collect()
}

/// Checks status, code and challenges.
fn check(reply: &Reply, allowed: &str, (status, code): (u16, &str), what: &str) {
    assert_eq!(reply.status, status, "{what}: {reply:?}");
    if status != 200 {
        let kind = reply.json()["type"].as_str().unwrap().to_owned();
        assert_eq!(kind, format!("/problems/{code}"), "{what}");
    }
    let mut wanted = Vec::new();
    if status == 401 {
        wanted.push(r#"Bearer realm="countersign""#.to_owned());
        if allowed.contains("basic") {
            wanted.push(r#"Basic realm="countersign""#.to_owned());
        }
        for name in ["private-token", "x-api-key"] {
            if allowed.contains(name) {
                wanted.push(format!(r#"ApiKey realm="countersign", header="{name}""#));
            }
        }
    }
    assert_eq!(challenges(reply), wanted, "{what}");
}

#[tokio::test]
async fn each_form_counts_at_each_endpoint_where_it_is_allowed_and_nowhere_else() {
    for allowed in [
        "",
        "basic",
        "x-api-key",
        "x-api-key,basic",
        "basic,x-api-key",
        "private-token,basic,x-api-key",
    ] {
        let doors = Doors::taking(allowed).await;
        let root = doors.world.root.secret.expose().to_owned();
        for sent in sets() {
            let ask = |target: &str| {
                let ask = Ask::new("GET", target);
                sent.iter().fold(ask, |ask, form| with(ask, form, &root))
            };
            let wanted = expected(allowed, &sent);
            for target in [
                "/api/v1/permissions",
                TOKENS,
                "/auth",
                "/auth?permission=api.tasks.read",
            ] {
                let reply = doors.send(ask(target)).await;
                check(
                    &reply,
                    allowed,
                    wanted,
                    &format!("{allowed:?}, {sent:?}, {target}"),
                );
            }
            let reply = through_the_layer(&doors, ask("/")).await;
            check(
                &reply,
                allowed,
                wanted,
                &format!("{allowed:?}, {sent:?}, the layer"),
            );
        }
        // Nowhere else, whatever is allowed.
        for target in ["/auth", "/api/v1/permissions"] {
            for name in ["cookie", "proxy-authorization", "x-token"] {
                let reply = doors
                    .send(Ask::new("GET", target).header(name, &root))
                    .await;
                check(&reply, allowed, (401, "missing-credential"), name);
            }
            for name in ["access_token", "x-api-key", "token"] {
                let reply = doors
                    .send(Ask::new("GET", format!("{target}?{name}={root}")))
                    .await;
                check(&reply, allowed, (401, "missing-credential"), name);
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_token_has_one_answer_in_every_form() {
    let doors = Doors::taking("basic,x-api-key").await;
    for form in ["bearer", "basic", "x-api-key"] {
        for target in ["/auth", TOKENS] {
            let reply = doors
                .send(with(Ask::new("GET", target), form, "csg_x"))
                .await;
            reply.problem(401, "invalid-token");
            let challenges = challenges(&reply);
            assert!(challenges[0].contains(r#"error="invalid_token""#), "{form}");
            assert_eq!(challenges.len(), 3, "{form}");
        }
    }
    let lacking = doors.world.token("lacking", &["api.tasks.read"]).await;
    let ask = with(
        Ask::new("GET", TOKENS),
        "x-api-key",
        lacking.secret.expose(),
    );
    let reply = doors.send(ask).await;
    reply.problem(403, "insufficient-scope");
    assert_eq!(challenges(&reply).len(), 1);
}

/// The clients of OAuth authenticate by Basic as before, whatever is allowed.
#[tokio::test]
async fn oauth_clients_use_basic_in_any_case_and_no_second_credential() {
    for allowed in ["", "x-api-key"] {
        let doors = Doors::taking(allowed).await;
        let root = doors.world.root.secret.expose();
        let ask = |forms: &[&'static str]| {
            let ask = Ask::new("POST", "/oauth2/introspect");
            let ask = forms.iter().fold(ask, |ask, form| with(ask, form, root));
            ask.text(
                "application/x-www-form-urlencoded",
                &format!("token={root}"),
            )
        };
        let told = doors.send(ask(&["basic"])).await.expect(200);
        assert_eq!(told["active"], true);
        let both = doors.send(ask(&["basic", "x-api-key"])).await;
        assert_eq!(both.status, if allowed.is_empty() { 200 } else { 400 });
        let key = doors.send(ask(&["x-api-key"])).await;
        assert_eq!(key.status, if allowed.is_empty() { 401 } else { 200 });
    }
}

/// The credential is judged again whenever the caller's own token may have changed.
#[tokio::test]
async fn a_stream_goes_on_whatever_form_its_token_came_in() {
    for form in ["bearer", "basic", "x-api-key"] {
        let served = Served::over(Doors::taking("basic,x-api-key").await, usual()).await;
        let root = &served.doors.world.root;
        let value = match form {
            "bearer" => format!("Bearer {}", root.secret.expose()),
            "basic" => basic("any", root.secret.expose()),
            _ => root.secret.expose().to_owned(),
        };
        let name = if form == "x-api-key" {
            form
        } else {
            "authorization"
        };
        let mut stream = served.follow_by(name, &value).await;
        assert_eq!(stream.next().await.unwrap().name, "ready");
        let own = change(&served.doors.world.home, root.view.token.id, 2);
        served.doors.hub.publish(news(&[own], "11"));
        assert_eq!(stream.next().await.unwrap().name, "change", "{form}");
    }
}

#[tokio::test]
async fn the_document_and_preflights_name_what_this_deployment_allows() {
    let settings = Settings {
        cors_origins: vec!["https://app.example.com".to_owned()],
        ..Settings::default()
    };
    let doors = Doors::built(Proxies::default(), settings, "basic,x-api-key").await;
    let document = doors
        .send(Ask::new("GET", "/api/openapi.json"))
        .await
        .expect(200);
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["x-api-key"]["in"], "header");
    assert_eq!(schemes["x-api-key"]["name"], "x-api-key");
    let security = serde_json::json!([{"bearer": []}, {"basic": []}, {"x-api-key": []}]);
    assert_eq!(document["security"], security);
    let preflight = Ask::new("OPTIONS", TOKENS)
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "x-api-key");
    let reply = send(&doors.router, preflight.0).await;
    let allowed = reply.header("access-control-allow-headers");
    assert!(
        allowed.split(',').any(|name| name == "x-api-key"),
        "{allowed}"
    );
}
