//! Tests of each reason with the answer that the problem pages promise.

use countersign_domain::standard::TASKS_READ;

use super::*;
use crate::{SourceError, samples};

/// Status, code, and the text of `WWW-Authenticate` after the realm.
fn told(rejected: impl Into<CheckError>) -> (u16, &'static str, Option<String>) {
    let refusal = ProblemResponse::from(&rejected.into());
    let headers = refusal.headers();
    let challenge = headers
        .get(header::WWW_AUTHENTICATE)
        .map(|value| value.to_str().unwrap().strip_prefix(CHALLENGE).unwrap());
    let document: serde_json::Value = serde_json::from_slice(&refusal.body()).unwrap();
    assert_eq!(document["type"], format!("/problems/{}", refusal.code));
    assert_eq!(document["status"], refusal.status.as_u16());
    assert_eq!(document["title"], refusal.title);
    assert_eq!(document["detail"], &*refusal.detail);
    (
        refusal.status.as_u16(),
        refusal.code,
        challenge.map(str::to_owned),
    )
}

#[test]
fn each_reason_has_its_answer() {
    let error = |text: &str| Some(text.to_owned());
    assert_eq!(
        told(CheckError::Missing),
        (401, "missing-credential", error(""))
    );
    assert_eq!(told(CheckError::Several), (400, "invalid-parameter", None));
    let invalid = (
        401,
        "invalid-token",
        error(r#", error="invalid_token", error_description="The API token is not valid.""#),
    );
    assert_eq!(told(CheckError::Invalid), invalid);
    assert_eq!(told(CheckError::Denied(Denied::Retired)), invalid);
    assert_eq!(told(Denied::Retired), invalid);
    assert_eq!(
        told(Denied::Expired(samples::begin())),
        (
            401,
            "token-expired",
            error(
                r#", error="invalid_token", error_description="The API token expired at 2026-06-01T00:00:00Z.""#
            ),
        )
    );
    assert_eq!(
        told(Denied::AddressNotAllowed),
        (403, "address-not-allowed", None)
    );
    assert_eq!(
        told(Denied::MissingPermission(TASKS_READ)),
        (
            403,
            "insufficient-scope",
            error(
                r#", error="insufficient_scope", error_description="The API token lacks api.tasks.read.", scope="api.tasks.read""#
            ),
        )
    );
    let away = CheckError::from(SourceError::away("gone"));
    assert_eq!(
        ProblemResponse::from(&away).headers()[header::RETRY_AFTER],
        "1"
    );
    assert_eq!(told(away), (503, "store-unavailable", None));
}
