//! Forward auth: what a proxy reads of an answer, and that a client behind it cannot influence it.

use countersign_domain::{Secret, standard};
use countersign_gate::Proxies;
use countersign_http::Settings;
use percent_encoding::percent_decode_str;

use super::{Doors, forgetful, from};
use crate::world::{Ask, Reply, pairs, send};

const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND",
];

fn let_through(reply: &Reply) {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.body.is_empty(), "{reply:?}");
}

#[tokio::test]
async fn who_comes_is_told_in_headers() {
    let doors = Doors::new().await;
    let world = &doors.world;
    for name in [
        "plain",
        "Jürgen Groß",
        "שלום",
        "100% \"quoted\", a;b=c\\",
        "😀 a%20b",
    ] {
        let held = ["api.tasks.read", "api.api-tokens.read"];
        let made = doors.made(name, &held, &[]).await;
        let reply = doors.send(Ask::new("GET", "/auth").by(&made.secret)).await;
        let_through(&reply);
        let token = &made.view.token;
        let header = |name: &str| reply.header(&format!("x-countersign-{name}")).to_owned();
        assert_eq!(header("tenant-id"), world.home.tenant.id.to_string());
        assert_eq!(header("token-id"), token.id.to_string());
        assert_eq!(header("user-id"), token.user.to_string());
        let told = header("user-name");
        assert!(told.is_ascii(), "{told}");
        let read = percent_decode_str(&told)
            .decode_utf8()
            .unwrap()
            .into_owned();
        assert_eq!(read, token.name.as_str(), "{told}");
        assert_eq!(header("permissions"), token.permissions.to_string());
    }
    let plain = doors.made("as it is", &["api.tasks.read"], &[]).await;
    let reply = doors.send(Ask::new("GET", "/auth").by(&plain.secret)).await;
    assert_eq!(reply.header("x-countersign-user-name"), "as it is");
}

#[tokio::test]
async fn any_method_and_any_path_behind_it_are_answered_alike() {
    let doors = Doors::new().await;
    let made = doors.made("one", &["api.tasks.read"], &[]).await;
    let unknown = Secret::from_random(&[9; 32]);
    for method in METHODS {
        for target in [
            "/auth",
            "/auth/",
            "/auth/any/path?x=1",
            "/auth/?permission=no%20name",
            "/auth//%2e%2e/x?permission=api.tasks.delete",
        ] {
            let ask = || Ask::new(method, target);
            let any = || ask().header("x-countersign-permission", "*");
            let_through(&doors.send(any().by(&made.secret)).await);
            let refused = doors.send(any().by(&unknown)).await;
            assert_eq!(refused.status, 401, "{method} {target}");
            let challenge = refused.header("www-authenticate");
            assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
            let refused = doors
                .send(
                    ask()
                        .by(&made.secret)
                        .header("x-countersign-permission", "api.tasks.delete"),
                )
                .await;
            assert_eq!(refused.status, 403, "{method} {target}");
            let challenge = refused.header("www-authenticate");
            assert!(
                challenge.contains("scope=\"api.tasks.delete\""),
                "{challenge}"
            );
        }
    }
    let reply = doors.send(Ask::new("GET", "/auth")).await;
    reply.problem(401, "missing-credential");
    for elsewhere in ["/authx", "/Auth", "/auth.html"] {
        let reply = doors
            .send(Ask::new("GET", elsewhere).by(&made.secret))
            .await;
        reply.problem(404, "no-such-route");
    }
}

#[tokio::test]
async fn all_that_is_asked_for_has_to_be_held() {
    let doors = Doors::new().await;
    let held = ["api.tasks.read", "api.tasks.write"];
    let made = doors.made("one", &held, &[]).await;
    let (read, write, delete) = (
        "permission=api.tasks.read",
        "permission=api.tasks.write",
        "permission=api.tasks.delete",
    );
    let none: &[&str] = &[];
    for (query, headers, lacking) in [
        (String::new(), none, None),
        (format!("?{read}"), none, None),
        (format!("?{read}&{write}&{read}"), none, None),
        (format!("?{read}&{delete}"), none, Some("api.tasks.delete")),
        (format!("?{delete}&{read}"), none, Some("api.tasks.delete")),
        // A client's own header asks for more, never for less.
        (
            format!("?{delete}"),
            &["api.tasks.read"],
            Some("api.tasks.delete"),
        ),
        (
            format!("?{read}"),
            &["api.tasks.delete"],
            Some("api.tasks.delete"),
        ),
        (String::new(), &["api.tasks.read  api.tasks.write"], None),
        (
            String::new(),
            &["api.tasks.read api.tasks.delete"],
            Some("api.tasks.delete"),
        ),
        (
            String::new(),
            &["api.tasks.read", "api.tasks.delete"],
            Some("api.tasks.delete"),
        ),
        (String::new(), &["*"], None),
        // Of no catalog, so that nobody holds it.
        ("?permission=made.up".to_owned(), none, Some("made.up")),
    ] {
        let mut ask = Ask::new("GET", format!("/auth{query}")).by(&made.secret);
        for header in headers {
            ask = ask.header("x-countersign-permission", header);
        }
        let reply = doors.send(ask).await;
        let Some(lacking) = lacking else {
            let_through(&reply);
            continue;
        };
        reply.problem(403, "insufficient-scope");
        let challenge = reply.header("www-authenticate");
        assert!(
            challenge.ends_with(&format!("scope=\"{lacking}\"")),
            "{query}: {challenge}"
        );
    }
}

