//! One table of tokens with one expectation for each, and all endpoints: if one let a request
//! through that another refuses, it would be a way around the stricter one.

use std::{convert::Infallible, net::IpAddr};

use axum::{
    body::{Body, to_bytes},
    http::{Request, Response},
};
use countersign_domain::{Permission, Secret, standard};
use countersign_gate::{GateLayer, Peer};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

use super::{Doors, form, from};
use crate::world::{Ask, Reply, TOKENS};

const READ: &str = "api.api-tokens.read";

/// What is presented, and from where.
struct Shown(String, Option<IpAddr>);

/// What the doors are expected to say.
struct Want {
    /// To the bearer itself.
    direct: &'static str,
    /// To another token that asks about it.
    asked: &'static str,
}

fn home() -> IpAddr {
    [192, 0, 2, 7].into()
}

/// Makes a token of which just what the row says is true; gives what is presented.
async fn prepared(doors: &Doors, what: &str) -> Shown {
    let (realm, clock) = (&doors.world.home, &doors.world.stores.clock);
    let permissions: &[&str] = match what {
        "a missing permission" => &["api.api-tokens.write", "api.tasks.read"],
        _ => &[READ],
    };
    let made = doors.made("one", permissions, &["192.0.2.0/24"]).await;
    let (mut secret, mut address) = (made.secret.expose().to_owned(), Some(home()));
    match what {
        "live" | "a missing permission" => {}
        "expired" => clock.set(made.view.token.expiry),
        "about to expire" => {
            clock.set(made.view.token.expiry);
            clock.advance(-1);
        }
        "revoked" => realm.revoke(&made.view).await,
        "its user closed" => doors.world.close_user(made.view.token.user).await,
        "a wrong address" => address = Some([203, 0, 113, 7].into()),
        "a mapped address" => address = "::ffff:192.0.2.7".parse().ok(),
        "an unknown address" => address = None,
        "an overlapping secret" | "an overlapping secret after its end" => {
            realm.rotate(&made.view, 3600).await;
            let after = what != "an overlapping secret";
            clock.advance(if after { 3600 } else { 3599 });
        }
        "the secret after it" => {
            let new = realm.rotate(&made.view, 3600).await.secret;
            new.expose().clone_into(&mut secret);
        }
        "a replaced secret" => drop(realm.rotate(&made.view, 0).await),
        "a malformed secret" => {
            let last = if secret.ends_with('a') { 'b' } else { 'a' };
            secret.pop();
            secret.push(last);
        }
        "an unknown secret" => {
            Secret::from_random(&[9; 32])
                .expose()
                .clone_into(&mut secret);
        }
        "the digest" => {
            secret = made.secret.digest().to_hex();
        }
        "the digest as a secret" => {
            Secret::from_random(made.secret.digest().as_bytes())
                .expose()
                .clone_into(&mut secret);
        }
        "another tenant's" => {
            let foreign = doors.world.away.make("abroad").await;
            foreign.secret.expose().clone_into(&mut secret);
        }
        _ => panic!("{what}"),
    }
    Shown(secret, address)
}

fn code_of(reply: &Reply) -> String {
    if reply.status == 200 {
        return "ok".to_owned();
    }
    let problem = reply.json();
    assert_eq!(problem["status"], reply.status.as_u16());
    let kind = problem["type"].as_str().unwrap();
    kind.strip_prefix("/problems/").unwrap().to_owned()
}

fn request(target: &str, Shown(secret, address): &Shown) -> Ask {
    let ask = Ask::new("GET", target).header("authorization", &format!("Bearer {secret}"));
    from(ask, *address)
}

/// A trivial service behind the gate's own layer.
async fn through(layer: GateLayer, Shown(secret, address): &Shown) -> Reply {
    let service = layer.layer(service_fn(async |_: Request<Body>| {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    }));
    let mut request = Request::get("/").header("authorization", format!("Bearer {secret}"));
    if let Some(address) = address {
        request = request.extension(Peer((*address, 4711).into()));
    }
    let response = service
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (head, body) = response.into_parts();
    Reply {
        status: head.status,
        headers: head.headers,
        body: to_bytes(Body::new(body), 10_000).await.unwrap(),
    }
}

/// What those say who are shown the secret by its bearer: status, code and challenge.
async fn direct(
    doors: &Doors,
    shown: &Shown,
    permission: Option<Permission>,
) -> Vec<(&'static str, (u16, String, String))> {
    let (api, auth, layer) = match permission {
        None => (
            "/api/v1/permissions",
            "/auth".to_owned(),
            doors.gate.layer(),
        ),
        Some(permission) => {
            let auth = format!("/auth?permission={permission}");
            (TOKENS, auth, doors.gate.require(permission))
        }
    };
    let replies = [
        ("the API", doors.send(request(api, shown)).await),
        ("/auth", doors.send(request(&auth, shown)).await),
        ("the layer", through(layer, shown).await),
    ];
    replies
        .map(|(door, reply)| {
            let challenge = reply.header("www-authenticate").to_owned();
            (door, (reply.status.as_u16(), code_of(&reply), challenge))
        })
        .into()
}

