//! Versions: missing, mistyped, not the stored one, or used before.

use countersign_application::testing::rename_to;
use serde_json::json;

use crate::harness::{ABSENT, Ask, Service, path_of, row};

#[tokio::test]
async fn a_version_is_a_whole_number() {
    let service = Service::start().await;
    let missing = service.edit(json!({"version": ABSENT})).await;
    let mut rows = vec![row(
        "missing",
        missing,
        "400 invalid-body: /version missing-field",
    )];
    for version in [
        "\"3\"",
        "3.5",
        "-1",
        "9223372036854775808",
        "null",
        "true",
        "0",
        "-0",
        "1e300",
        "18446744073709551616",
        "123456789012345678901234567890",
        "[]",
        "{}",
        "[1]",
    ] {
        let body = format!(r#"{{"version": {version}, "name": "a"}}"#);
        let ask = service.edit(json!({})).await.raw_json(body);
        rows.push(row(version, ask, "400 invalid-body: /version wrong-type"));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn another_version_is_a_conflict_that_tells_the_stored_one() {
    let service = Service::start().await;
    let made = service.token().await;
    service.home.update(&made.view, &rename_to("second")).await;
    let edit = |version: i64| service.edit_of(&made, json!({"name": "mine", "version": version}));
    let stored = service.stored(&path_of(&made)).await;
    let blind = service.token_of(&["api.api-tokens.write"]).await;
    for version in [1, 3, i64::MAX] {
        let rows = [
            row("a change", edit(version), "409 version-conflict"),
            row(
                "a dry run",
                edit(version).query("dryRun=true"),
                "409 version-conflict",
            ),
            row(
                "by one who may not read",
                edit(version).by(&blind.secret),
                "409 version-conflict",
            ),
        ];
        service.check(rows).await;
        let told = service.send(&edit(version)).await.json();
        assert_eq!(
            (&told["currentVersion"], &told["current"]),
            (&json!(2), &stored)
        );
        let told = service.send(&edit(version).by(&blind.secret)).await.json();
        assert_eq!(told["currentVersion"], 2);
        assert!(told.get("current").is_none(), "{told}");
    }
    service
        .check([row("the stored one", edit(2), json!({"version": 3}))])
        .await;
}

#[tokio::test]
async fn the_same_change_counts_once() {
    let service = Service::start().await;
    let again = service.edit(json!({"name": "once"})).await;
    service
        .check([
            row(
                "first",
                again.clone(),
                json!({"version": 2, "name": "once"}),
            ),
            row("again", again.clone(), "409 version-conflict"),
            row("and again", again, "409 version-conflict"),
        ])
        .await;
}

#[tokio::test]
async fn what_changes_nothing_keeps_the_version() {
    let service = Service::start().await;
    let made = service.token().await;
    let before = service.writes().await;
    let same = json!({"version": 1, "name": made.view.token.name.as_str()});
    let rows = [
        row(
            "nothing new",
            service.edit_of(&made, json!({})),
            same.clone(),
        ),
        row(
            "blanks around the name",
            service.edit_of(
                &made,
                json!({"name": format!(" {} ", made.view.token.name)}),
            ),
            same.clone(),
        ),
        row(
            "the same expiry",
            service.edit_of(&made, json!({"expiry": "2027-06-02T02:00:00+14:00"})),
            same,
        ),
    ];
    service.check(rows).await;
    assert_eq!(service.writes().await, before);
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let service = Service::start().await;
    let made = service.token().await;
    let edit = |query: &str| -> Ask { service.edit_of(&made, json!({"name": "dry"})).query(query) };
    let before = service.writes().await;
    let refused = "400 invalid-parameter: dryRun invalid-value";
    let mut rows = vec![
        row(
            "true",
            edit("dryRun=true"),
            json!({"dryRun": true, "version": 2, "name": "dry"}),
        ),
        row(
            "twice",
            edit("dryRun=true&dryRun=true"),
            "400 invalid-parameter: dryRun several-values",
        ),
        row(
            "contradictory",
            edit("dryRun=true&dryRun=false"),
            "400 invalid-parameter: dryRun several-values",
        ),
        row(
            "dryrun",
            edit("dryrun=true"),
            "400 invalid-parameter: dryrun unknown-parameter",
        ),
        row(
            "array",
            edit("dryRun[]=true"),
            "400 invalid-parameter: dryRun[] unknown-parameter",
        ),
    ];
    for value in [
        "TRUE",
        "True",
        "1",
        "yes",
        "",
        "true%20",
        "true%00",
        "\u{ff54}rue",
    ] {
        rows.push(row(value, edit(&format!("dryRun={value}")), refused));
    }
    rows.push(row("no value", edit("dryRun"), refused));
    service.check(rows).await;
    assert_eq!(service.writes().await, before);
    service
        .check([row("false", edit("dryRun=false"), "200")])
        .await;
    assert_ne!(
        service.writes().await,
        before,
        "the harness does not see writes"
    );
}