#[tokio::test]
async fn a_question_that_cannot_be_read_is_told_to_those_who_may_ask() {
    let doors = Doors::new().await;
    let made = doors.made("one", &["api.tasks.read"], &["192.0.2.1"]).await;
    let unknown = Secret::from_random(&[9; 32]);
    let header = "x-countersign-permission";
    for (query, value, fault) in [
        (
            "?permisson=api.tasks.read",
            "",
            ("permisson", "unknown-parameter"),
        ),
        ("?permission=", "", ("permission", "invalid-value")),
        ("?permission=API.TASKS", "", ("permission", "invalid-value")),
        (
            "?permission=api.tasks.read,x.y",
            "",
            ("permission", "invalid-value"),
        ),
        ("?permission=%ff", "", ("permission", "invalid-value")),
        ("", "nodot", (header, "invalid-value")),
        (
            "",
            "api.tasks.read,api.tasks.write",
            (header, "invalid-value"),
        ),
    ] {
        let ask = || Ask::new("GET", format!("/auth{query}")).header(header, value);
        let reply = doors.send(ask().by(&made.secret)).await;
        reply.problem(400, "invalid-parameter");
        assert_eq!(reply.faults(), pairs(&[fault]), "{query}");
        let reply = doors.send(ask()).await;
        reply.problem(401, "missing-credential");
        let reply = doors.send(ask().by(&unknown)).await;
        reply.problem(401, "invalid-token");
        let elsewhere = from(ask().by(&made.secret), Some([203, 0, 113, 7].into()));
        let reply = doors.send(elsewhere).await;
        reply.problem(403, "address-not-allowed");
    }
}

#[tokio::test]
async fn the_client_is_who_trusted_proxies_say() {
    let proxies = Proxies {
        trusted: vec!["10.0.0.0/8".parse().unwrap()],
        ..Proxies::default()
    };
    let doors = Doors::with(proxies, Settings::default()).await;
    let made = doors
        .made("one", &["api.tasks.read"], &["192.0.2.0/24"])
        .await;
    let (proxy, stranger) = ([10, 0, 0, 1].into(), [203, 0, 113, 7].into());
    let good = "192.0.2.7";
    for (peer, forwarded, status) in [
        (proxy, Some(good), 200),
        (proxy, Some("203.0.113.7"), 403),
        // What a client put there before the proxy did.
        (proxy, Some("192.0.2.7, 203.0.113.7"), 403),
        (proxy, Some("203.0.113.7, 192.0.2.7"), 200),
        (proxy, Some("192.0.2.7, 10.0.0.2"), 200),
        (proxy, Some("192.0.2.7, x"), 403),
        (proxy, None, 403),
        (stranger, Some(good), 403),
        (good.parse().unwrap(), Some("203.0.113.7"), 200),
    ] {
        let mut ask = from(Ask::new("GET", "/auth").by(&made.secret), Some(peer));
        if let Some(forwarded) = forwarded {
            ask = ask.header("x-forwarded-for", forwarded);
        }
        let reply = doors.send(ask).await;
        assert_eq!(reply.status, status, "{peer} for {forwarded:?}");
    }
    let used = doors.noted();
    assert_eq!(used.len(), 4, "the admitted ones");
    let address = good.parse().ok();
    assert!(
        used.iter()
            .all(|used| *used == (made.view.token.id, address)),
        "{used:?}"
    );
}

#[tokio::test]
async fn a_use_is_noted_of_those_who_are_let_in() {
    let doors = Doors::new().await;
    let made = doors.made("one", &["api.tasks.read"], &["192.0.2.1"]).await;
    let auth = |query: &str| Ask::new("GET", format!("/auth{query}"));
    let unknown = Secret::from_random(&[9; 32]);
    doors
        .send(auth("").by(&unknown))
        .await
        .problem(401, "invalid-token");
    doors
        .send(auth(""))
        .await
        .problem(401, "missing-credential");
    let lacking = auth(&format!("?permission={}", standard::API_TOKENS_READ)).by(&made.secret);
    doors.send(lacking).await.problem(403, "insufficient-scope");
    let elsewhere = from(auth("").by(&made.secret), Some([203, 0, 113, 7].into()));
    doors
        .send(elsewhere)
        .await
        .problem(403, "address-not-allowed");
    assert_eq!(doors.noted(), [], "of nobody else");
    let_through(&doors.send(auth("").by(&made.secret)).await);
    let mapped = "::ffff:192.0.2.1".parse().ok();
    let_through(&doors.send(from(auth("").by(&made.secret), mapped)).await);
    let used = (made.view.token.id, Some([192, 0, 2, 1].into()));
    assert_eq!(doors.noted(), [used, used]);
}

#[tokio::test]
async fn a_store_that_is_away_lets_nobody_in_and_throws_nobody_out() {
    let doors = Doors::new().await;
    let made = doors.made("one", &["api.tasks.read"], &[]).await;
    let router = forgetful(&doors.world).await;
    let reply = send(&router, Ask::new("GET", "/auth").by(&made.secret).0).await;
    reply.problem(503, "store-unavailable");
    assert_eq!(reply.header("retry-after"), "1");
    assert_eq!(reply.header("www-authenticate"), "");
}
