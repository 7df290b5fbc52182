//! An empty permission, or a missing one that is required, never counts as no requirement: a proxy
//! or service that lost the name from its configuration must not let every live token through.

use serde_json::json;

use super::{Doors, form};
use crate::world::{Ask, TOKENS, pairs};

const HEADER: &str = "x-countersign-permission";

#[tokio::test]
async fn an_empty_wish_at_the_proxies_door_is_a_fault() {
    let doors = Doors::new().await;
    let made = doors.made("one", &["api.tasks.read"], &[]).await;
    let missing = (HEADER, "missing-parameter");
    let invalid = (HEADER, "invalid-value");
    let in_query = ("permission", "missing-parameter");
    let none: &[&str] = &[];
    for (target, lines, fault) in [
        ("/auth?", none, in_query),
        ("/auth?&", none, in_query),
        ("/auth?permission=", none, ("permission", "invalid-value")),
        ("/auth", &[""], invalid),
        ("/auth", &[" \t "], invalid),
        ("/auth", &["", "*"], invalid),
        ("/auth", &["api.tasks.read", ""], invalid),
        ("/auth", &["", "api.tasks.read"], invalid),
        ("/auth", &["*", "*"], invalid),
        ("/auth", &["* api.tasks.read"], invalid),
        ("/auth", &["*", "api.tasks.read"], invalid),
        ("/auth", &["**"], invalid),
        ("/auth?permission=api.tasks.read", &[""], invalid),
        ("/auth?permission=api.tasks.read", &["*"], invalid),
        ("/auth/", none, missing),
        ("/auth/any/path", none, missing),
        ("/auth/?permission=api.tasks.read", none, missing),
        ("/auth//?permission=api.tasks.read", none, missing),
        ("/auth/x?permission=no%20name", none, missing),
        ("/auth/x", &[""], invalid),
        ("/auth/x", &["api.tasks.read", ""], invalid),
    ] {
        let mut ask = Ask::new("GET", target).by(&made.secret);
        for line in lines {
            ask = ask.header(HEADER, line);
        }
        let reply = doors.send(ask).await;
        reply.problem(400, "invalid-parameter");
        assert_eq!(reply.faults(), pairs(&[fault]), "{target} {lines:?}");
        assert!(reply.header("x-countersign-token-id").is_empty());
    }
}

#[tokio::test]
async fn what_the_proxies_door_was_asked_plainly_stays_allowed() {
    let doors = Doors::new().await;
    let made = doors.made("one", &["api.tasks.read"], &[]).await;
    for (target, lines) in [
        ("/auth", &[][..]),
        ("/auth", &["*"]),
        ("/auth", &[" api.tasks.read "]),
        ("/auth?permission=api.tasks.read", &["api.tasks.read"]),
        ("/auth/", &["api.tasks.read"]),
        ("/auth/", &["*"]),
        ("/auth/x?y", &["*"]),
    ] {
        let mut ask = Ask::new("GET", target).by(&made.secret);
        for line in lines {
            ask = ask.header(HEADER, line);
        }
        let reply = doors.send(ask).await;
        assert_eq!(reply.status, 200, "{target} {lines:?}");
    }
}

#[tokio::test]
async fn an_empty_name_among_the_wanted_is_one_that_nobody_holds() {
    let doors = Doors::new().await;
    let made = doors.made("one", &["api.tasks.read"], &[]).await;
    for names in [json!([""]), json!([" "]), json!(["*"])] {
        let body = json!({"token": made.secret.expose(), "permissions": names});
        let ask = doors.world.ask("POST", format!("{TOKENS}/verify"));
        let told = doors.send(ask.json(&body)).await.expect(200);
        assert_eq!(told["active"], false, "{names}");
        assert_eq!(told["code"], "insufficient-scope", "{names}");
        assert_eq!(told["missing"], names);
    }
    for wanted in [json!(null), json!(""), json!("*"), json!({})] {
        let body = json!({"token": made.secret.expose(), "permissions": wanted});
        let ask = doors.world.ask("POST", format!("{TOKENS}/verify"));
        let reply = doors.send(ask.json(&body)).await;
        reply.problem(400, "invalid-body");
        assert_eq!(reply.faults(), pairs(&[("/permissions", "wrong-type")]));
    }
    // Introspection takes no wish at all, and answers with what the asking service has to judge by.
    let root = &doors.world.root;
    let fields = [("token", made.secret.expose()), ("permission", "")];
    let ask = form("/oauth2/introspect", root, &fields);
    let told = doors.send(ask).await.expect(200);
    assert_eq!(told["scope"], "api.tasks.read");
}
