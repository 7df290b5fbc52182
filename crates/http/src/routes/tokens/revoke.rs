//! Revocation of a token, alone or with everything that it and its descendants created or rotated.

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use countersign_application::{RevocationTerms, ports::Lineage};
use countersign_domain::{DeleteTokens, Operation as _, ReadTokens, Timestamp};

use super::{
    super::{Answer, answer},
    precondition::{matching, precondition},
    token_id,
};
use crate::{
    body::NoBody,
    caller::Caller,
    detached::run_detached,
    params::{Id, Params},
    problem::Problem,
    responses::RevocationRecord,
    state::ApiState,
};

/// The maximum number of tokens that a dry run lists.
const LISTED: usize = 100;

/// Revoke an API token
///
/// For good, and whichever version is stored, unless `If-Match` names one. The answer is 204
/// without a body. `dryRun=true` revokes nothing: it is refused for the same reasons, or answered
/// with 200 and the record that would be revoked.
///
/// With `descendants=true` the token and everything that it and its descendants created or rotated,
/// at or after `since`, is revoked, even if the token itself was revoked before. The answer is 200
/// with the revoked tokens. `dryRun=true` revokes nothing and answers with the tokens that would be
/// revoked; the call itself has to send their number as `expectedCount`. One call revokes 10,000
/// tokens at most. After `revocation-incomplete` send the call again with a new count.
#[utoipa::path(
    delete, path = "/api-tokens/{id}", operation_id = "revokeToken", tag = "tokens",
    params(
        ("id" = String, Path, format = "uuid", description = "The token's id"),
        ("descendants" = Option<bool>, Query,
            description = "Revoke what it and its descendants created or rotated as well"),
        ("since" = Option<String>, Query, format = DateTime,
            description = "With `descendants`: follow events at or after this instant only; all of them by default"),
        ("dryRun" = Option<bool>, Query, description = "Revoke nothing, and answer with what would be"),
        ("expectedCount" = Option<String>, Query, pattern = "^(any|0|[1-9][0-9]{0,18})$",
            description = "With `descendants`: how many live tokens there have to be, or `any`; needed unless it is a dry run"),
        ("allowLockout" = Option<bool>, Query,
            description = "With `descendants`: revoke the caller too, as the last, if it is one of them"),
        ("If-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#,
            description = "Entity tags of the version that is to be revoked"),
    ),
    responses(
        (status = 200, description = "Revoked with its descendants, or after a dry run", body = RevocationRecord),
        (status = 204, description = "Revoked"), (status = 400), (status = 404), (status = 409), (status = 412),
    ),
    extensions(("x-required-permission" = json!(DeleteTokens::PERMISSION))),
)]
pub(in crate::routes) async fn revoke(
    State(app): State<ApiState>,
    caller: Caller<DeleteTokens>,
    id: Id,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    _: NoBody,
) -> Answer {
    let descent = Descent::of(query.as_deref())?;
    let id = token_id(&id)?;
    let version = match precondition(&headers)? {
        None => None,
        Some(condition) => Some(matching(&app, &caller, id, &condition).await?),
    };
    let reads = caller.actor().may::<ReadTokens>();
    let (tokens, by, request) = (app.tokens.clone(), caller.by, caller.exchange.id);
    let spans = caller.exchange.spans;
    let told = |failure| Problem::of_failure::<DeleteTokens>(failure, version.is_some());
    match descent {
        Descent::Alone { dry_run: true } => {
            let tried = async move { tokens.revoke_dry_run(by, request, id, version).await };
            let found = run_detached(spans, tried).await.map_err(told)?;
            answer(StatusCode::OK, [], &RevocationRecord::dry(found, reads))
        }
        Descent::Alone { dry_run: false } => {
            let revocation = async move { tokens.revoke(by, request, id, version).await };
            run_detached(spans, revocation).await.map_err(told)?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Descent::Whole {
            since,
            terms,
            dry_run,
        } => {
            let lineage = Lineage { token: id, since };
            let terms = RevocationTerms { version, ..terms };
            if dry_run {
                let tried = tokens.revoke_descendants_dry_run(by, request, lineage, terms, LISTED);
                let found = tried.await.map_err(told)?;
                return answer(StatusCode::OK, [], &RevocationRecord::dry(found, reads));
            }
            let revocation =
                async move { tokens.revoke_descendants(by, request, lineage, terms).await };
            let revoked = run_detached(spans, revocation).await.map_err(told)?;
            answer(StatusCode::OK, [], &RevocationRecord::done(revoked, reads))
        }
    }
}

/// What is to be revoked besides the token.
enum Descent {
    /// Nothing else.
    Alone { dry_run: bool },
    /// Its descendants.
    Whole {
        since: Option<Timestamp>,
        terms: RevocationTerms,
        dry_run: bool,
    },
}

impl Descent {
    fn of(query: Option<&str>) -> Result<Self, Problem> {
        let mut params = Params::of(query);
        let (descendants, dry_run) = (params.flag("descendants"), params.flag("dryRun"));
        let allow_lockout = params.flag("allowLockout");
        let instant = "an instant such as 2026-06-01T12:00:00Z";
        let since = params.single("since", instant, |text| text.parse().ok());
        let number = "a whole number, or any,";
        let expected = if descendants && !dry_run {
            params.needed("expectedCount", number, count)
        } else {
            params.single("expectedCount", number, count)
        };
        if !descendants {
            let given = [
                ("since", since.is_some()),
                ("expectedCount", expected.is_some()),
                ("allowLockout", allow_lockout),
            ];
            let given = given.into_iter().filter(|(_, given)| *given);
            given.for_each(|(name, _)| params.depends(name, "descendants=true"));
        } else if dry_run && expected.is_some() {
            params.depends("expectedCount", "dryRun=false");
        }
        params.finish()?;
        if !descendants {
            return Ok(Self::Alone { dry_run });
        }
        Ok(Self::Whole {
            since,
            terms: RevocationTerms {
                version: None,
                count: expected.and_then(ExpectedCount::exact),
                allow_lockout,
            },
            dry_run,
        })
    }
}

/// The number of tokens that the caller expects to revoke.
#[derive(Debug, Clone, Copy)]
enum ExpectedCount {
    Any,
    Exactly(u64),
}

impl ExpectedCount {
    fn exact(self) -> Option<u64> {
        match self {
            Self::Any => None,
            Self::Exactly(count) => Some(count),
        }
    }
}

fn count(text: &str) -> Option<ExpectedCount> {
    if text == "any" {
        return Some(ExpectedCount::Any);
    }
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text
        .parse()
        .ok()
        .filter(|_| plain && (text == "0" || !text.starts_with('0')));
    number.map(ExpectedCount::Exactly)
}
