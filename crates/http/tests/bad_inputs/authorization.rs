//! Callers that want more than they may: another scope, more rights, more time, another tenant's
//! records.

use serde_json::json;

use crate::harness::{Ask, Reply, Service, TOKENS, path_of, row};

const READ: &str = "api.api-tokens.read";
const WRITE: &str = "api.api-tokens.write";
const DELETE: &str = "api.api-tokens.delete";

#[tokio::test]
async fn an_operation_needs_its_permission() {
    let service = Service::start().await;
    let target = service.token().await;
    let edit = service.edit_of(&target, json!({"name": "taken over"}));
    let sweep = service.ask("DELETE", path_of(&target));
    let sweep = sweep.query("descendants=true&dryRun=true");
    let cases = [
        (READ, edit.clone(), WRITE),
        (READ, service.ask("DELETE", path_of(&target)), DELETE),
        (READ, service.creation(json!({})), WRITE),
        (WRITE, service.ask("DELETE", path_of(&target)), DELETE),
        (WRITE, sweep.clone(), DELETE),
        (READ, sweep, DELETE),
        (READ, edit.clone().query("dryRun=true"), WRITE),
        (DELETE, edit, WRITE),
        (WRITE, service.ask("GET", path_of(&target)), READ),
        (WRITE, service.ask("GET", TOKENS), READ),
        (
            WRITE,
            service.ask("GET", format!("{}/events", path_of(&target))),
            READ,
        ),
        (
            WRITE,
            service
                .ask("POST", format!("{TOKENS}/query"))
                .raw_json("{}"),
            READ,
        ),
        (
            READ,
            service.ask("GET", format!("/api/v1/users/{}", target.view.token.user)),
            "api.users.read",
        ),
        (
            READ,
            service.ask("PUT", format!("{TOKENS}/no-id")).raw_json("["),
            WRITE,
        ),
    ];
    for (held, ask, needed) in cases {
        let caller = service.token_of(&[held]).await;
        let ask = ask.by(&caller.secret);
        let what = format!("{} with {held}", ask.method);
        service
            .check([row(what, ask.clone(), "403 insufficient-scope")])
            .await;
        let reply = service.send(&ask).await;
        let challenge = reply.header("www-authenticate").unwrap();
        assert!(
            challenge.contains(r#"error="insufficient_scope""#),
            "{challenge}"
        );
        assert!(
            challenge.contains(&format!(r#"scope="{needed}""#)),
            "{challenge}"
        );
    }
}

#[tokio::test]
async fn nobody_gives_what_they_do_not_hold() {
    let service = Service::start().await;
    let weak = service.token_of(&[READ, WRITE]).await;
    let strong = service
        .token_of(&[READ, WRITE, "api.tasks.read", "scim.user.read"])
        .await;
    let listed = {
        let mut draft = service.home.draft("listed");
        draft.allowed_addresses = vec!["192.0.2.1".to_owned()];
        draft.permissions.retain(|held| held != "api.users.read");
        service.home.make_of(&draft).await
    };
    let by = |ask: Ask| ask.by(&weak.secret);
    let to = |made, fields| by(service.edit_of(made, fields));
    let of_weak = |permissions: &[&str]| json!({"permissions": permissions});
    let lacking_two = |field: &str| {
        format!("403 permission-not-held: {field} permission-not-held, {field} permission-not-held")
    };
    let second = "403 permission-not-held: /permissions/1 permission-not-held";
    let grown = of_weak(&[READ, "api.tasks.read"]);
    let rows = [
        row("to itself", to(&weak, grown.clone()), second),
        row(
            "to another",
            to(&strong, of_weak(&[READ, "api.webhooks.read"])),
            second,
        ),
        row("dry run", to(&weak, grown).query("dryRun=true"), second),
        row(
            "prolongs",
            to(&strong, json!({"expiry": "2028-01-01T00:00:00Z"})),
            lacking_two("/expiry"),
        ),
        row(
            "unlocks",
            to(&listed, json!({"allowedAddresses": []})),
            lacking_two("/allowedAddresses"),
        ),
        row(
            "creates",
            by(service.creation(of_weak(&[READ, "api.tasks.read"]))),
            second,
        ),
        row(
            "creates root",
            by(service.creation(of_weak(&["api.users.delete"]))),
            "403 permission-not-held",
        ),
        row(
            "narrows a stronger one",
            to(&strong, of_weak(&["scim.user.read"])),
            "200",
        ),
    ];
    service.check(rows).await;
    let ask = by(service.creation(of_weak(&[READ, "api.tasks.read"])));
    let refused = service.send(&ask).await.json();
    assert_eq!(refused["errors"][0]["value"], "api.tasks.read");
}

#[tokio::test]
async fn a_token_does_not_widen_itself() {
    let service = Service::start().await;
    let own = {
        let mut draft = service.home.draft("own");
        draft.allowed_addresses = vec!["127.0.0.0/8".to_owned()];
        service.home.make_of(&draft).await
    };
    let to = |fields| service.edit_of(&own, fields).by(&own.secret);
    let later = json!({"expiry": "2027-06-01T12:00:00.000001Z"});
    let any = json!({"allowedAddresses": []});
    let address = "403 self-widening: /allowedAddresses self-widening";
    let more = json!({"allowedAddresses": ["127.0.0.0/8", "192.0.2.1"]});
    let both = json!({"expiry": "2028-01-01T00:00:00Z", "allowedAddresses": []});
    service
        .check([
            row(
                "expiry",
                to(later),
                "403 self-widening: /expiry self-widening",
            ),
            row("any address", to(any.clone()), address),
            row("one more address", to(more), address),
            row("insisting", to(any).query("allowLockout=true"), address),
            row(
                "both",
                to(both),
                "403 self-widening: /expiry self-widening, /allowedAddresses self-widening",
            ),
            row(
                "less time",
                to(json!({"expiry": "2027-01-01T00:00:00Z"})),
                "200",
            ),
        ])
        .await;
}

#[tokio::test]
async fn another_tenants_token_is_as_unknown_as_one_that_never_was() {
    let service = Service::start().await;
    let theirs = service.away.make("theirs").await;
    let unknown = "01900000-0000-7000-8000-000000000000";
    let body = json!({"version": 1, "name": "ours now"});
    let ways = |id: &str| {
        let path = format!("{TOKENS}/{id}");
        let put = service.ask("PUT", path.as_str()).json(&body);
        [
            service.ask("GET", path.as_str()),
            put.clone(),
            put.clone().query("dryRun=true"),
            put.with("if-match", "\"7\""),
            service.ask("DELETE", path.as_str()),
            service
                .ask("DELETE", path.as_str())
                .with("if-match", "\"7\""),
            service.ask("GET", format!("{path}/events")),
        ]
    };
    let id = theirs.view.token.id.to_string();
    for (theirs, unknown) in ways(&id).into_iter().zip(ways(unknown)) {
        let what = theirs.method.clone();
        // Both disagree with each other in the one case, so that it is refused before anything is looked up.
        let want = if theirs.headers.iter().any(|(name, _)| name == "if-match") && what == "PUT" {
            "400 invalid-parameter"
        } else {
            "404 token-not-found"
        };
        service.check([row(what, theirs.clone(), want)]).await;
        let answer = async |ask: Ask| {
            let Reply {
                status,
                headers,
                body,
            } = service.send(&ask.with("x-request-id", "one")).await;
            let kept = headers.into_iter().filter(|(name, _)| name != "date");
            (status, kept.collect::<Vec<_>>(), body)
        };
        assert_eq!(answer(theirs).await, answer(unknown).await);
    }
    let user = format!("/api/v1/users/{}", theirs.view.token.user);
    service
        .check([row("user", service.ask("GET", user), "404 user-not-found")])
        .await;
}

#[tokio::test]
async fn an_address_off_the_list_is_refused_whatever_headers_say() {
    let service = Service::start().await;
    let listed = async |address: &str| {
        let mut draft = service.home.draft(&service.fresh_name());
        draft.allowed_addresses = vec![address.to_owned()];
        service.home.make_of(&draft).await
    };
    let (elsewhere, here) = (
        listed("192.0.2.0/24").await,
        listed("::ffff:127.0.0.1").await,
    );
    let ask = service
        .ask("GET", path_of(&elsewhere))
        .by(&elsewhere.secret);
    let own = service.edit_of(&elsewhere, json!({})).by(&elsewhere.secret);
    let refused = "403 address-not-allowed";
    let claims = [
        ("x-forwarded-for", "192.0.2.7"),
        ("forwarded", "for=192.0.2.7"),
        ("x-real-ip", "192.0.2.7"),
        ("true-client-ip", "192.0.2.7"),
        ("x-forwarded-for", "127.0.0.1, 192.0.2.7"),
    ];
    let claiming = claims
        .iter()
        .map(|(name, value)| row(*name, ask.clone().with(name, value), refused));
    let plain = [
        row("reads", ask.clone(), refused),
        row("writes", own, refused),
        row(
            "on its list",
            service.ask("GET", path_of(&here)).by(&here.secret),
            "200",
        ),
        row(
            "a claim takes nothing away",
            service
                .ask("GET", path_of(&here))
                .by(&here.secret)
                .with("x-forwarded-for", "192.0.2.7"),
            "200",
        ),
    ];
    service.check(plain.into_iter().chain(claiming)).await;
}
