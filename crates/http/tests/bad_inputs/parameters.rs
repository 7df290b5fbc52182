//! Query parameters: out of bounds, of another type, duplicated, misspelt.

use crate::harness::{Ask, Service, TOKENS, path_of, row};

fn invalid(name: &str) -> String {
    format!("400 invalid-parameter: {name} invalid-value")
}

#[tokio::test]
async fn how_many() {
    let service = Service::start().await;
    let query = service
        .ask("POST", format!("{TOKENS}/query"))
        .raw_json("{}");
    let list = service.ask("GET", TOKENS);
    let events = service.ask("GET", format!("{}/events", path_of(&service.root)));
    let mut rows = Vec::new();
    for (name, ask) in [("size", &query), ("limit", &list), ("limit", &events)] {
        let with = |value: &str| ask.clone().query(&format!("{name}={value}"));
        for value in [
            "0",
            "-1",
            "101",
            "1e9",
            "1000000000",
            "abc",
            "",
            "%2B5",
            "+5",
            "05",
            "5.0",
            "0x5",
            "5%00",
            "%20",
            "%ff",
            "256",
            "4294967297",
            "18446744073709551617",
            "\u{665}",
            "null",
        ] {
            rows.push(row(format!("{name}={value}"), with(value), invalid(name)));
        }
        let twice = format!("400 invalid-parameter: {name} several-values");
        rows.push(row("twice", with(&format!("5&{name}=5")), twice.as_str()));
        rows.push(row(
            "twice, encoded",
            with(&format!("5&%{:02x}{}=6", name.as_bytes()[0], &name[1..])),
            twice,
        ));
        rows.push(row("1", with("1"), "200"));
        rows.push(row("100", with("100"), "200"));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn which_page() {
    let service = Service::start().await;
    let query = |query: &str| {
        service
            .ask("POST", format!("{TOKENS}/query"))
            .raw_json("{}")
            .query(query)
    };
    let mut rows = Vec::new();
    for value in ["-1", "abc", "", "1.5", "4294967296", "99999999999999999999"] {
        rows.push(row(
            format!("page={value}"),
            query(&format!("page={value}")),
            invalid("page"),
        ));
    }
    rows.push(row(
        "the last there can be",
        query("page=4294967295&size=100"),
        "200",
    ));
    let both = "400 invalid-parameter: page invalid-value, size invalid-value, sort invalid-value, x unknown-parameter";
    rows.push(row("all at once", query("x=1&sort=x&size=0&page=-1"), both));
    service.check(rows).await;
}

#[tokio::test]
async fn in_which_order() {
    let service = Service::start().await;
    let query = |sort: &str| {
        service
            .ask("POST", format!("{TOKENS}/query"))
            .raw_json("{}")
            .query(&format!("sort={sort}"))
    };
    let mut rows = Vec::new();
    for sort in [
        "secret",
        "name;drop",
        "name%3Bdrop",
        "name,asc;DROP%20TABLE%20api_tokens",
        "name,up",
        "name,ASC",
        "Name",
        "name_key",
        "expiry%20desc",
        "1",
        "",
        ",",
        "asc",
        "name,",
        "name,asc,desc",
        "name%00",
        "(select%201)",
    ] {
        rows.push(row(sort, query(sort), invalid("sort")));
    }
    let long = "name,asc,".repeat(800);
    rows.push(row("very often", query(long.trim_end_matches(',')), "200"));
    rows.push(row("twice", query("name,asc&sort=expiry,desc"), "200"));
    rows.push(row(
        "a bad one of two",
        query("name&sort=x"),
        invalid("sort"),
    ));
    service.check(rows).await;
}

#[tokio::test]
async fn which_descendants() {
    let service = Service::start().await;
    let target = service.token().await;
    let delete = |query: &str| service.ask("DELETE", path_of(&target)).query(query);
    let all = |query: &str| delete(&format!("descendants=true&{query}"));
    let alone = |name: &str| format!("400 invalid-parameter: {name} contradicting-parameters");
    let mut rows = Vec::new();
    for value in [
        "",
        "-1",
        "01",
        "1.0",
        "ANY",
        "any,2",
        "%2B1",
        "18446744073709551616",
        "null",
    ] {
        let query = format!("expectedCount={value}");
        rows.push(row(query.as_str(), all(&query), invalid("expectedCount")));
    }
    let count = "expectedCount=1";
    for value in [
        "",
        "yesterday",
        "2026-06-01",
        "1780315200",
        "2026-13-01T00:00:00Z",
        "2026-06-01T12:00:00",
    ] {
        let query = format!("since={value}");
        rows.push(row(
            query.as_str(),
            all(&format!("{query}&{count}")),
            invalid("since"),
        ));
    }
    for (name, value) in [
        ("since", "2026-06-01T12:00:00Z"),
        ("expectedCount", "1"),
        ("allowLockout", "true"),
    ] {
        let query = format!("{name}={value}");
        rows.push(row(query.as_str(), delete(&query), alone(name)));
        rows.push(row(
            "off",
            delete(&format!("descendants=false&{query}")),
            alone(name),
        ));
    }
    let missing = "400 invalid-parameter: expectedCount missing-parameter";
    rows.push(row("no count", all("since=2026-06-01T12:00:00Z"), missing));
    rows.push(row(
        "both",
        all("dryRun=true&expectedCount=1"),
        alone("expectedCount"),
    ));
    rows.push(row(
        "descendants=1",
        delete("descendants=1"),
        invalid("descendants"),
    ));
    let twice = "400 invalid-parameter: since several-values";
    let since = "since=2026-06-01T12:00:00Z";
    rows.push(row(
        "twice",
        all(&format!("{since}&{since}&{count}")),
        twice,
    ));
    rows.push(row("a dry run", all("dryRun=true"), "200"));
    rows.push(row(
        "another number",
        all("expectedCount=2"),
        "409 count-differs",
    ));
    rows.push(row("the right one", all("expectedCount=1"), "200"));
    service.check(rows).await;
}

#[tokio::test]
async fn no_parameter_is_passed_over() {
    let service = Service::start().await;
    let path = path_of(&service.root);
    let put = || service.edit_of(&service.root, serde_json::json!({"name": "x"}));
    let making = service.creation(serde_json::json!({}));
    let rotation = service
        .ask("POST", format!("{path}/rotate"))
        .raw_json(r#"{"version": 1}"#);
    let asks: [Ask; 12] = [
        service.ask("GET", TOKENS),
        service.ask("GET", path.as_str()),
        service.ask("GET", format!("{path}/events")),
        service.ask("GET", "/api/v1/api-tokens/current"),
        service.ask("GET", "/api/v1/permissions"),
        service.ask("GET", "/api/v1/users/current"),
        service
            .ask("POST", format!("{TOKENS}/query"))
            .raw_json("{}"),
        service.ask("DELETE", path.as_str()),
        put(),
        making,
        rotation,
        Ask::new("GET", "/health/live"),
    ];
    let mut rows = Vec::new();
    for ask in asks {
        let what = format!("{} {}", ask.method, ask.target);
        let unknown = "400 invalid-parameter: secret unknown-parameter";
        rows.push(row(what.as_str(), ask.clone().query("secret=1"), unknown));
        rows.push(row(what.as_str(), ask.clone().query("secret"), unknown));
        rows.push(row(
            what.as_str(),
            ask.clone().query("force=true&dryrun=1&Size=1"),
            "400 invalid-parameter",
        ));
        rows.push(row(what, ask.query("%ff=%ff"), "400 invalid-parameter"));
    }
    service.check(rows).await;
}
