//! Update of a token.

use std::collections::BTreeMap;

use axum::{
    body::HttpBody as _,
    extract::{RawQuery, Request, State},
    http::{StatusCode, header},
};
use countersign_domain::{Operation as _, TokenId, TokenUpdate, Version, WriteTokens};
use serde::Deserialize;
use serde_json::Value;
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
    problem::Problem,
    responses::{MetadataBody, Sent, UpdatedToken},
    state::ApiState,
};

/// Read-only fields of a record. They are accepted and ignored, so that a record that was read can
/// be sent back.
const READ_ONLY: &[&str] = &[
    "id",
    "creationDate",
    "lastModifiedDate",
    "createdUserInfo",
    "lastModifiedUserInfo",
    "userId",
    "partialToken",
    "lastUsedDate",
    "lastUsedAddress",
    "secrets",
    "token",
    "changedFields",
];

/// An update of an API token. A field that is left out keeps its value. Read-only fields of the
/// record may be present and are ignored, so that a record that was read can be changed and sent
/// back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
#[schema(as = TokenEdit, example = json!({"name": "Nightly export", "permissions": ["api.tasks.read"], "version": 1}))]
pub(crate) struct EditBody {
    /// The version that the update is made for. It is required unless `If-Match` names it by an
    /// entity tag; if both do, they must agree.
    #[schema(required = false, minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    version: i64,
    /// 1 to 128 characters, after normalisation and without blanks at its ends; unique in the
    /// tenant.
    #[schema(min_length = 1)]
    name: String,
    /// In the future, and within the longest lifetime, counted from the creation.
    #[schema(required = false, format = DateTime)]
    expiry: String,
    /// IPv4 or IPv6 addresses or networks, at most 100 different ones; an empty list = any address.
    #[schema(required = false)]
    allowed_addresses: Vec<String>,
    /// Names from the catalog; the caller has to hold those that are added; duplicates count once.
    #[schema(required = false, min_items = 1)]
    permissions: Vec<String>,
    /// The deployment's own id of the customer, team, person or service that the token belongs to: up
    /// to 128 characters, after normalisation and without blanks at its ends; empty = none. The
    /// service never interprets it.
    #[schema(required = false)]
    owner: String,
    /// For people: up to 500 characters, and line breaks; empty = none.
    #[schema(required = false)]
    description: String,
    /// The deployment's own pairs of text; empty = none. At most 32, with values of up to 256
    /// characters, and 4 KiB in all.
    #[schema(required = false, value_type = MetadataBody)]
    metadata: BTreeMap<String, String>,
    /// Ignored.
    #[schema(required = false)]
    id: Value,
    /// Ignored.
    #[schema(required = false)]
    creation_date: Value,
    /// Ignored.
    #[schema(required = false)]
    last_modified_date: Value,
    /// Ignored.
    #[schema(required = false)]
    created_user_info: Value,
    /// Ignored.
    #[schema(required = false)]
    last_modified_user_info: Value,
    /// Ignored.
    #[schema(required = false)]
    user_id: Value,
    /// Ignored.
    #[schema(required = false)]
    partial_token: Value,
    /// Ignored.
    #[schema(required = false)]
    last_used_date: Value,
    /// Ignored.
    #[schema(required = false)]
    last_used_address: Value,
    /// Ignored.
    #[schema(required = false)]
    secrets: Value,
    /// Ignored.
    #[schema(required = false)]
    token: Value,
    /// Ignored.
    #[schema(required = false)]
    changed_fields: Value,
}

