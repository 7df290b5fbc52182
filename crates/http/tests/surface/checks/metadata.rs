//! The metadata by which OAuth's libraries find the endpoints (RFC 8414), under every name of the
//! service.

use countersign_gate::Proxies;
use countersign_http::Settings;
use serde_json::json;

use super::Doors;
use crate::world::Ask;

const METADATA: &str = "/.well-known/oauth-authorization-server";

#[tokio::test]
async fn a_set_address_is_told_to_everybody() {
    let settings = Settings {
        public_url: Some("https://tokens.example".to_owned()),
        ..Settings::default()
    };
    let doors = Doors::with(Proxies::default(), settings).await;
    for host in [None, Some("evil.example"), Some("a@b")] {
        let mut ask = Ask::new("GET", METADATA);
        if let Some(host) = host {
            ask = ask.header("host", host);
        }
        let told = doors.send(ask).await.expect(200);
        let expected = json!({
            "issuer": "https://tokens.example",
            "token_endpoint": "https://tokens.example/oauth2/token",
            "introspection_endpoint": "https://tokens.example/oauth2/introspect",
            "introspection_endpoint_auth_methods_supported":
                ["client_secret_basic", "client_secret_post", "Bearer"],
            "revocation_endpoint": "https://tokens.example/oauth2/revoke",
            "revocation_endpoint_auth_methods_supported":
                ["client_secret_basic", "client_secret_post"],
            "response_types_supported": ["none"],
            "grant_types_supported": ["https://tokens.example/api/docs"],
            "service_documentation": "https://tokens.example/api/docs",
        });
        assert_eq!(told, expected, "{host:?}");
    }
}

#[tokio::test]
async fn otherwise_the_name_that_the_client_used_is_told_on_the_machine_itself() {
    let doors = Doors::new().await;
    for host in ["localhost:8080", "LOCALHOST", "[::1]:8080", "127.0.0.1"] {
        let reply = doors
            .send(Ask::new("GET", METADATA).header("host", host))
            .await;
        let told = reply.expect(200);
        assert_eq!(told["issuer"], format!("http://{host}"));
        assert_eq!(
            told["revocation_endpoint"],
            format!("http://{host}/oauth2/revoke")
        );
        assert_eq!(reply.header("vary"), "host");
        // The endpoints are where it says.
        for name in ["introspection_endpoint", "revocation_endpoint"] {
            let url = told[name].as_str().unwrap();
            let target = url.strip_prefix(&format!("http://{host}")).unwrap();
            let reply = doors.send(Ask::new("POST", target)).await;
            reply.problem(401, "missing-credential");
        }
    }
    for host in [
        "tokens.example",
        "localhost.example",
        "[2001:db8::1]:8080",
        "192.0.2.1:80",
    ] {
        let ask = Ask::new("GET", METADATA).header("host", host);
        doors.send(ask).await.problem(404, "no-such-route");
    }
    let bad = [
        "",
        "user@host",
        "user:password@host",
        "a b",
        "a/b",
        "a?b",
        "http://a",
        "\u{e9}",
    ];
    for host in bad {
        let reply = doors
            .send(Ask::new("GET", METADATA).header("host", host))
            .await;
        reply.problem(400, "invalid-parameter");
        assert!(
            !String::from_utf8_lossy(&reply.body).contains("password"),
            "{host}"
        );
    }
    let none = Ask::new("GET", METADATA);
    doors.send(none).await.problem(400, "invalid-parameter");
    let two = Ask::new("GET", METADATA)
        .header("host", "a.example")
        .header("host", "b.example");
    doors.send(two).await.problem(400, "invalid-parameter");
    let query = Ask::new("GET", format!("{METADATA}?x=1")).header("host", "a.example");
    doors.send(query).await.problem(400, "invalid-parameter");
}
