//! Instants that are not valid, have passed, or are too far ahead.

use countersign_application::testing::at;
use serde_json::json;

use crate::harness::{ABSENT, Service, row};

const NO_INSTANT: &str = "400 invalid-body: /expiry invalid-date-time";
const PAST: &str = "422 rule-violated: /expiry expiry-in-past";
const TOO_FAR: &str = "422 rule-violated: /expiry expiry-too-far";

#[tokio::test]
async fn every_token_ends() {
    let service = Service::start().await;
    let wrong_type = "400 invalid-body: /expiry wrong-type";
    let to = |expiry: serde_json::Value| json!({"expiry": expiry});
    service
        .check([
            row(
                "missing",
                service.creation(to(json!(ABSENT))),
                "400 invalid-body: /expiry missing-field",
            ),
            row("null", service.creation(to(json!(null))), wrong_type),
            row(
                "null, changing",
                service.edit(to(json!(null))).await,
                wrong_type,
            ),
            row(
                "epoch",
                service.creation(to(json!(1_800_000_000))),
                wrong_type,
            ),
            row(
                "epoch, changing",
                service.edit(to(json!(1_800_000_000))).await,
                wrong_type,
            ),
            row("never", service.edit(to(json!("never"))).await, NO_INSTANT),
            row("false", service.edit(to(json!(false))).await, wrong_type),
        ])
        .await;
}

#[tokio::test]
async fn what_is_no_instant() {
    let service = Service::start().await;
    let mut rows = Vec::new();
    for expiry in [
        "2027-02-30T00:00:00Z",
        "2027-13-01T00:00:00Z",
        "2027-01-01T24:00:00Z",
        "2026-12-31T23:59:60Z",
        "2027-01-01T00:00:00",
        "2027-01-01T00:00:00+25:00",
        "1800000000",
        "2027-01-01",
        "",
        "2027-02-29T00:00:00Z",
        "2027-00-01T00:00:00Z",
        "2027-01-01 00:00:00Z",
        " 2027-01-01T00:00:00Z",
        "2027-01-01T00:00:00Z\n",
        "2027-01-01T00:00Z",
        "2027-01-01T00:00:00,5Z",
        "2027-01-01T00:00:00.Z",
        "2027-01-01T00:00:00+0100",
        "2027-01-01T00:00:00 Europe/Berlin",
        "2027-W01-1T00:00:00Z",
        "20270101T000000Z",
        "+002027-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "-2027-01-01T00:00:00Z",
        "P1Y",
        "\u{ff12}\u{ff10}27-01-01T00:00:00Z",
        "9999-12-31T23:59:59-01:00",
    ] {
        let fields = json!({"expiry": expiry});
        rows.push(row(
            format!("making: {expiry}"),
            service.creation(fields.clone()),
            NO_INSTANT,
        ));
        rows.push(row(
            format!("change: {expiry}"),
            service.edit(fields).await,
            NO_INSTANT,
        ));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn after_now_and_within_two_years_of_the_creation() {
    let service = Service::start().await;
    // The clock stands at 2026-06-01T12:00:00Z, and all of these are made then.
    let mut rows = Vec::new();
    for (expiry, refusal) in [
        ("2026-06-01T11:59:59Z", Some(PAST)),
        ("1969-12-31T23:59:59Z", Some(PAST)),
        ("0000-01-01T00:00:00Z", Some(PAST)),
        ("2026-06-01T12:00:00Z", Some(PAST)),
        ("2026-06-01T12:00:00.000000999Z", Some(PAST)),
        ("2026-06-01T12:00:00.000001Z", None),
        ("2026-06-01T12:00:01Z", None),
        ("2028-06-01T12:00:00Z", None),
        ("2028-06-01T12:00:01Z", Some(TOO_FAR)),
        ("2028-06-01T12:00:00.000001Z", Some(TOO_FAR)),
        ("9999-12-31T23:59:59.999999Z", Some(TOO_FAR)),
    ] {
        let fields = json!({"expiry": expiry});
        let (making, change) = (
            service.creation(fields.clone()),
            service.edit(fields.clone()).await,
        );
        if let Some(refusal) = refusal {
            rows.extend([row(expiry, making, refusal), row(expiry, change, refusal)]);
        } else {
            rows.extend([row(expiry, making, "201"), row(expiry, change, fields)]);
        }
    }
    service.check(rows).await;
}

#[tokio::test]
async fn written_in_any_zone_kept_in_utc() {
    let service = Service::start().await;
    let mut rows = Vec::new();
    for (written, kept) in [
        ("2027-01-01T00:00:00+14:00", "2026-12-31T10:00:00Z"),
        ("2027-01-01T00:00:00-12:00", "2027-01-01T12:00:00Z"),
        (
            "2027-01-01T00:00:00.123456789Z",
            "2027-01-01T00:00:00.123456Z",
        ),
        (
            "2027-01-01T00:00:00.9999999999999Z",
            "2027-01-01T00:00:00.999999Z",
        ),
        ("2027-01-01t00:00:00z", "2027-01-01T00:00:00Z"),
        ("2027-01-01T00:00:00-00:00", "2027-01-01T00:00:00Z"),
        ("2028-02-29T00:00:00+00:00", "2028-02-29T00:00:00Z"),
    ] {
        let kept = json!({"expiry": kept});
        let written = json!({"expiry": written});
        rows.push(row(
            written.to_string(),
            service.edit(written.clone()).await,
            kept.clone(),
        ));
        rows.push(row(written.to_string(), service.creation(written), kept));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn the_longest_life_counts_from_the_creation() {
    let service = Service::start().await;
    let made = service.token().await;
    service.clock().set(at("2027-05-01T12:00:00Z"));
    let to = |expiry: &str| service.edit_of(&made, json!({"expiry": expiry}));
    service
        .check([
            row("a year later", to("2029-05-01T12:00:00Z"), TOO_FAR),
            row("a second over", to("2028-06-01T12:00:01Z"), TOO_FAR),
            row("past by now", to("2027-05-01T12:00:00Z"), PAST),
            row(
                "the last instant",
                to("2028-06-01T12:00:00Z"),
                json!({"expiry": "2028-06-01T12:00:00Z"}),
            ),
            row(
                "a new one",
                service.creation(json!({"expiry": "2029-05-01T12:00:00Z"})),
                "201",
            ),
        ])
        .await;
}
