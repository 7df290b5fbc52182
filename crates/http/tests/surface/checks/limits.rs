//! The limit of refusals: which requests it delays, which it never does, and the answer.

use std::{net::IpAddr, num::NonZeroU32};

use countersign_domain::Secret;
use countersign_gate::Proxies;
use countersign_http::Settings;
use serde_json::json;

use super::{Doors, form, from};
use crate::world::{Ask, Reply, TOKENS};

const MOST: u32 = 3;

async fn doors() -> Doors {
    let settings = Settings {
        refusals_per_minute: NonZeroU32::new(MOST),
        ..Settings::default()
    };
    let proxies = Proxies {
        trusted: vec!["10.0.0.0/8".parse().unwrap()],
        ..Proxies::default()
    };
    Doors::with(proxies, settings).await
}

async fn refused(doors: &Doors, address: impl Into<Option<IpAddr>>) -> Reply {
    let address = address.into();
    doors.send(from(Ask::new("GET", TOKENS), address)).await
}

fn at(address: &str) -> IpAddr {
    address.parse().unwrap()
}

/// From there three requests are refused as they should be, and no more.
async fn spend(doors: &Doors, address: IpAddr) {
    for _ in 0..MOST {
        let reply = refused(doors, address).await;
        reply.problem(401, "missing-credential");
    }
    let reply = refused(doors, address).await;
    reply.problem(429, "too-many-requests");
}

#[tokio::test]
async fn an_address_that_is_refused_too_often_is_told_when_to_come_again() {
    let doors = doors().await;
    spend(&doors, at("192.0.2.1")).await;
    let reply = refused(&doors, at("192.0.2.1")).await;
    let wait = reply.header("retry-after");
    assert!((1..=21).contains(&wait.parse::<u32>().unwrap()), "{wait}");
    assert_eq!(reply.header("ratelimit-policy"), r#""refusals";q=3;w=60"#);
    assert_eq!(
        reply.header("ratelimit"),
        format!(r#""refusals";r=0;t={wait}"#)
    );
    assert!(reply.header("www-authenticate").is_empty(), "no challenge");
    spend(&doors, at("192.0.2.2")).await;
    spend(&doors, at("2001:db8::1")).await;
    let reply = refused(&doors, at("2001:db8::ffff:1")).await;
    reply.problem(429, "too-many-requests");
    spend(&doors, at("2001:db8:0:1::1")).await;
}

#[tokio::test]
async fn everything_that_nobody_is_admitted_by_counts() {
    let doors = doors().await;
    let reader = doors.made("reader", &["api.tasks.read"], &[]).await;
    let unknown = Secret::from_random(&[9; 32]);
    for (number, ask) in [
        Ask::new("GET", TOKENS),
        Ask::new("GET", TOKENS).by(&unknown),
        Ask::new("GET", TOKENS).by(&reader.secret),
        Ask::new("GET", "/nowhere"),
        Ask::new("PATCH", TOKENS),
        form("/oauth2/introspect", &reader, &[("token", "x")]),
    ]
    .into_iter()
    .enumerate()
    {
        let there = at(&format!("192.0.2.{}", 100 + number));
        for _ in 0..MOST {
            refused(&doors, there)
                .await
                .problem(401, "missing-credential");
        }
        let reply = doors.send(from(ask, Some(there))).await;
        reply.problem(429, "too-many-requests");
    }
}

#[tokio::test]
async fn who_may_ask_is_answered_whatever_others_send_from_the_same_address() {
    let doors = doors().await;
    spend(&doors, at("192.0.2.1")).await;
    let root = &doors.world.root;
    for _ in 0..20 {
        doors.send(doors.world.ask("GET", TOKENS)).await.expect(200);
        // What is not there, and what breaks rules, is an answer like any other.
        let reply = doors
            .send(doors.world.ask("GET", format!("{TOKENS}/x")))
            .await;
        reply.problem(404, "token-not-found");
        let ask = doors.world.ask("POST", TOKENS).json(&json!({}));
        doors.send(ask).await.problem(400, "invalid-body");
        let fields = [("token", "csg_x")];
        doors
            .send(form("/oauth2/introspect", root, &fields))
            .await
            .expect(200);
        let open = doors.send(Ask::new("GET", "/health/live")).await;
        assert_eq!(open.status, 200);
    }
}

#[tokio::test]
async fn the_verdicts_of_the_proxies_door_stay_what_they_are() {
    let doors = doors().await;
    spend(&doors, at("192.0.2.1")).await;
    let reader = doors.made("reader", &["api.tasks.read"], &[]).await;
    let delete = "/auth?permission=api.tasks.delete";
    for _ in 0..20 {
        for target in ["/auth", "/auth/", "/auth/x"] {
            let reply = doors.send(Ask::new("GET", target)).await;
            reply.problem(401, "missing-credential");
        }
        let reply = doors.send(Ask::new("GET", delete).by(&reader.secret)).await;
        reply.problem(403, "insufficient-scope");
        let good = doors
            .send(Ask::new("GET", "/auth").by(&reader.secret))
            .await;
        assert_eq!(good.status, 200);
    }
}

#[tokio::test]
async fn clients_whose_address_nobody_knows_do_not_stand_for_each_other() {
    let doors = doors().await;
    for _ in 0..20 {
        // A proxy that names no client, and a peer that is not known.
        for nowhere in [Some(at("10.0.0.1")), None] {
            let reply = refused(&doors, nowhere).await;
            reply.problem(401, "missing-credential");
        }
    }
    // Those that it names have each their own.
    for client in ["203.0.113.1", "203.0.113.2"] {
        let ask = || {
            let ask = Ask::new("GET", TOKENS).header("x-forwarded-for", client);
            from(ask, Some(at("10.0.0.1")))
        };
        for _ in 0..MOST {
            doors.send(ask()).await.problem(401, "missing-credential");
        }
        doors.send(ask()).await.problem(429, "too-many-requests");
    }
}
