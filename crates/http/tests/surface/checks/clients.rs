//! How OAuth's libraries authenticate (RFC 6749, section 2.3.1), and how they get errors (section
//! 5.2).

use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_domain::Secret;
use serde_json::json;

use super::{Doors, basic};
use crate::world::{Ask, Reply, TOKENS, pairs};

const ENDPOINTS: [&str; 2] = ["/oauth2/introspect", "/oauth2/revoke"];
const FORM: &str = "application/x-www-form-urlencoded";

/// As oauth4webapi does it: every character but letters and digits is encoded.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    let octets = text.bytes().map(|byte| {
        if plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    octets.collect()
}

fn challenges(reply: &Reply) -> Vec<&str> {
    let lines = reply.headers.get_all("www-authenticate").iter();
    let schemes = lines.map(|line| line.to_str().unwrap());
    schemes
        .map(|line| line.split(' ').next().unwrap())
        .collect()
}

#[tokio::test]
async fn a_secret_is_taken_from_basic_however_it_is_encoded_and_from_the_form() {
    let doors = Doors::new().await;
    let secret = doors.world.root.secret.expose();
    let unknown = Secret::from_random(&[9; 32]);
    for target in ENDPOINTS {
        let ask = |body: &str| Ask::new("POST", target).text(FORM, body);
        let name = encoded("my client:one");
        for value in [basic(&name, secret), basic(&name, &encoded(secret))] {
            let reply = doors
                .send(ask("token=x").header("authorization", &value))
                .await;
            assert_eq!(reply.status, 200, "{value}");
        }
        for form in [
            format!("token=x&client_id=y&client_secret={secret}"),
            format!("client_secret={}&token=x", encoded(secret)),
        ] {
            assert_eq!(doors.send(ask(&form)).await.status, 200, "{form}");
        }
        let basic = basic("x", secret);
        let more = ask("token=x&client_id=y&client_secret=").header("authorization", &basic);
        assert_eq!(doors.send(more).await.status, 200, "an empty one is none");
        // Each client authenticates in one way.
        for value in [basic, format!("Bearer {secret}")] {
            let both = format!("token=x&client_secret={secret}");
            let reply = doors.send(ask(&both).header("authorization", &value)).await;
            let problem = reply.problem(400, "invalid-parameter");
            assert_eq!(problem["error"], "invalid_request");
            assert_eq!(
                reply.faults(),
                pairs(&[("client_secret", "several-values")])
            );
        }
        let twice = format!("token=x&client_secret={secret}&client_secret={secret}");
        let reply = doors.send(ask(&twice)).await;
        reply.problem(400, "invalid-parameter");
        let wrong = format!("token=x&client_secret={}", unknown.expose());
        let reply = doors.send(ask(&wrong)).await;
        assert_eq!(
            reply.problem(401, "invalid-token")["error"],
            "invalid_client"
        );
        assert_eq!(challenges(&reply), ["Bearer", "Basic"]);
    }
    // Elsewhere a form is no credential.
    let body = format!("client_secret={secret}");
    let reply = doors.send(Ask::new("POST", TOKENS).text(FORM, &body)).await;
    reply.problem(401, "missing-credential");
}

#[tokio::test]
async fn who_sends_no_credential_is_asked_for_either() {
    let doors = Doors::new().await;
    for target in ENDPOINTS {
        let large = format!("token={}", "a".repeat(70_000));
        for (ask, status, code) in [
            (Ask::new("POST", target), 401, "missing-credential"),
            (
                Ask::new("POST", target).text(FORM, "token=x"),
                401,
                "missing-credential",
            ),
            (
                Ask::new("POST", target).text("text/plain", "x"),
                401,
                "missing-credential",
            ),
            (
                Ask::new("POST", target).text(FORM, &large),
                413,
                "body-too-large",
            ),
        ] {
            let reply = doors.send(ask).await;
            reply.problem(status, code);
            let expected: &[&str] = if status == 401 {
                &["Bearer", "Basic"]
            } else {
                &[]
            };
            assert_eq!(challenges(&reply), expected);
        }
        let secret = Secret::from_random(&[9; 32]);
        let bare = STANDARD.encode("x");
        for (value, expected) in [
            (basic("x", secret.expose()), &["Basic"][..]),
            (format!("Basic {bare}"), &["Basic"]),
            (format!("Bearer {}", secret.expose()), &["Bearer"]),
            ("Digest x".to_owned(), &["Bearer", "Basic"]),
        ] {
            let ask = Ask::new("POST", target).text(FORM, "token=x");
            let reply = doors.send(ask.header("authorization", &value)).await;
            assert_eq!(challenges(&reply), expected, "{value}");
        }
    }
}

/// Errors have this form whether a handler, the router or the middleware around both made them.
#[tokio::test]
async fn every_error_below_oauth2_has_its_form() {
    let doors = Doors::new().await;
    let long = format!("/oauth2/introspect?{}", "x".repeat(9000));
    for (ask, status, code, error) in [
        (
            Ask::new("GET", "/oauth2/introspect"),
            405,
            "method-not-allowed",
            "invalid_request",
        ),
        (
            Ask::new("POST", "/oauth2/nothing"),
            404,
            "no-such-route",
            "invalid_request",
        ),
        (
            Ask::new("POST", &*long),
            414,
            "uri-too-long",
            "invalid_request",
        ),
        (
            Ask::new("POST", "/oauth2/token").text(FORM, "grant_type=client_credentials"),
            400,
            "unsupported-grant-type",
            "unsupported_grant_type",
        ),
    ] {
        let problem = doors.send(ask).await.problem(status, code);
        assert_eq!(problem["error"], error);
        assert_eq!(problem["error_description"], problem["detail"]);
    }
    let ask = doors.world.ask("POST", "/oauth2/introspect");
    let reply = doors.send(ask.text(FORM, "address=\"\\\u{e9}")).await;
    assert_eq!(
        reply.problem(400, "invalid-parameter")["error"],
        json!("invalid_request")
    );
}
