//! Credentials that are missing, duplicated, in the wrong place, or not valid.

use countersign_domain::Secret;

use crate::harness::{Ask, Reply, Service, TOKENS, path_of, row};

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
            row("none", none.clone(), MISSING),
            row("Basic", current("Basic dXNlcjpwYXNz"), MISSING),
            row("the scheme alone", current("Bearer"), MISSING),
            row("blanks only", current("Bearer   "), MISSING),
            row("bearer", current(format!("bearer {good}")), "200"),
            row("BEARER", current(format!("BEARER {good}")), "200"),
            row("two blanks", current(format!("Bearer  {good}")), "200"),
            row(
                "two, one good",
                current(&bearer).with("authorization", "Bearer a"),
                DOUBLE,
            ),
            row(
                "the same twice",
                current(&bearer).with("authorization", &bearer),
                DOUBLE,
            ),
            row("a list", current("Bearer a, Bearer b"), DOUBLE),
            row(
                "a list of good ones",
                current(format!("{bearer}, {bearer}")),
                DOUBLE,
            ),
            row(
                "query",
                none.clone().query(&format!("access_token={good}")),
                MISSING,
            ),
            row(
                "cookie",
                none.clone().with("cookie", format!("access_token={good}")),
                MISSING,
            ),
            row(
                "query besides a good header",
                current(&bearer).query(&format!("access_token={good}")),
                "400 invalid-parameter: access_token unknown-parameter",
            ),
            row(
                "proxy header",
                none.clone().with("proxy-authorization", &bearer),
                MISSING,
            ),
            row("x-api-key", none.with("x-api-key", good), MISSING),
            row("no scheme", current(good), MISSING),
            row(
                "tab for a blank",
                current(format!("Bearer\t{good}")),
                MISSING,
            ),
            row("empty", current(""), MISSING),
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
    let hex = digest.to_hex();
    let unknown = Secret::from_random(&[0xab; 32]);
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("unknown", unknown.expose().into()),
        ("revoked", revoked.secret.expose().into()),
        ("digest", hex.clone().into()),
        ("digest behind the prefix", format!("csg_{hex}").into()),
        ("digest cut to length", format!("csg_{}", &hex[..49]).into()),
        ("lower case", good.to_lowercase().into()),
        ("cut", good[..52].into()),
        ("longer", format!("{good}0").into()),
        ("other prefix", good.replace("csg_", "csh_").into()),
        ("quoted", format!("\"{good}\"").into()),
        ("a parameter behind", format!("{good};x=1").into()),
        ("percent-encoded", good.replace('_', "%5f").into()),
        ("10 kB", vec![b'a'; 10_000]),
        ("no ASCII", "csg_ÄÖÜ€".as_bytes().into()),
        ("no UTF-8", b"csg_\xff\xfe".to_vec()),
        (
            "partial token",
            made.view.token.partial.as_str().as_bytes().into(),
        ),
        ("the token's id", made.view.token.id.to_string().into()),
    ];
    let asks = rows.iter().map(|(what, credential)| {
        let ask = current([b"Bearer ", &**credential].concat());
        row(*what, ask.with("x-request-id", "one"), UNKNOWN)
    });
    service.check(asks.collect::<Vec<_>>()).await;

    let answer = async |secret: &str| {
        let ask = current(format!("Bearer {secret}")).with("x-request-id", "one");
        let Reply { headers, body, .. } = service.send(&ask).await;
        let kept = headers.into_iter().filter(|(name, _)| name != "date");
        (kept.collect::<Vec<_>>(), body)
    };
    let first = answer(unknown.expose()).await;
    for (what, credential) in rows {
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
    service.check([row("before", ask.clone(), "200")]).await;
    service.close_user(closed.view.token.user).await;
    service
        .check([row("its user closed", ask.clone(), UNKNOWN)])
        .await;
    assert!(challenge(&service.send(&ask).await).contains(r#"error="invalid_token""#));

    let ask = Ask::new("GET", CURRENT).by(&made.secret);
    let expiry = made.view.token.expiry.as_micros();
    let micros = |micros| countersign_domain::Timestamp::from_micros(micros).unwrap();
    service.clock().set(micros(expiry - 1));
    service
        .check([row("a microsecond before", ask.clone(), "200")])
        .await;
    let edit = |ask: Ask| ask.raw_json(r#"{"version": 1, "name": "mine"}"#);
    for after in [0, 1] {
        service.clock().set(micros(expiry + after));
        let own = edit(Ask::new("PUT", path_of(&made)).by(&made.secret));
        let list = Ask::new("GET", TOKENS).by(&made.secret);
        service
            .check([
                row("at its expiry", ask.clone(), "401 token-expired"),
                row("at its expiry, writing", own, "401 token-expired"),
                row("at its expiry, reading", list, "401 token-expired"),
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
            row(format!("{method} {path}"), body(bare), MISSING),
            row(format!("{method} {path}"), body(odd), UNKNOWN),
        ]
    });
    service.check(rows.collect::<Vec<_>>()).await;
}
