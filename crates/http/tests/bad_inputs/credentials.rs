//! Credentials that are missing, doubled, in the wrong place, or simply not good.

use std::fmt::Write;

use countersign_domain::Secret;

use crate::harness::{Ask, OWN, Reply, Service, TOKENS, path_of, row};

const CURRENT: &str = "/api/v1/api-tokens/current";
const UNKNOWN: &str = "401 invalid-token";
const MISSING: &str = "401 missing-credential";
const DOUBLE: &str = "400 invalid-parameter: Authorization several-values";

fn current(authorization: impl AsRef<[u8]>) -> Ask {
    Ask::new("GET", CURRENT).with("authorization", authorization)
}

#[tokio::test]
async fn where_the_credential_stands() {
    let service = Service::start().await;
    let good = service.root.secret.expose();
    let bearer = format!("Bearer {good}");
    let none = Ask::new("GET", CURRENT);
    service
        .check([
            row(1, "none", none.clone(), MISSING),
            row(2, "Basic", current("Basic dXNlcjpwYXNz"), MISSING),
            row(2, "the scheme alone", current("Bearer"), MISSING),
            row(2, "blanks only", current("Bearer   "), MISSING),
            row(3, "bearer", current(format!("bearer {good}")), "200"),
            row(3, "BEARER", current(format!("BEARER {good}")), "200"),
            row(OWN, "two blanks", current(format!("Bearer  {good}")), "200"),
            row(
                4,
                "two, one good",
                current(&bearer).with("authorization", "Bearer a"),
                DOUBLE,
            ),
            row(
                4,
                "the same twice",
                current(&bearer).with("authorization", &bearer),
                DOUBLE,
            ),
            row(4, "a list", current("Bearer a, Bearer b"), DOUBLE),
            row(
                4,
                "a list of good ones",
                current(format!("{bearer}, {bearer}")),
                DOUBLE,
            ),
            row(
                5,
                "query",
                none.clone().query(&format!("access_token={good}")),
                MISSING,
            ),
            row(
                5,
                "cookie",
                none.clone().with("cookie", format!("access_token={good}")),
                MISSING,
            ),
            row(
                OWN,
                "query besides a good header",
                current(&bearer).query(&format!("access_token={good}")),
                "400 invalid-parameter: access_token unknown-parameter",
            ),
            row(
                OWN,
                "proxy header",
                none.clone().with("proxy-authorization", &bearer),
                MISSING,
            ),
            row(OWN, "x-api-key", none.with("x-api-key", good), MISSING),
            row(OWN, "no scheme", current(good), MISSING),
            row(
                OWN,
                "tab for a blank",
                current(format!("Bearer\t{good}")),
                MISSING,
            ),
            row(OWN, "empty", current(""), MISSING),
        ])
        .await;
}

#[tokio::test]
async fn what_is_no_good_credential_has_one_and_the_same_answer() {
    let service = Service::start().await;
    let made = service.token().await;
    let revoked = service.token().await;
    service.home.revoke(&revoked.view).await;
    let good = made.secret.expose();
    let digest = made.secret.digest();
    let hex = digest
        .as_bytes()
        .iter()
        .fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
    let unknown = Secret::from_random(&[0xab; 32]);
    let rows: Vec<(u16, &str, Vec<u8>)> = vec![
        (7, "unknown", unknown.expose().into()),
        (8, "revoked", revoked.secret.expose().into()),
        (10, "digest", hex.clone().into()),
        (10, "digest behind the prefix", format!("csg_{hex}").into()),
        (
            10,
            "digest cut to length",
            format!("csg_{}", &hex[..49]).into(),
        ),
        (OWN, "lower case", good.to_lowercase().into()),
        (OWN, "cut", good[..52].into()),
        (OWN, "longer", format!("{good}0").into()),
        (OWN, "other prefix", good.replace("csg_", "csh_").into()),
        (OWN, "quoted", format!("\"{good}\"").into()),
        (OWN, "a parameter behind", format!("{good};x=1").into()),
        (OWN, "percent-encoded", good.replace('_', "%5f").into()),
        (OWN, "10 kB", vec![b'a'; 10_000]),
        (OWN, "no ASCII", "csg_ÄÖÜ€".as_bytes().into()),
        (OWN, "no UTF-8", b"csg_\xff\xfe".to_vec()),
        (
            OWN,
            "partial token",
            made.view.token.partial.as_str().as_bytes().into(),
        ),
        (OWN, "the token's id", made.view.token.id.to_string().into()),
    ];
    let asks = rows.iter().map(|(line, what, credential)| {
        let ask = current([b"Bearer ", &**credential].concat());
        row(*line, *what, ask.with("x-request-id", "one"), UNKNOWN)
    });
    service.check(asks.collect::<Vec<_>>()).await;

    let answer = async |secret: &str| {
        let ask = current(format!("Bearer {secret}")).with("x-request-id", "one");
        let Reply { headers, body, .. } = service.send(&ask).await;
        let kept = headers.into_iter().filter(|(name, _)| name != "date");
        (kept.collect::<Vec<_>>(), body)
    };
    let first = answer(unknown.expose()).await;
    for (_, what, credential) in rows {
        if let Ok(text) = String::from_utf8(credential) {
            assert_eq!(answer(&text).await, first, "{what}");
        }
    }
}

