//! Headers that try to mislead: about the client's address, and about its identity.

use serde_json::Value;

use super::{
    READ,
    common::On,
    document::Kind,
    edge::{ELSEWHERE, Edge, HERE, bearer},
};

/// What a client at 127.0.0.3 may write to seem to be at 127.0.0.2, or nowhere.
const FORGED: [&[&str]; 13] = [
    &[],
    &["X-Forwarded-For: 127.0.0.2"],
    &["X-Forwarded-For: 127.0.0.2", "X-Forwarded-For: 127.0.0.2"],
    &["X-Forwarded-For: 127.0.0.2, 127.0.0.1", "x-forwarded-for:"],
    &["X_Forwarded_For: 127.0.0.2"],
    &["X-Real-IP: 127.0.0.2"],
    &["Forwarded: for=127.0.0.2"],
    &["Forwarded: for=127.0.0.2", "Connection: x-forwarded-for"],
    &[
        "X-Forwarded-For: 127.0.0.2",
        "Connection: X-Forwarded-For, forwarded",
    ],
    &["Connection: close, x-forwarded-for", "X-Real-IP: 127.0.0.2"],
    &[
        "X-Forwarded-For: ::ffff:127.0.0.2",
        "Connection: keep-alive, authorization",
    ],
    &[
        "X-Forwarded-For: unknown",
        "Forwarded: for=127.0.0.2;by=127.0.0.1",
    ],
    &[
        "X-Client-IP: 127.0.0.2",
        "True-Client-IP: 127.0.0.2",
        "Via: 1.1 127.0.0.2",
    ],
];

/// What Countersign tells, behind `X-Countersign-`.
const TOLD: [&str; 10] = [
    "tenant-id",
    "token-id",
    "user-id",
    "user-name",
    "permissions",
    "token-expiry",
    "permissions-omitted",
    "owner",
    "meta-plan",
    "meta-omitted",
];

/// The number of these headers in an answer for a token without owner and metadata.
const ALWAYS: usize = 6;

pub(crate) async fn no_header_brings_a_client_to_another_address(kind: Kind) {
    let edge = Edge::start(kind, On::Sqlite);
    let token = edge.token("Bound", READ, &[HERE]).await;
    for lines in FORGED {
        let got = edge.get(ELSEWHERE, &token, lines).await;
        let refused = got.status == 403 || edge.refused_by_itself(lines, &got);
        assert!(refused, "{lines:?}: {got:?}");
        assert!(edge.upstream.take().is_empty(), "{lines:?}");
    }
}

pub(crate) async fn no_header_takes_a_client_from_its_address(kind: Kind) {
    let edge = Edge::start(kind, On::Sqlite);
    let token = edge.token("Bound", READ, &[ELSEWHERE]).await;
    for lines in FORGED {
        let got = edge.get(ELSEWHERE, &token, lines).await;
        if edge.refused_by_itself(lines, &got) {
            continue;
        }
        assert_eq!(got.status, 200, "{lines:?}");
        let seen = edge.upstream.take().pop().unwrap();
        assert_eq!(seen.all("x-forwarded-for"), ["127.0.0.3"], "{lines:?}");
        assert_eq!(seen.all("x-real-ip"), ["127.0.0.3"], "{lines:?}");
        assert!(seen.all("forwarded").is_empty(), "{lines:?}");
        assert!(seen.all("x_forwarded_for").is_empty(), "{lines:?}");
    }
}

