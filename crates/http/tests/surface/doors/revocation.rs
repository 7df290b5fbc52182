//! Revocation by secret (RFC 7009): what ends, and what cannot be told from what never was.

use countersign_application::{Made, ports::CommitError};
use countersign_domain::{EventKind, Secret};
use serde_json::json;

use super::{Doors, form};
use crate::{
    faults::over,
    world::{Ask, Reply, path, send},
};

async fn revoke(doors: &Doors, caller: &Made, secret: &Secret) -> Reply {
    let fields = [("token", secret.expose())];
    doors.send(form("/oauth2/revoke", caller, &fields)).await
}

fn done(reply: &Reply) {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.body.is_empty());
}

async fn works(doors: &Doors, secret: &Secret) -> bool {
    let reply = doors.send(Ask::new("GET", "/auth").by(secret)).await;
    reply.status == 200
}

#[tokio::test]
async fn a_token_ends_with_all_its_secrets() {
    let doors = Doors::new().await;
    for by_the_old in [false, true] {
        let made = doors.world.home.make(&format!("old {by_the_old}")).await;
        let new = doors.world.home.rotate(&made.view, 3600).await;
        assert!(works(&doors, &made.secret).await && works(&doors, &new.secret).await);
        let presented = if by_the_old {
            &made.secret
        } else {
            &new.secret
        };
        done(&revoke(&doors, &doors.world.root, presented).await);
        assert!(!works(&doors, &made.secret).await && !works(&doors, &new.secret).await);
        let gone = doors.send(doors.world.ask("GET", path(&made.view))).await;
        gone.problem(404, "token-not-found");
        let events = format!("{}/events?limit=1", path(&made.view));
        let told = doors.send(doors.world.ask("GET", events)).await.expect(200);
        assert_eq!(told["content"][0]["type"], EventKind::Revoked.as_str());
        // Once more: there is nothing left that could end.
        done(&revoke(&doors, &doors.world.root, presented).await);
    }
    let own = doors.world.home.make("its own").await;
    done(&revoke(&doors, &own, &own.secret).await);
    assert!(!works(&doors, &own.secret).await);
    assert!(
        works(&doors, &doors.world.root.secret).await,
        "and no other"
    );
}

#[tokio::test]
async fn nothing_happens_to_what_the_caller_cannot_know() {
    let doors = Doors::new().await;
    let (home, away) = (&doors.world.home, &doors.world.away);
    let foreign = away.make("abroad").await;
    let (replaced, retired) = (home.make("replaced").await, home.make("retired").await);
    let current = home.rotate(&replaced.view, 0).await;
    let later = home.rotate(&retired.view, 60).await;
    doors.world.stores.clock.advance(60);
    let before = doors.world.stores.feed.position().await.unwrap();
    for secret in [
        &foreign.secret,
        &replaced.secret,
        &retired.secret,
        &Secret::from_random(&[9; 32]),
    ] {
        done(&revoke(&doors, &doors.world.root, secret).await);
    }
    for text in ["", "x", "csg_"] {
        let ask = form("/oauth2/revoke", &doors.world.root, &[("token", text)]);
        done(&doors.send(ask).await);
    }
    assert_eq!(doors.world.stores.feed.position().await.unwrap(), before);
    for secret in [&foreign.secret, &current.secret, &later.secret] {
        assert!(works(&doors, secret).await);
    }
}

#[tokio::test]
async fn who_may_not_delete_revokes_nothing() {
    let doors = Doors::new().await;
    let made = doors.world.home.make("one").await;
    let held = ["api.api-tokens.read", "api.api-tokens.write"];
    let weak = doors.made("weak", &held, &[]).await;
    for secret in [&made.secret, &weak.secret] {
        let reply = revoke(&doors, &weak, secret).await;
        reply.problem(403, "insufficient-scope");
        let challenge = reply.header("www-authenticate");
        assert!(
            challenge.contains("scope=\"api.api-tokens.delete\""),
            "{challenge}"
        );
        assert!(works(&doors, secret).await);
    }
    // What is expired can be done away with.
    let mut short = doors.world.home.draft("short");
    short.expiry = doors.world.stores.clock.now().minus_seconds(-60);
    let expired = doors.world.home.make_of(&short).await;
    doors.world.stores.clock.advance(60);
    done(&revoke(&doors, &doors.world.root, &expired.secret).await);
    assert!(doors.world.home.get(expired.view.token.id).await.is_none());
}

#[tokio::test]
async fn a_commit_that_fails_is_told() {
    let doors = Doors::new().await;
    let root = &doors.world.root;
    for (fails, status, code, error) in [
        (
            (|| CommitError::ActorGone) as fn() -> CommitError,
            401,
            "invalid-token",
            json!("invalid_client"),
        ),
        (
            || CommitError::OutcomeUnknown("private".into()),
            503,
            "outcome-unknown",
            json!(null),
        ),
    ] {
        let view = root.view.clone();
        let router = over(&doors.world, |store| {
            store
                .expect_get()
                .returning(move |_, _| Ok(Some(view.clone())));
            store.expect_commit().returning(move |_| Err(fails()));
        });
        let fields = [("token", root.secret.expose())];
        let reply = send(&router, form("/oauth2/revoke", root, &fields).0).await;
        let problem = reply.problem(status, code);
        assert_eq!(problem["error"], error);
        assert!(!String::from_utf8_lossy(&reply.body).contains("private"));
    }
}
