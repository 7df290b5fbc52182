//! Rotation of a token's secret: the new one is shown once, the old one may work on for a while.

use axum::{
    extract::{RawQuery, Request, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use countersign_domain::{Operation as _, Overlap, RotateTokens, Version};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    super::{Answer, answer},
    precondition, token_id,
};
use crate::{
    body::{self, Fields},
    caller::Caller,
    detached::run_detached,
    etag::{Condition, etag},
    params::{Id, Params},
    problem::{FieldError, Problem},
    responses::{IssuedTokenRecord, Sent},
    state::ApiState,
};

/// A rotation of an API token's secret.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
#[schema(as = TokenRotation, example = json!({"overlapSeconds": 86_400, "version": 1}))]
pub(crate) struct RotationBody {
    /// The version that the secret is replaced for. It is required unless `If-Match` names it by an
    /// entity tag; if both do, they must agree.
    #[schema(required = false, minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    version: i64,
    /// The number of seconds for which the replaced secret works on, at most until the token
    /// expires; 0 by default.
    #[schema(required = false, minimum = 0, maximum = 604_800)]
    overlap_seconds: u32,
}

/// Give an API token a new secret
///
/// Only this answer ever shows it. The secret that it replaces works until the overlap ends or the
/// token expires, whichever is first; secrets that were replaced earlier end at once, so at most
/// two work at any time. Id, user, expiry and permissions stay. To rotate another token, the caller
/// needs all of its permissions; an expired token gets no new secret. A token that holds
/// `api.api-tokens.rotate-self` may rotate itself without `api.api-tokens.write`.
///
/// The rotation is for one version, which the body or `If-Match` names. It takes no
/// `Idempotency-Key`: a repeated request names a version that is no longer stored, so it makes no
/// further secret. If the answer was lost, read the record, and rotate its version.
#[utoipa::path(
    post, path = "/api-tokens/{id}/rotate", operation_id = "rotateToken", tag = "tokens",
    params(
        ("id" = String, Path, format = "uuid", description = "The token's id"),
        ("dryRun" = Option<bool>, Query, description = "Decide all, store nothing"),
        ("cut" = Option<String>, Query, pattern = "^now$",
            description = "`now`: all older secrets end at once. It cannot stand beside an overlap of more than 0"),
        ("If-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#,
            description = "Entity tags of the version that is to be rotated, instead of `version` in the body; `*` names none"),
    ),
    request_body = RotationBody,
    responses(
        (status = 200, body = IssuedTokenRecord, headers(("ETag" = String, description = "The version as an entity tag"))),
        (status = 204, description = "A dry run: the token would get a new secret"),
        (status = 400), (status = 404), (status = 408), (status = 409), (status = 412), (status = 413), (status = 415),
    ),
    extensions(("x-required-permission" = json!(RotateTokens::PERMISSION))),
)]
pub(in crate::routes) async fn rotate(
    State(app): State<ApiState>,
    caller: Caller<RotateTokens>,
    id: Id,
    RawQuery(query): RawQuery,
    request: Request,
) -> Answer {
    caller.may_change(id.parse())?;
    let mut params = Params::of(query.as_deref());
    let dry_run = params.flag("dryRun");
    let cut = params.single("cut", "now", |text| (text == "now").then_some(()));
    params.finish()?;
    let id = token_id(&id)?;
    let (head, body) = request.into_parts();
    let condition = precondition::precondition(&head.headers)?;
    let body = body::read(&head.headers, body).await?;
    let (version, overlap) = rotation(&body, condition.as_ref())?;
    if cut.is_some() && overlap != Overlap::NONE {
        return Err(contradicting());
    }

    let by_precondition = condition.is_some();
    let expected = precondition::expected(&app, &caller, id, version, condition).await?;
    let (tokens, by, request) = (app.tokens.clone(), caller.by.clone(), caller.exchange.id);
    let spans = caller.exchange.spans;
    let of = (id, expected);
    let refused = |failure| Problem::of_failure::<RotateTokens>(failure, by_precondition);
    if dry_run {
        let tried = async move { tokens.rotate_dry_run(&by, request, of, overlap).await };
        run_detached(spans, tried).await.map_err(refused)?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let made = run_detached(spans, async move {
        tokens.rotate(&by, request, of, overlap).await
    })
    .await
    .map_err(refused)?;
    let tag = (header::ETAG, etag(made.view.token.version));
    let record = IssuedTokenRecord::new(caller.by.actor(), made, Sent::Nothing);
    answer(StatusCode::OK, [tag], &record)
}

fn rotation(
    body: &[u8],
    condition: Option<&Condition>,
) -> Result<(Option<Version>, Overlap), Problem> {
    let mut fields = Fields::of(body)?;
    let version = precondition::version(&mut fields, condition);
    let overlap = fields.optional("overlapSeconds", body::overlap);
    fields.finish()?;
    Ok((version, overlap.unwrap_or_default()))
}

fn contradicting() -> Problem {
    let detail = "cut=now ends the old secrets at once, and the overlap lets one go on";
    Problem::invalid_parameters(vec![
        FieldError::in_parameter("cut", "contradicting-overlap", detail),
        FieldError::at("/overlapSeconds", "contradicting-overlap", detail),
    ])
}
