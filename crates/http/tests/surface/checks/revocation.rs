//! Revocation by secret (RFC 7009): what ends, and which cases look the same to the caller.

use countersign_application::{IssuedToken, ports::CommitError};
use countersign_domain::{Secret, SecretView};
use serde_json::json;

use super::{Doors, form};
use crate::{
    faults::over,
    world::{Ask, Reply, path, send},
};

async fn revoke(doors: &Doors, caller: &IssuedToken, secret: &Secret) -> Reply {
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
async fn the_newest_secret_ends_its_token_and_an_older_one_itself() {
    let doors = Doors::new().await;
    let made = doors.world.home.make("rotated").await;
    let new = doors.world.home.rotate(&made.view, 3600).await;
    assert!(works(&doors, &made.secret).await && works(&doors, &new.secret).await);
    let last = async || {
        let events = format!("{}/events?limit=1", path(&made.view));
        let told = doors.send(doors.world.ask("GET", events)).await.expect(200);
        let event = &told["content"][0];
        (event["type"].clone(), event["secretCommitment"].clone())
    };
    // "Rotate, then revoke the old one" is what clients of OAuth do.
    for _ in 0..2 {
        done(&revoke(&doors, &doors.world.root, &made.secret).await);
        assert!(!works(&doors, &made.secret).await && works(&doors, &new.secret).await);
        let commitment = made.secret.digest().commitment().to_string();
        assert_eq!(last().await, (json!("updated"), json!(commitment)));
    }
    let record = doors.send(doors.world.ask("GET", path(&made.view))).await;
    assert_eq!(record.expect(200)["version"], 3, "once");
    // The newest ends it all, and once more there is nothing left that could end.
    for _ in 0..2 {
        done(&revoke(&doors, &doors.world.root, &new.secret).await);
        assert!(!works(&doors, &new.secret).await);
        let gone = doors.send(doors.world.ask("GET", path(&made.view))).await;
        gone.problem(404, "token-not-found");
        assert_eq!(last().await, (json!("revoked"), json!(null)));
    }
    assert!(
        works(&doors, &doors.world.root.secret).await,
        "and no other"
    );
}

#[tokio::test]
async fn a_secret_that_works_is_ended_by_whoever_has_it() {
    let doors = Doors::new().await;
    let weak = doors.made("weak", &["api.tasks.read"], &[]).await;
    // By a caller that may not revoke tokens: the history names it, and not the token that ends.
    let old = doors.made("other", &["api.tasks.read"], &[]).await;
    let other = doors.world.home.rotate(&old.view, 3600).await;
    let at = format!("{}/events?limit=1", path(&other.view));
    for (secret, kind) in [(&old.secret, "updated"), (&other.secret, "revoked")] {
        done(&revoke(&doors, &weak, secret).await);
        assert!(!works(&doors, secret).await && works(&doors, &weak.secret).await);
        let ask = doors.world.ask("GET", at.as_str());
        let told = doors.send(ask).await.expect(200);
        let event = &told["content"][0];
        assert_eq!(event["type"], kind);
        let by = &event["userInfo"]["userId"];
        assert_eq!(*by, weak.view.token.user.to_string());
    }
    assert!(!works(&doors, &other.secret).await);
    // Each of a token's own secrets, sent with the other one or with itself.
    let new = doors.world.home.rotate(&weak.view, 3600).await;
    done(&revoke(&doors, &new, &weak.secret).await);
    assert!(!works(&doors, &weak.secret).await && works(&doors, &new.secret).await);
    let newer = doors.world.home.get(new.view.token.id).await.unwrap();
    let newer = doors.world.home.rotate(&newer, 3600).await;
    done(&revoke(&doors, &new, &new.secret).await);
    assert!(!works(&doors, &new.secret).await && works(&doors, &newer.secret).await);
    done(&revoke(&doors, &newer, &newer.secret).await);
    assert!(!works(&doors, &newer.secret).await);
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
async fn what_could_not_be_used_is_ended_by_those_alone_who_may_revoke() {
    let doors = Doors::new().await;
    let weak = doors.made("weak", &["api.tasks.read"], &[]).await;
    // A secret that is presented from an address where it is worth nothing.
    let far = doors
        .made("far", &["api.tasks.read"], &["203.0.113.7"])
        .await;
    let reply = revoke(&doors, &weak, &far.secret).await;
    reply.problem(403, "address-not-allowed");
    assert!(doors.world.home.get(far.view.token.id).await.is_some());
    done(&revoke(&doors, &doors.world.root, &far.secret).await);
    assert!(doors.world.home.get(far.view.token.id).await.is_none());
    // What is expired can be done away with, and is worth nothing either.
    let mut short = doors.world.home.draft("short");
    short.expiry = doors.world.stores.clock.now().minus_seconds(-60);
    let expired = doors.world.home.make_of(&short).await;
    doors.world.stores.clock.advance(60);
    done(&revoke(&doors, &weak, &expired.secret).await);
    assert!(doors.world.home.get(expired.view.token.id).await.is_some());
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
            json!("temporarily_unavailable"),
        ),
    ] {
        let view = root.view.clone();
        let (digest, shown) = (Some(root.secret.digest()), root.secret.masked());
        let now = doors.world.stores.clock.now();
        let router = over(&doors.world, |store| {
            store
                .expect_get()
                .returning(move |_, _| Ok(Some(view.clone())));
            store.expect_secrets().returning(move |_, _, _| {
                Ok(vec![SecretView {
                    digest,
                    partial: shown.clone(),
                    created: now,
                    valid_until: None,
                    last_used: None,
                }])
            });
            store.expect_commit().returning(move |_| Err(fails()));
        });
        let fields = [("token", root.secret.expose())];
        let reply = send(&router, form("/oauth2/revoke", root, &fields).0).await;
        let problem = reply.problem(status, code);
        assert_eq!(problem["error"], error);
        assert!(!String::from_utf8_lossy(&reply.body).contains("private"));
    }
}
