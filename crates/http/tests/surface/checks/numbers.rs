//! The metrics: who may read them, where, and that no client can create labels.

use countersign_domain::Secret;
use countersign_gate::Proxies;
use countersign_http::{Settings, metrics_router};

use super::{Doors, form};
use crate::world::{Ask, Reply, TOKENS, send};

const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

fn text(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), TYPE);
    String::from_utf8(reply.body.to_vec()).unwrap()
}

/// The samples of the page, without their values.
fn series(page: &str) -> Vec<&str> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap().0).collect()
}

#[tokio::test]
async fn numbers_are_shown_to_those_who_may_read() {
    let doors = Doors::new().await;
    let numbers = || Ask::new("GET", "/metrics");
    doors
        .send(numbers())
        .await
        .problem(401, "missing-credential");
    let weak = doors.made("weak", &["api.tasks.read"], &[]).await;
    doors
        .send(numbers().by(&weak.secret))
        .await
        .problem(403, "insufficient-scope");
    // Reading a tenant's tokens is not reading the numbers of all.
    doors
        .send(doors.world.ask("GET", "/metrics"))
        .await
        .problem(403, "insufficient-scope");
    let reader = doors.made("numbers", &["api.metrics.read"], &[]).await;
    let page = text(&doors.send(numbers().by(&reader.secret)).await);
    assert!(page.ends_with("# EOF\n"), "{page}");
    for line in [
        r#"countersign_verdicts_total{code="missing-credential"} 1"#,
        r#"countersign_verdicts_total{code="insufficient-scope"} 2"#,
        r#"countersign_http_request_duration_seconds_count{method="GET",route="/metrics",status="403"} 2"#,
    ] {
        assert!(page.contains(line), "{line} is not in\n{page}");
    }
    let query = Ask::new("GET", "/metrics?x=1").by(&reader.secret);
    doors.send(query).await.problem(400, "invalid-parameter");
}

#[tokio::test]
async fn numbers_that_are_shown_elsewhere_are_not_shown_here() {
    let settings = Settings {
        metrics_elsewhere: true,
        ..Settings::default()
    };
    let doors = Doors::with(Proxies::default(), settings).await;
    let reader = doors.made("numbers", &["api.metrics.read"], &[]).await;
    let reply = doors
        .send(Ask::new("GET", "/metrics").by(&reader.secret))
        .await;
    reply.problem(404, "no-such-route");
    // There nobody needs a token, and there is nothing else.
    let own = metrics_router(doors.metrics.clone());
    let page = text(&send(&own, Ask::new("GET", "/metrics").0).await);
    assert!(
        page.contains(r#"countersign_verdicts_total{code="ok"} 1"#),
        "{page}"
    );
    for target in ["/", TOKENS, "/auth"] {
        let reply = send(&own, doors.world.ask("GET", target).0).await;
        assert_eq!(reply.status, 404, "{target}");
    }
}

#[tokio::test]
async fn each_check_is_counted_once_by_what_it_came_to() {
    let doors = Doors::new().await;
    let unknown = Secret::from_random(&[9; 32]);
    doors
        .send(Ask::new("GET", "/auth").by(&unknown))
        .await
        .problem(401, "invalid-token");
    let made = doors.made("one", &["api.tasks.read"], &[]).await;
    doors
        .send(Ask::new("GET", "/auth").by(&made.secret))
        .await
        .expect(200);
    let root = &doors.world.root;
    let body = serde_json::json!([
        {"token": made.secret.expose()},
        {"token": made.secret.expose(), "permissions": ["api.tasks.write"]},
        {"token": unknown.expose()},
    ]);
    doors
        .send(
            doors
                .world
                .ask("POST", format!("{TOKENS}/verify"))
                .json(&body),
        )
        .await
        .expect(200);
    let fields = [("token", made.secret.expose())];
    doors
        .send(form("/oauth2/introspect", root, &fields))
        .await
        .expect(200);
    let page = doors.metrics.page().unwrap();
    for (code, count) in [("ok", 5), ("invalid-token", 2), ("insufficient-scope", 1)] {
        let line = format!("countersign_verdicts_total{{code=\"{code}\"}} {count}\n");
        assert!(page.contains(&line), "{line} is not in\n{page}");
    }
}

#[tokio::test]
async fn what_clients_make_up_adds_no_series() {
    let doors = Doors::new().await;
    let all = async |word: &str| {
        for method in [word, "GET", "POST"] {
            for target in [
                format!("/{word}"),
                format!("/auth/{word}"),
                format!("/api/v1/{word}"),
                format!("{TOKENS}/{word}"),
                format!("{TOKENS}/{word}/events"),
                format!("/problems/{word}"),
                format!("/api/docs/{word}"),
            ] {
                doors.send(doors.world.ask(method, target)).await;
            }
            let ask = Ask::new(method, "/auth").header("authorization", &format!("{word} {word}"));
            doors.send(ask).await;
        }
        doors.metrics.page().unwrap()
    };
    let first = all("FIRST").await;
    let mut last = String::new();
    for word in ["SECOND", "THIRD", "a", "csg_x"] {
        last = all(word).await;
    }
    assert_eq!(series(&first), series(&last));
    assert!(
        !last.contains("SECOND") && !last.contains("FIRST"),
        "{last}"
    );
    assert!(
        last.contains(r#"method="other",route="/auth/{*original}""#),
        "{last}"
    );
}
