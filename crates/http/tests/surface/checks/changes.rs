//! The stream of changes: its events, for which clients they are, and where a client resumes.

use std::sync::Arc;

use countersign_application::{
    ports::{ChangeBatch, FeedError, FeedPosition, MockChangeFeed, StoreError, TokenChanged},
    testing::{TestTenant, rename_to},
};
use countersign_domain::{EventKind, Secret, TokenId, Version};
use countersign_gate::Proxies;
use countersign_http::{ApiService, Settings};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{
    Doors,
    streams::{Event, Served, usual},
};
use crate::world::{Ask, Reply, pairs, send, services};

pub(super) const CHANGES: &str = "/api/v1/changes";

pub(super) fn place(text: &str) -> FeedPosition {
    text.parse().unwrap()
}

/// News of these changes, with a place behind them.
pub(super) fn news(changes: &[TokenChanged], position: &str) -> ChangeBatch {
    ChangeBatch {
        changes: Some(changes.to_vec()),
        position: place(position),
    }
}

pub(super) fn change(realm: &TestTenant, token: TokenId, version: i64) -> TokenChanged {
    TokenChanged {
        tenant: realm.tenant.id,
        token,
        version: Version::try_from(version).unwrap(),
        kind: EventKind::Updated,
        at: realm.tenant.created,
        changes: None,
    }
}

pub(super) fn told(name: &str, id: Option<&str>, data: Value) -> Event {
    Event {
        name: name.to_owned(),
        id: id.map(str::to_owned),
        data,
    }
}

fn changed(token: TokenId, version: i64, kind: &str) -> Event {
    let data = json!({"id": token.to_string(), "version": version, "kind": kind});
    told("change", None, data)
}

#[tokio::test]
async fn changes_of_the_own_tenant_are_told_and_no_others() {
    let served = Served::start(usual()).await;
    let (home, away) = (&served.doors.world.home, &served.doors.world.away);
    let (own, foreign) = (home.make("one").await, away.make("abroad").await);
    let (own, foreign) = (own.view.token.id, foreign.view.token.id);
    let mut stream = served.follow(&served.doors.world.root.secret, None).await;
    let behind = home.stores.feed.position().await.unwrap();
    let ready = stream.next().await.unwrap();
    assert_eq!(ready, told("ready", Some(behind.as_str()), json!({})));
    let hub = &served.doors.hub;
    hub.publish(news(&[change(away, foreign, 2)], "11"));
    hub.publish(news(
        &[
            change(home, own, 2),
            change(away, foreign, 3),
            change(home, own, 3),
        ],
        "14",
    ));
    for expected in [
        changed(own, 2, "updated"),
        changed(own, 3, "updated"),
        told("heartbeat", Some("14"), json!({})),
    ] {
        assert_eq!(stream.next().await, Some(expected));
    }
    let any = ChangeBatch {
        changes: None,
        position: place("99"),
    };
    hub.publish(any);
    assert_eq!(
        stream.next().await,
        Some(told("reset", Some("99"), json!({})))
    );
}

#[tokio::test]
async fn one_who_comes_back_is_told_what_it_missed_once() {
    let served = Served::start(usual()).await;
    let (home, away) = (&served.doors.world.home, &served.doors.world.away);
    let secret = &served.doors.world.root.secret;
    let first = served.follow(secret, None).await.next().await.unwrap();
    let made = home.make("one").await;
    away.make("abroad").await;
    let view = home.update(&made.view, &rename_to("two")).await;
    home.revoke(&view).await;
    let mut stream = served.follow(secret, first.id.as_deref()).await;
    let id = made.view.token.id;
    for expected in [
        changed(id, 1, "created"),
        changed(id, 2, "updated"),
        changed(id, 3, "revoked"),
    ] {
        assert_eq!(stream.next().await, Some(expected));
    }
    let behind = home.stores.feed.position().await.unwrap();
    let sign = |name| told(name, Some(behind.as_str()), json!({}));
    assert_eq!(stream.next().await, Some(sign("heartbeat")));
    assert_eq!(stream.next().await, Some(sign("ready")));
    let mut stream = served.follow(secret, Some(behind.as_str())).await;
    assert_eq!(stream.next().await, Some(sign("ready")), "nothing twice");
}