pub(crate) async fn nobody_says_who_they_are_but_countersign(kind: Kind) {
    let edge = Edge::start(kind, On::Sqlite);
    let token = edge.token("Plain", READ, &[]).await;
    // Envoy refuses more than ten names in this header.
    for listed in TOLD.chunks(5) {
        let mut lines = vec![
            "X-Countersign-Permission: forged.it".to_owned(),
            format!(
                "Connection: x-countersign-{}",
                listed.join(", x-countersign-")
            ),
        ];
        for name in TOLD {
            lines.push(format!("X-Countersign-{name}: forged"));
            lines.push(format!("x-countersign-{name}: forged"));
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(edge.get(HERE, &token, &lines).await.status, 200);
        assert_told_by_countersign_alone(&edge, &token);
    }
}

/// Services that make variables of names (CGI, WSGI, PHP) take each of these for a hyphen.
pub(crate) async fn no_spelling_says_who_they_are(kind: Kind) {
    let edge = Edge::start(kind, On::Sqlite);
    let token = edge.token("Plain", READ, &[]).await;
    for other in "!#$%&'*+.^_`|~".chars() {
        let other = other.to_string();
        let whole = |name: &str| format!("X-Countersign-{name}: forged").replace('-', &other);
        let ends = |name: &str| format!("X-Countersign-{}: forged", name.replace('-', &other));
        let start = |name: &str| format!("X{other}Countersign-{name}: forged");
        for lines in [TOLD.map(whole), TOLD.map(ends), TOLD.map(start)] {
            let lines = lines.each_ref().map(String::as_str);
            let got = edge.get(HERE, &token, &lines).await;
            if edge.refused_by_itself(&lines, &got) {
                continue;
            }
            assert_eq!(got.status, 200, "{lines:?}");
            assert_told_by_countersign_alone(&edge, &token);
        }
    }
}

pub(crate) async fn two_credentials_are_none(kind: Kind) {
    let edge = Edge::start(kind, On::Sqlite);
    let token = edge.token("One of two", READ, &[]).await;
    let (good, wrong) = (bearer(&token), "Authorization: Bearer wrong");
    let joined = [
        format!("{good}, Bearer wrong"),
        format!("{wrong}, {}", &good[15..]),
    ];
    for lines in [
        [good.as_str(), wrong],
        [wrong, good.as_str()],
        [good.as_str(), good.as_str()],
        [&joined[0], "Accept: */*"],
        [&joined[1], "Accept: */*"],
    ] {
        let got = edge.send(HERE, "GET /tasks", &lines, b"").await;
        assert_eq!(got.status, 400, "{lines:?}");
    }
    let elsewhere = good.replacen("Authorization", "X-Authorization", 1);
    for lines in [
        elsewhere.as_str(),
        &good.replacen("Authorization: Bearer ", "Cookie: token=", 1),
    ] {
        assert_eq!(
            edge.send(HERE, "GET /tasks", &[lines], b"").await.status,
            401
        );
    }
    assert!(edge.upstream.take().is_empty());
}

pub(crate) async fn no_path_leads_past_the_door(kind: Kind) {
    let edge = Edge::start(kind, On::Sqlite);
    let writer = bearer(&edge.token("Curious", &["api.tasks.write"], &[]).await);
    let reader = bearer(&edge.token("Allowed", READ, &[]).await);
    for path in [
        "/",
        "//",
        "/..",
        "/..%2f",
        "/..;/",
        "/../health/live",
        "/..%2fhealth/live",
        "/%2e%2e/health/live",
        "/%2e%2e%2fmetrics",
        "/x/../../metrics",
        "//../metrics",
        "/\\..\\health\\live",
        "/auth",
        "/?permission=",
        "/?permission=api.tasks.write",
        "/x?permission=api.tasks.write&permission=",
        "/%3fpermission=api.tasks.write",
        "/#/../health/live",
        "http://tasks.example/../health/live",
        "*",
    ] {
        for lines in [&[writer.as_str()][..], &[]] {
            let got = edge.send(HERE, &format!("GET {path}"), lines, b"").await;
            let refused = [400, 401, 403].contains(&got.status);
            assert!(refused, "{path}: {got:?}");
        }
    }
    // nginx asks by way of a path of its own, which is not to be had from outside.
    for path in [
        "/_countersign",
        "/%5fcountersign",
        "//_countersign",
        "/x/../_countersign?permission=",
    ] {
        let line = format!("GET {path}");
        let got = edge.send(HERE, &line, &[&writer], b"").await;
        assert!([403, 404].contains(&got.status), "{path}");
        if kind == Kind::Nginx {
            let got = edge.send(HERE, &line, &[&reader], b"").await;
            assert_eq!(got.status, 404, "{path}");
        }
    }
    assert!(edge.upstream.take().is_empty());
}

fn assert_told_by_countersign_alone(edge: &Edge, token: &Value) {
    let seen = edge.upstream.take().pop().unwrap();
    let ours = seen.headers.iter().filter(|header| {
        let letters: String = header.0.chars().filter(char::is_ascii_alphabetic).collect();
        letters.starts_with("xcountersign")
    });
    // What a token does not have, some proxies say with an empty header.
    let ours = ours.filter(|header| !header.1.is_empty());
    assert_eq!(ours.count(), ALWAYS, "{:?}", seen.headers);
    assert_eq!(
        seen.all("x-countersign-user-id"),
        [token["userId"].as_str().unwrap()]
    );
    // What lists them does not get behind the proxy either, where another hop might obey it.
    assert!(!seen.all("connection").concat().contains("countersign"));
    assert!(!format!("{seen:?}").contains("forged"), "{seen:?}");
}
