//! Introspection (RFC 7662): the answers for resource servers, the requests of their libraries, and
//! OAuth's errors.

use countersign_application::IssuedToken;
use countersign_domain::{Secret, Timestamp};
use countersign_gate::Proxies;
use countersign_http::Settings;
use serde_json::{Value, json};

use super::{Doors, basic, forgetful, form};
use crate::world::{Ask, Reply, TOKENS, pairs, send};

const INTROSPECT: &str = "/oauth2/introspect";
const REVOKE: &str = "/oauth2/revoke";
const FORM: &str = "application/x-www-form-urlencoded";

async fn introspect(doors: &Doors, fields: &[(&str, &str)]) -> Reply {
    doors
        .send(form(INTROSPECT, &doors.world.root, fields))
        .await
}

fn seconds(at: Timestamp) -> Value {
    json!(at.as_micros() / 1_000_000)
}

#[tokio::test]
async fn a_live_token_is_told_in_words_of_oauth() {
    let settings = Settings {
        public_url: Some("https://tokens.example".to_owned()),
        ..Settings::default()
    };
    let doors = Doors::with(Proxies::default(), settings).await;
    let made = doors
        .made("Jürgen", &["api.tasks.read", "api.tasks.write"], &[])
        .await;
    let token = &made.view.token;
    let expected = |exp: Timestamp| {
        json!({
            "active": true, "token_type": "Bearer", "scope": "api.tasks.read api.tasks.write",
            "client_id": token.id.to_string(), "sub": token.user.to_string(), "username": "Jürgen",
            "exp": seconds(exp), "iat": seconds(token.created), "iss": "https://tokens.example",
            "permissions": ["api.tasks.read", "api.tasks.write"],
        })
    };
    let secret = made.secret.expose();
    for hint in [
        &[][..],
        &[("token_type_hint", "access_token")],
        &[("token_type_hint", "x"); 2],
    ] {
        let fields = [&[("token", secret)], hint].concat();
        let told = introspect(&doors, &fields).await.expect(200);
        assert_eq!(told, expected(token.expiry), "{hint:?}");
    }
    // A replaced secret ends with its overlap, or with the token, whichever is first.
    let new = doors.world.home.rotate(&made.view, 60).await;
    let end = doors.world.stores.clock.now().minus_seconds(-60);
    let told = introspect(&doors, &[("token", secret)]).await.expect(200);
    assert_eq!(told, expected(end));
    let told = introspect(&doors, &[("token", new.secret.expose())])
        .await
        .expect(200);
    assert_eq!(told["exp"], seconds(token.expiry));
    doors.world.stores.clock.set(token.expiry.minus_seconds(30));
    let late = doors.world.token("late", &["api.api-tokens.read"]).await;
    let newest = doors.world.home.rotate(&new.view, 3600).await;
    let ask = form(INTROSPECT, &late, &[("token", new.secret.expose())]);
    assert_eq!(
        doors.send(ask).await.expect(200)["exp"],
        seconds(token.expiry)
    );
    let ask = form(INTROSPECT, &late, &[("token", newest.secret.expose())]);
    assert_eq!(doors.send(ask).await.expect(200)["active"], true);
}

