//! Headers that were made to mislead: about where the client is, and about who it is.

use super::{
    READ,
    common::On,
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

#[tokio::test]
async fn no_header_brings_a_client_to_another_address() {
    let edge = Edge::start(On::Sqlite);
    let token = edge.token("Bound", READ, &[HERE]).await;
    for lines in FORGED {
        let got = edge.get(ELSEWHERE, &token, lines).await;
        assert_eq!(got.status, 403, "{lines:?}");
        assert!(edge.upstream.take().is_empty(), "{lines:?}");
    }
}

#[tokio::test]
async fn no_header_takes_a_client_from_its_address() {
    let edge = Edge::start(On::Sqlite);
    let token = edge.token("Bound", READ, &[ELSEWHERE]).await;
    for lines in FORGED {
        let got = edge.get(ELSEWHERE, &token, lines).await;
        assert_eq!(got.status, 200, "{lines:?}");
        let seen = edge.upstream.take().pop().unwrap();
        assert_eq!(seen.all("x-forwarded-for"), ["127.0.0.3"], "{lines:?}");
        assert_eq!(seen.all("x-real-ip"), ["127.0.0.3"], "{lines:?}");
        assert!(seen.all("forwarded").is_empty(), "{lines:?}");
    }
}

#[tokio::test]
async fn nobody_says_who_they_are_but_countersign() {
    let edge = Edge::start(On::Sqlite);
    let token = edge.token("Plain", READ, &[]).await;
    let told = [
        "tenant-id",
        "token-id",
        "user-id",
        "user-name",
        "permissions",
    ];
    let mut lines = vec![
        "X-Countersign-Permission: forged.it".to_owned(),
        format!(
            "Connection: x-countersign-{}",
            told.join(", x-countersign-")
        ),
    ];
    for name in told {
        lines.push(format!("X-Countersign-{name}: forged"));
        lines.push(format!("x-countersign-{name}: forged"));
        lines.push(format!("X_Countersign_{}: forged", name.replace('-', "_")));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(edge.get(HERE, &token, &lines).await.status, 200);

    let seen = edge.upstream.take().pop().unwrap();
    let ours = seen.headers.iter().filter(|header| {
        let name = header.0.replace('_', "-");
        name.starts_with("x-countersign-")
    });
    assert_eq!(ours.count(), told.len(), "{:?}", seen.headers);
    assert_eq!(
        seen.all("x-countersign-user-id"),
        [token["userId"].as_str().unwrap()]
    );
    // What lists them does not get behind the proxy either, where another hop might obey it.
    assert!(!seen.all("connection").concat().contains("countersign"));
    assert!(!format!("{seen:?}").contains("forged"), "{seen:?}");
}

#[tokio::test]
async fn two_credentials_are_none() {
    let edge = Edge::start(On::Sqlite);
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

#[tokio::test]
async fn the_door_itself_is_not_to_be_had_from_outside() {
    let edge = Edge::start(On::Sqlite);
    let token = edge.token("Curious", READ, &[]).await;
    let bearer = bearer(&token);
    for path in [
        "/_countersign",
        "/%5fcountersign",
        "//_countersign",
        "/x/../_countersign?permission=",
    ] {
        let got = edge
            .send(HERE, &format!("GET {path}"), &[&bearer], b"")
            .await;
        assert_eq!(got.status, 404, "{path}");
    }
    assert!(edge.upstream.take().is_empty());
}
