//! Accidents: a caller that locks itself out, and an expired token.

use countersign_application::testing::at;
use serde_json::json;

use crate::harness::{Service, row};

#[tokio::test]
async fn a_caller_shuts_itself_out_only_when_it_insists() {
    let service = Service::start().await;
    let own = service.token().await;
    let to = |fields| service.edit_of(&own, fields).by(&own.secret);
    let elsewhere = || to(json!({"allowedAddresses": ["192.0.2.1"]}));
    let refused = "409 would-lock-out: /allowedAddresses would-lock-out";
    let rows = [
        row("by accident", elsewhere(), refused),
        row("dry run", elsewhere().query("dryRun=true"), refused),
        row(
            "explicitly not",
            elsewhere().query("allowLockout=false"),
            refused,
        ),
        row(
            "TRUE",
            elsewhere().query("allowLockout=TRUE"),
            "400 invalid-parameter",
        ),
        row("insisting", elsewhere().query("allowLockout=true"), "200"),
        row(
            "and then",
            service.ask("GET", "/api/v1/users/current").by(&own.secret),
            "403 address-not-allowed",
        ),
    ];
    service.check(rows).await;
}

#[tokio::test]
async fn what_has_expired_stays_expired() {
    let service = Service::start().await;
    let old = service.token().await;
    service.clock().set(at("2027-06-01T12:00:00Z"));
    let to = |fields| service.edit_of(&old, fields);
    let narrowed = json!({"permissions": ["api.tasks.read"], "name": "old one"});
    let refused = |field: &str| format!("409 token-not-revivable: {field} token-not-revivable");
    let prolonged = json!({"expiry": "2028-01-01T00:00:00Z"});
    let stronger = json!({"permissions": ["api.tasks.read", "api.tasks.write"]});
    let rows = [
        row("prolonged", to(prolonged), refused("/expiry")),
        row("stronger", to(stronger), refused("/permissions/1")),
        row(
            "its own past expiry",
            to(json!({"expiry": "2027-06-01T12:00:00Z"})),
            "200",
        ),
        row("narrowed", to(narrowed.clone()), narrowed),
    ];
    service.check(rows).await;
}