/// Change an API token
///
/// The update is for one version, which the body or `If-Match` names. `dryRun=true` tries the
/// update: it is judged like any other, and answered with the record as it would become and the
/// fields that would differ, but it is not stored.
///
/// A caller without `api.api-tokens.read` gets back what it sent, and the names of the changed
/// fields.
#[utoipa::path(
    put, path = "/api-tokens/{id}", operation_id = "updateToken", tag = "tokens",
    params(
        ("id" = String, Path, format = "uuid", description = "The token's id"),
        ("dryRun" = Option<bool>, Query, description = "Decide all, store nothing"),
        ("allowLockout" = Option<bool>, Query, description = "Let the caller lock its own address out"),
        ("If-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#,
            description = "Entity tags of the version that is to be changed, instead of `version` in the body; `*` names none"),
    ),
    request_body = EditBody,
    responses(
        (status = 200, body = UpdatedToken, headers(
            ("ETag" = String, description = "The version as an entity tag; not after a dry run"))),
        (status = 400), (status = 404), (status = 408),
        (status = 409, headers(("Location" = String,
            description = "`name-taken` if the caller may read: the path of the token that has the name"))),
        (status = 412), (status = 413),
        (status = 415), (status = 422),
    ),
    extensions(("x-required-permission" = json!(WriteTokens::PERMISSION))),
)]
pub(in crate::routes) async fn update(
    State(app): State<ApiState>,
    caller: Caller<WriteTokens>,
    id: Id,
    RawQuery(query): RawQuery,
    request: Request,
) -> Answer {
    let mut params = Params::of(query.as_deref());
    let (dry_run, allow_lockout) = (params.flag("dryRun"), params.flag("allowLockout"));
    params.finish()?;
    let id = token_id(&id)?;
    let (head, body) = request.into_parts();
    let condition = precondition::precondition(&head.headers)?;
    let largest = largest(&app, &caller, id, body.size_hint().upper()).await?;
    let body = body::read_record(&head.headers, body, largest).await?;
    let (version, edit) = edit(&body, condition.as_ref(), allow_lockout)?;

    let by_precondition = condition.is_some();
    let expected = precondition::expected(&app, &caller, id, version, condition).await?;
    let (tokens, by, request) = (app.tokens.clone(), caller.by.clone(), caller.exchange.id);
    let spans = caller.exchange.spans;
    let (of, sent) = ((id, expected), Sent::by(&edit));
    let updated = run_detached(spans, async move {
        tokens.update(by, request, of, &edit, dry_run).await
    })
    .await
    .map_err(|failure| Problem::of_failure::<WriteTokens>(failure, by_precondition))?;
    let tag = (header::ETAG, etag(updated.view.token.version));
    let record = UpdatedToken::new(caller.by.actor(), updated, sent, dry_run);
    if dry_run {
        return answer(StatusCode::OK, [], &record);
    }
    answer(StatusCode::OK, [tag], &record)
}

/// The maximum size of the body. A body that is longer than the catalog explains may name
/// permissions that have left the catalog and that the stored record still has.
async fn largest(
    app: &ApiState,
    caller: &Caller<WriteTokens>,
    id: TokenId,
    declared: Option<u64>,
) -> Result<usize, Problem> {
    let largest = body::largest_record(app.tokens.policy().catalog.permissions());
    if declared.is_some_and(|declared| declared <= largest as u64) {
        return Ok(largest);
    }
    let held = app.tokens.permissions_of(&caller.by, id).await?;
    Ok(largest.max(body::largest_record(&held)))
}

fn edit(
    body: &[u8],
    condition: Option<&Condition>,
    allow_lockout: bool,
) -> Result<(Option<Version>, TokenUpdate), Problem> {
    let mut fields = Fields::of(body)?;
    fields.ignore(READ_ONLY);
    let version = precondition::version(&mut fields, condition);
    let name = fields.required("name", body::text);
    let expiry = fields.optional("expiry", body::instant);
    let allowed_addresses = fields.optional("allowedAddresses", body::texts);
    let permissions = fields.optional("permissions", body::texts);
    let annotations = body::annotations(&mut fields);
    fields.finish()?;
    // A missing value was recorded as a fault above.
    let name = name.ok_or_else(Problem::internal)?;
    let edit = TokenUpdate {
        name,
        expiry,
        allowed_addresses,
        permissions,
        annotations,
        allow_lockout,
    };
    Ok((version, edit))
}
