//! `If-Match` and `If-None-Match`: conditions that hold, that do not, and that are not valid (RFC
//! 9110, sections 13.1.1 and 13.1.2).

use countersign_application::testing::rename_to;
use serde_json::json;

use crate::harness::{ABSENT, Ask, Service, path_of, row};

const FAILED: &str = "412 precondition-failed";
const NONE: &str = "400 invalid-parameter: If-Match invalid-value";

#[tokio::test]
async fn a_change_for_a_tag() {
    let service = Service::start().await;
    // A fresh token is at version 1; the change names no version.
    let tagged = async |tags: &[&[u8]]| -> Ask {
        let ask = service.edit(json!({"version": ABSENT})).await;
        tags.iter().fold(ask, |ask, tag| ask.with("if-match", tag))
    };
    let mut rows = vec![
        row(
            "*",
            tagged(&[b"*"]).await,
            "400 invalid-body: /version missing-field",
        ),
        row("* and a tag", tagged(&[b"*", b"\"1\""]).await, NONE),
        row(
            "two lines",
            tagged(&[b"\"7\"", b"\"1\""]).await,
            json!({"version": 1}),
        ),
        row("no ASCII", tagged(&[b"\"\xe4\""]).await, NONE),
    ];
    for (tag, want) in [
        ("\"2\"", FAILED),
        ("\"0\"", FAILED),
        ("\"01\"", FAILED),
        ("\"1 \"", NONE),
        ("\"\"", FAILED),
        ("W/\"1\"", FAILED),
        ("\"7\", W/\"1\"", FAILED),
        ("\"9223372036854775808\"", FAILED),
        ("1", NONE),
        ("'1'", NONE),
        ("\"1", NONE),
        ("\"1\"\"2\"", NONE),
        ("\"1\";", NONE),
        ("", NONE),
        (",", NONE),
        ("w/\"1\"", NONE),
        ("\"1\"", "200"),
        ("\"7\", \"1\"", "200"),
    ] {
        rows.push(row(tag, tagged(&[tag.as_bytes()]).await, want));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn a_tag_and_a_version() {
    let service = Service::start().await;
    let both = async |tag: &str, version: i64| {
        service
            .edit(json!({"version": version}))
            .await
            .with("if-match", tag)
    };
    let disagree =
        "400 invalid-parameter: If-Match disagreeing-versions, /version disagreeing-versions";
    service
        .check([
            row(
                "the version is the stored one",
                both("\"2\"", 1).await,
                disagree,
            ),
            row(
                "the tag is the stored one",
                both("\"1\"", 2).await,
                disagree,
            ),
            row("agreeing", both("\"1\"", 1).await, "200"),
            row("agreeing and stale", both("\"2\"", 2).await, FAILED),
            row("any, and a version", both("*", 1).await, "200"),
            row(
                "any, and a stale version",
                both("*", 2).await,
                "409 version-conflict",
            ),
            row(
                "a mistyped version",
                both("\"1\"", 0).await,
                "400 invalid-body: /version wrong-type",
            ),
            row(
                "If-None-Match",
                service.edit(json!({})).await.with("if-none-match", "\"1\""),
                "400 invalid-parameter: If-None-Match unexpected-header",
            ),
        ])
        .await;
}

#[tokio::test]
async fn what_failed_tells_the_stored_version() {
    let service = Service::start().await;
    let made = service.token().await;
    service.home.update(&made.view, &rename_to("second")).await;
    let stored = service.stored(&path_of(&made)).await;
    let ask = service
        .edit_of(&made, json!({"version": ABSENT}))
        .with("if-match", "\"1\"");
    let told = service.send(&ask).await.json();
    assert_eq!(
        (&told["currentVersion"], &told["current"]),
        (&json!(2), &stored)
    );
    let blind = service.token_of(&["api.api-tokens.write"]).await;
    let told = service.send(&ask.by(&blind.secret)).await.json();
    assert_eq!(told["currentVersion"], 2);
    assert!(
        told.get("current").is_none(),
        "shown to one who may not read"
    );
}

#[tokio::test]
async fn revoking_and_reading_for_a_tag() {
    let service = Service::start().await;
    let made = service.token().await;
    let delete = || service.ask("DELETE", path_of(&made));
    let get = |tag: &str| {
        service
            .ask("GET", path_of(&made))
            .with("if-none-match", tag)
    };
    let own = |tag: &str| {
        let ask = Ask::new("GET", "/api/v1/api-tokens/current").by(&made.secret);
        ask.with("if-none-match", tag)
    };
    let bad = "400 invalid-parameter: If-None-Match invalid-value";
    service
        .check([
            row(
                "another version",
                delete().with("if-match", "\"2\""),
                FAILED,
            ),
            row("weak", delete().with("if-match", "W/\"1\""), FAILED),
            row("no tag", delete().with("if-match", "1"), NONE),
            row("known", get("\"1\""), "304"),
            row("known, weak", get("W/\"1\""), "304"),
            row("known, any", get("*"), "304"),
            row("unknown", get("\"2\""), "200"),
            row("no tag to read", get("1"), bad),
            row("its own, known", own("\"1\""), "304"),
            row(
                "the stored version",
                delete().with("if-match", "\"1\""),
                "204",
            ),
            row(
                "again",
                delete().with("if-match", "\"1\""),
                "404 token-not-found",
            ),
            row(
                "any of none",
                delete().with("if-match", "*"),
                "404 token-not-found",
            ),
        ])
        .await;
}