#[tokio::test]
async fn a_credential_ends_with_its_user_and_at_its_instant() {
    let service = Service::start().await;
    let (made, closed) = (service.token().await, service.token().await);
    let challenge = |reply: &Reply| reply.header("www-authenticate").unwrap().to_owned();

    let ask = Ask::new("GET", CURRENT).by(&closed.secret);
    service.check([row(8, "before", ask.clone(), "200")]).await;
    service.close_user(closed.view.token.user).await;
    service
        .check([row(8, "its user closed", ask.clone(), UNKNOWN)])
        .await;
    assert!(challenge(&service.send(&ask).await).contains(r#"error="invalid_token""#));

    let ask = Ask::new("GET", CURRENT).by(&made.secret);
    let expiry = made.view.token.expiry.as_micros();
    let micros = |micros| countersign_domain::Timestamp::from_micros(micros).unwrap();
    service.clock().set(micros(expiry - 1));
    service
        .check([row(8, "a microsecond before", ask.clone(), "200")])
        .await;
    let edit = |ask: Ask| ask.raw_json(r#"{"version": 1, "name": "mine"}"#);
    for after in [0, 1] {
        service.clock().set(micros(expiry + after));
        let own = edit(Ask::new("PUT", path_of(&made)).by(&made.secret));
        let list = Ask::new("GET", TOKENS).by(&made.secret);
        service
            .check([
                row(8, "at its expiry", ask.clone(), "401 token-expired"),
                row(8, "at its expiry, writing", own, "401 token-expired"),
                row(8, "at its expiry, reading", list, "401 token-expired"),
            ])
            .await;
    }
    let bare = Ask::new("GET", CURRENT);
    assert!(!challenge(&service.send(&bare).await).contains("error="));
    assert!(challenge(&service.send(&ask).await).contains(r#"error="invalid_token""#));
}

#[tokio::test]
async fn every_route_of_the_api_asks_for_one() {
    let service = Service::start().await;
    let id = service.root.view.token.id.to_string();
    let routes = [
        ("POST", TOKENS.to_owned()),
        ("GET", TOKENS.to_owned()),
        ("GET", CURRENT.to_owned()),
        ("POST", format!("{TOKENS}/query")),
        ("GET", format!("{TOKENS}/{id}")),
        ("PUT", format!("{TOKENS}/{id}")),
        ("DELETE", format!("{TOKENS}/{id}")),
        ("GET", format!("{TOKENS}/{id}/events")),
        ("GET", "/api/v1/permissions".to_owned()),
        ("GET", "/api/v1/users/current".to_owned()),
        ("GET", format!("/api/v1/users/{id}")),
        ("GET", format!("{TOKENS}/no-id")),
        ("PUT", format!("{TOKENS}/no-id?dryRun=perhaps")),
    ];
    // The credential comes before whatever else is wrong with a request.
    let rows = routes.iter().flat_map(|(method, path)| {
        let bare = Ask::new(method, path.as_str());
        let odd = bare.clone().with("authorization", "Bearer x");
        let body = |ask: Ask| ask.body("[").with("content-type", "text/plain");
        [
            row(1, format!("{method} {path}"), body(bare), MISSING),
            row(7, format!("{method} {path}"), body(odd), UNKNOWN),
        ]
    });
    service.check(rows.collect::<Vec<_>>()).await;
}