fn worth(verdict: &Value) -> (bool, String) {
    let code = verdict["code"].as_str().unwrap().to_owned();
    (verdict["active"].as_bool().unwrap(), code)
}

/// What those say who are asked about the secret by another: whether it is let through, and why not.
async fn asked(
    doors: &Doors,
    Shown(secret, address): &Shown,
    permission: Option<&Permission>,
) -> Vec<(&'static str, (bool, String))> {
    let verify = async |question: &Value| {
        let ask = doors.world.ask("POST", format!("{TOKENS}/verify"));
        doors.send(ask.json(question)).await.expect(200)
    };
    let mut question = json!({"token": secret});
    let mut fields = vec![("token", &**secret)];
    if let Some(permission) = permission {
        question["permissions"] = json!([permission.as_str()]);
    }
    let address = address.map(|address| address.to_string());
    if let Some(address) = &address {
        question["address"] = json!(address);
        fields.push(("address", address));
    }
    let one = verify(&question).await;
    let other = json!({"token": doors.world.root.secret.expose()});
    let many = verify(&json!([other, question])).await;
    let ask = form("/oauth2/introspect", &doors.world.root, &fields);
    let told = doors.send(ask).await.expect(200);
    let scope = told["scope"].as_str().unwrap_or_default();
    let within = |name: &Permission| scope.split(' ').any(|held| held == name.as_str());
    let introspected = match told["active"].as_bool().unwrap() {
        // Why is not told.
        false => (false, one["code"].as_str().unwrap().to_owned()),
        true if permission.is_none_or(within) => (true, "ok".to_owned()),
        true => (false, "insufficient-scope".to_owned()),
    };
    vec![
        ("verify", worth(&one)),
        ("verify, in a batch", worth(&many[1])),
        ("introspect", introspected),
    ]
}

fn status_of(code: &str) -> u16 {
    match code {
        "ok" => 200,
        "invalid-token" | "token-expired" => 401,
        "address-not-allowed" | "insufficient-scope" => 403,
        _ => panic!("{code}"),
    }
}

const fn same(code: &'static str) -> Want {
    Want {
        direct: code,
        asked: code,
    }
}

const TABLE: [(&str, Want); 18] = [
    ("live", same("ok")),
    ("about to expire", same("ok")),
    ("expired", same("token-expired")),
    ("revoked", same("invalid-token")),
    ("its user closed", same("invalid-token")),
    ("a wrong address", same("address-not-allowed")),
    ("a mapped address", same("ok")),
    ("an unknown address", same("address-not-allowed")),
    ("a missing permission", same("insufficient-scope")),
    ("an overlapping secret", same("ok")),
    ("an overlapping secret after its end", same("invalid-token")),
    ("the secret after it", same("ok")),
    ("a replaced secret", same("invalid-token")),
    ("a malformed secret", same("invalid-token")),
    ("an unknown secret", same("invalid-token")),
    ("the digest", same("invalid-token")),
    ("the digest as a secret", same("invalid-token")),
    (
        "another tenant's",
        Want {
            direct: "ok",
            asked: "invalid-token",
        },
    ),
];

#[tokio::test]
async fn every_door_says_the_same() {
    let mut wrong = Vec::new();
    for (what, want) in TABLE {
        let mut doors = Doors::new().await;
        let shown = prepared(&doors, what).await;
        // The root token ends as soon as the others do; one that is made now asks instead.
        let names: Vec<_> = standard::ALL.iter().map(Permission::as_str).collect();
        doors.world.root = doors.world.token("later", &names).await;
        wrong.extend(told_otherwise(&doors, what, &shown, &want).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every door that says something else, with and without a permission that is asked for.
async fn told_otherwise(doors: &Doors, what: &str, shown: &Shown, want: &Want) -> Vec<String> {
    let mut wrong = Vec::new();
    for permission in [None, Some(standard::API_TOKENS_READ)] {
        let expected = |code| match (&permission, code) {
            (None, "insufficient-scope") => "ok",
            (_, code) => code,
        };
        let code = expected(want.direct);
        let answers = direct(doors, shown, permission.clone()).await;
        let (_, (_, _, challenge)) = answers[0].clone();
        for (door, answer) in answers {
            if answer != (status_of(code), code.to_owned(), challenge.clone()) {
                wrong.push(format!(
                    "{what}, {permission:?}, {door}: {answer:?}, not {code}"
                ));
            }
        }
        let code = expected(want.asked);
        for (door, answer) in asked(doors, shown, permission.as_ref()).await {
            if answer != (code == "ok", code.to_owned()) {
                wrong.push(format!(
                    "{what}, {permission:?}, {door}: {answer:?}, not {code}"
                ));
            }
        }
    }
    wrong
}