#[tokio::test]
async fn of_what_is_not_active_nothing_else_is_told() {
    let doors = Doors::new().await;
    let world = &doors.world;
    let revoked = world.home.make("revoked").await;
    world.home.revoke(&revoked.view).await;
    let closed = world.home.make("closed").await;
    world.close_user(closed.view.token.user).await;
    let listed = doors
        .made("listed", &["api.tasks.read"], &["192.0.2.0/24"])
        .await;
    let foreign = world.away.make("abroad").await;
    let mut short = world.home.draft("short");
    short.expiry = world.stores.clock.now().minus_seconds(-60);
    let expired = world.home.make_of(&short).await;
    let retired = world.home.make("retired").await;
    world.home.rotate(&retired.view, 60).await;
    world.stores.clock.advance(60);
    let unknown = Secret::from_random(&[9; 32]);
    let elsewhere = [("address", "203.0.113.7")];
    for (what, secret, more) in [
        ("revoked", &revoked.secret, &[][..]),
        ("closed", &closed.secret, &[]),
        ("expired", &expired.secret, &[]),
        ("retired", &retired.secret, &[]),
        ("another tenant's", &foreign.secret, &[]),
        ("unknown", &unknown, &[]),
        ("from an unknown address", &listed.secret, &[]),
        ("from elsewhere", &listed.secret, &elsewhere[..]),
    ] {
        let fields = [&[("token", secret.expose())], more].concat();
        let reply = introspect(&doors, &fields).await;
        reply.expect(200);
        assert_eq!(&reply.body[..], br#"{"active":false}"#, "{what}");
    }
    for text in ["", "x", "csg_"] {
        let reply = introspect(&doors, &[("token", text)]).await;
        assert_eq!(reply.expect(200), json!({"active": false}));
    }
    let fields = [
        ("token", listed.secret.expose()),
        ("address", "::ffff:192.0.2.7"),
    ];
    assert_eq!(
        introspect(&doors, &fields).await.expect(200)["active"],
        true
    );
}

#[tokio::test]
async fn callers_send_their_token_as_bearer_or_as_the_password_of_basic() {
    let doors = Doors::new().await;
    let secret = doors.world.root.secret.expose();
    let unknown = Secret::from_random(&[9; 32]);
    let ask = |value: &str| {
        let body = format!("token={secret}");
        Ask::new("POST", INTROSPECT)
            .header("authorization", value)
            .text(FORM, &body)
    };
    for name in ["", "x", "a:b", "Jürgen", "client%20id"] {
        // The password is what follows the first colon, so that a name cannot have one.
        let status = if name.contains(':') { 401 } else { 200 };
        let reply = doors.send(ask(&basic(name, secret))).await;
        assert_eq!(reply.status, status, "{name}");
    }
    let reply = doors.send(ask(&format!("bearer {secret}"))).await;
    assert_eq!(reply.expect(200)["active"], true);
    for (value, code, scheme) in [
        (basic("x", unknown.expose()), "invalid-token", "Basic"),
        (basic(secret, ""), "invalid-token", "Basic"),
        ("Basic %%%".to_owned(), "missing-credential", "Basic"),
        ("Basic".to_owned(), "missing-credential", "Basic"),
        (
            format!("Bearer {}", unknown.expose()),
            "invalid-token",
            "Bearer",
        ),
        ("Digest x".to_owned(), "missing-credential", "Bearer"),
    ] {
        let reply = doors.send(ask(&value)).await;
        let problem = reply.problem(401, code);
        assert_eq!(problem["error"], "invalid_client", "{value}");
        let challenge = reply.header("www-authenticate");
        assert!(
            challenge.starts_with(&format!("{scheme} realm=")),
            "{value}: {challenge}"
        );
    }
    let twice = ask(&basic("x", secret)).header("authorization", &basic("x", secret));
    doors.send(twice).await.problem(400, "invalid-parameter");
    // Basic is for the OAuth endpoints only.
    for (method, target) in [("GET", "/auth"), ("GET", TOKENS), ("GET", "/metrics")] {
        let ask = Ask::new(method, target).header("authorization", &basic("x", secret));
        doors.send(ask).await.problem(401, "missing-credential");
    }
}

#[tokio::test]
async fn requests_that_cannot_be_taken_have_oauths_word_for_it() {
    let doors = Doors::new().await;
    for target in [INTROSPECT, REVOKE] {
        let ask = |target: &str| doors.world.ask("POST", target);
        for (body, fault) in [
            ("", ("token", "missing-parameter")),
            (
                "token_type_hint=access_token",
                ("token", "missing-parameter"),
            ),
            ("token=a&token=a", ("token", "several-values")),
        ] {
            let reply = doors.send(ask(target).text(FORM, body)).await;
            let problem = reply.problem(400, "invalid-parameter");
            assert_eq!(problem["error"], "invalid_request");
            assert_eq!(reply.faults(), pairs(&[fault]), "{target} {body}");
        }
        let reply = doors
            .send(ask(&format!("{target}?token=a")).text(FORM, "token=a"))
            .await;
        let problem = reply.problem(400, "invalid-parameter");
        assert_eq!(problem["error"], "invalid_request");
        for kind in [
            "application/json",
            "text/plain",
            "multipart/form-data; boundary=x",
        ] {
            let reply = doors.send(ask(target).text(kind, "token=a")).await;
            let problem = reply.problem(415, "unsupported-media-type");
            assert_eq!(problem["error"], "invalid_request");
        }
        // What is not known means nothing (RFC 6749, section 3.2).
        let more = ask(target).text(FORM, "token=a&client_id=b");
        assert_eq!(doors.send(more).await.status, 200);
        let utf8 = ask(target).text(&format!("{FORM};charset=UTF-8"), "token=a");
        assert_eq!(doors.send(utf8).await.status, 200);
        let large = format!("token={}", "a".repeat(70_000));
        let reply = doors.send(ask(target).text(FORM, &large)).await;
        assert_eq!(
            reply.problem(413, "body-too-large")["error"],
            "invalid_request"
        );
        let weak = doors
            .made(&format!("weak {target}"), &["api.tasks.read"], &[])
            .await;
        let reply = doors.send(form(target, &weak, &[("token", "a")])).await;
        if target == REVOKE {
            // Whoever has a secret may end it, so that this takes no permission.
            reply.expect(200);
        } else {
            let problem = reply.problem(403, "insufficient-scope");
            assert_eq!(problem["error"], "insufficient_scope");
        }
        let own = ["api.api-tokens.read", "api.api-tokens.delete"];
        let far = doors
            .made(&format!("far {target}"), &own, &["203.0.113.7"])
            .await;
        let reply = doors.send(form(target, &far, &[("token", "a")])).await;
        let problem = reply.problem(403, "address-not-allowed");
        assert_eq!(problem["error"], "unauthorized_client");
        let reply = doors.send(doors.world.ask("GET", target)).await;
        reply.problem(405, "method-not-allowed");
        assert_eq!(reply.header("allow"), "POST");
    }
    let reply = introspect(&doors, &[("token", "a"), ("address", "x")]).await;
    reply.problem(400, "invalid-parameter");
    assert_eq!(reply.faults(), pairs(&[("address", "invalid-value")]));
    // Elsewhere there is no such word.
    let reply = doors.send(Ask::new("GET", TOKENS)).await;
    assert!(
        reply
            .problem(401, "missing-credential")
            .get("error")
            .is_none()
    );
}

#[tokio::test]
async fn a_store_that_is_away_is_not_the_end_of_a_token() {
    let doors = Doors::new().await;
    let made: IssuedToken = doors.world.home.make("one").await;
    let router = forgetful(&doors.world).await;
    let fields = [("token", made.secret.expose())];
    for target in [INTROSPECT, REVOKE] {
        let reply = send(&router, form(target, &doors.world.root, &fields).0).await;
        let problem = reply.problem(503, "store-unavailable");
        assert_eq!(reply.header("retry-after"), "1");
        assert_eq!(problem["error"], "temporarily_unavailable");
    }
}