#[tokio::test]
async fn a_place_that_is_not_known_is_answered_with_a_reset() {
    let served = Served::start(usual()).await;
    let home = &served.doors.world.home;
    let made = home.make("one").await;
    let secret = &served.doors.world.root.secret;
    let now = home.stores.feed.position().await.unwrap();
    let sign = |name| told(name, Some(now.as_str()), json!({}));
    let long = "1".repeat(9000);
    for id in [
        "",
        "x",
        "-1",
        "01",
        "99999",
        "1.0",
        "9223372036854775808",
        "\u{e4}",
        &long,
    ] {
        let mut stream = served.follow(secret, Some(id)).await;
        assert_eq!(stream.next().await, Some(sign("reset")), "{id:.10}");
        assert_eq!(stream.next().await, Some(sign("ready")), "{id:.10}");
    }
    // It goes on from there.
    let mut stream = served.follow(secret, Some("99999")).await;
    stream.next().await.unwrap();
    stream.next().await.unwrap();
    let id = made.view.token.id;
    served
        .doors
        .hub
        .publish(news(&[change(home, id, 2)], "100"));
    assert_eq!(stream.next().await, Some(changed(id, 2, "updated")));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_for_the_stream_is_refused() {
    let doors = Doors::new().await;
    let ask = || doors.world.ask("GET", CHANGES);
    let twice = ask()
        .header("last-event-id", "0")
        .header("last-event-id", "0");
    let reply = doors.send(twice).await;
    reply.problem(400, "invalid-parameter");
    assert_eq!(
        reply.faults(),
        pairs(&[("last-event-id", "several-values")])
    );
    let reply = doors
        .send(doors.world.ask("GET", format!("{CHANGES}?from=1")))
        .await;
    reply.problem(400, "invalid-parameter");
    assert_eq!(reply.faults(), pairs(&[("from", "unknown-parameter")]));
    let unknown = Secret::from_random(&[9; 32]);
    let reply = doors.send(Ask::new("GET", CHANGES).by(&unknown)).await;
    reply.problem(401, "invalid-token");
    let weak = doors.made("weak", &["api.tasks.read"], &[]).await;
    let reply = doors.send(Ask::new("GET", CHANGES).by(&weak.secret)).await;
    reply.problem(403, "insufficient-scope");
}

/// The answer over a feed that does as the test says. The hub is closed behind it, so that it ends.
async fn over(doors: &Doors, last: Option<&str>, teach: impl FnOnce(&mut MockChangeFeed)) -> Reply {
    let stores = &doors.world.stores;
    let mut parts = services(stores, stores.tokens.clone(), Proxies::default());
    let mut feed = MockChangeFeed::new();
    teach(&mut feed);
    parts.feed = Arc::new(feed);
    let hub = parts.news.clone();
    let router = ApiService::new(parts, Settings::default());
    let mut ask = doors.world.ask("GET", CHANGES);
    if let Some(last) = last {
        ask = ask.header("last-event-id", last);
    }
    let reply = send(&router, ask.0);
    let (reply, ()) = tokio::join!(reply, async {
        // Once the stream follows, it ends with the hub.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        hub.close();
    });
    reply
}

#[tokio::test]
async fn too_much_is_told_as_a_reset() {
    let doors = Doors::new().await;
    let reply = over(&doors, Some("5"), |feed| {
        let asked = |position: &FeedPosition, most: &u16| position.as_str() == "5" && *most == 1000;
        feed.expect_since().withf(asked).times(1).returning(|_, _| {
            Ok(ChangeBatch {
                changes: None,
                position: place("6000"),
            })
        });
    })
    .await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), "text/event-stream");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("x-accel-buffering"), "no");
    let expected =
        "event: reset\nid: 6000\ndata: {}\n\nevent: ready\nid: 6000\ndata: {}\nretry: 1000\n\n";
    assert_eq!(String::from_utf8_lossy(&reply.body), expected);
}

#[tokio::test]
async fn a_feed_that_is_away_is_no_stream() {
    let doors = Doors::new().await;
    let away = || StoreError::Unavailable("private".into());
    for last in [None, Some("5")] {
        let reply = over(&doors, last, |feed| {
            feed.expect_position().returning(move || Err(away()));
            feed.expect_since()
                .returning(move |_, _| Err(FeedError::Store(away())));
        })
        .await;
        reply.problem(503, "store-unavailable");
        assert!(!String::from_utf8_lossy(&reply.body).contains("private"));
    }
}

#[tokio::test]
async fn one_who_lags_is_told_to_look_anew() {
    let served = Served::start(usual()).await;
    let home = &served.doors.world.home;
    let id = home.make("one").await.view.token.id;
    let mut stream = served.follow(&served.doors.world.root.secret, None).await;
    assert_eq!(stream.next().await.unwrap().name, "ready");
    // All at once: the stream has no turn between them.
    for count in 0..300 {
        served.doors.hub.publish(news(&[], &count.to_string()));
    }
    served
        .doors
        .hub
        .publish(news(&[change(home, id, 7)], "300"));
    assert_eq!(stream.next().await, Some(told("reset", None, json!({}))));
    let mut after = stream.next().await.unwrap();
    if after.name == "heartbeat" {
        after = stream.next().await.unwrap();
    }
    assert_eq!(after, changed(id, 7, "updated"), "and goes on from there");
}

#[tokio::test]
async fn there_are_no_more_streams_than_there_may_be() {
    let settings = Settings {
        most_streams: Some(8),
        ..Settings::default()
    };
    let doors = Doors::with(Proxies::default(), settings).await;
    let ask = || doors.world.ask("GET", CHANGES);
    let mut streams = Vec::new();
    for _ in 0..2 {
        let answer = doors.router.clone().oneshot(ask().0).await.unwrap();
        assert_eq!(answer.status(), 200);
        streams.push(answer);
    }
    let reply = doors.send(ask()).await;
    reply.problem(429, "too-many-requests");
    assert_eq!(reply.header("retry-after"), "5");
    let mut draft = doors.world.away.draft("reader");
    draft.permissions = vec!["api.api-tokens.read".to_owned()];
    let other = doors.world.away.make_of(&draft).await;
    let from_there = Ask::new("GET", CHANGES).by(&other.secret);
    let answer = doors.router.clone().oneshot(from_there.0).await.unwrap();
    assert_eq!(answer.status(), 200, "another tenant");
    drop(answer);
    streams.pop();
    let answer = doors.router.clone().oneshot(ask().0).await.unwrap();
    assert_eq!(answer.status(), 200, "a place was given back");
}
