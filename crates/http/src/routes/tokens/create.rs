//! Creation of a token.

use std::collections::BTreeMap;

use axum::{
    extract::{RawQuery, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
};
use countersign_domain::{
    Fingerprint, IdempotencyKey, IdempotentRequest, NewToken, Operation as _, WriteTokens,
    may_hold_secret,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::{Answer, answer};
use crate::{
    body::{self, Fields},
    caller::Caller,
    detached::run_detached,
    etag::etag,
    params::Params,
    problem::{FieldError, Problem},
    responses::{IssuedTokenRecord, MetadataBody, Sent},
    state::ApiState,
};

/// An API token to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes a body that is read field by field")]
#[schema(as = TokenDraft, example = json!({
    "allowedAddresses": ["192.0.2.0/24"],
    "expiry": "2027-06-30T00:00:00Z",
    "name": "Nightly export",
    "permissions": ["api.tasks.read"],
}))]
pub(crate) struct DraftBody {
    /// 1 to 128 characters, after normalisation and without blanks at its ends; unique in the
    /// tenant.
    #[schema(min_length = 1)]
    name: String,
    /// In the future, and within the longest lifetime.
    #[schema(format = DateTime)]
    expiry: String,
    /// Names from the catalog that the caller holds itself; duplicates count once.
    #[schema(min_items = 1)]
    permissions: Vec<String>,
    /// IPv4 or IPv6 addresses or networks, at most 100 different ones; left out or empty = any
    /// address. It cannot be null, so that a list that was lost by mistake does not open the token
    /// to every address.
    #[schema(required = false)]
    allowed_addresses: Vec<String>,
    /// The deployment's own id of the customer, team, person or service that the token belongs to: up
    /// to 128 characters, after normalisation and without blanks at its ends; left out or empty = none. The
    /// service never interprets it.
    #[schema(required = false)]
    owner: String,
    /// For people: up to 500 characters, and line breaks; left out or empty = none.
    #[schema(required = false)]
    description: String,
    /// The deployment's own pairs of text; left out or empty = none. At most 32, with values of up to 256
    /// characters, and 4 KiB in all.
    #[schema(required = false, value_type = MetadataBody)]
    metadata: BTreeMap<String, String>,
}

/// Create an API token
///
/// Only this answer ever shows the secret. Under an `Idempotency-Key` a repeated request within 24
/// hours creates no second token. `dryRun=true` tries the creation; it is refused for the same
/// reasons.
#[utoipa::path(
    post, path = "/api-tokens", operation_id = "createToken", tag = "tokens",
    params(
        ("dryRun" = Option<bool>, Query, description = "Decide all, store nothing, and leave the key unused"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
            description = "The client's own name for this request"),
    ),
    request_body = DraftBody,
    responses(
        (status = 201, body = IssuedTokenRecord, headers(
            ("Location" = String, description = "The record's path"),
            ("ETag" = String, description = "The version as an entity tag"))),
        (status = 204, description = "A dry run: the token would be made"),
        (status = 400), (status = 408),
        (status = 409, headers(("Location" = String,
            description = "`already-created`, and `name-taken` if the caller may read: the path of the record"))),
        (status = 413), (status = 415), (status = 422),
    ),
    extensions(("x-required-permission" = json!(WriteTokens::PERMISSION))),
)]
pub(in crate::routes) async fn create(
    State(app): State<ApiState>,
    caller: Caller<WriteTokens>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Answer {
    let mut params = Params::of(query.as_deref());
    let dry_run = params.flag("dryRun");
    params.finish()?;
    let (head, body) = request.into_parts();
    let key = idempotency_key(&head.headers)?;
    let largest = body::largest_record(app.tokens.policy().catalog.permissions());
    let body = body::read_record(&head.headers, body, largest).await?;
    let draft = draft(&body)?;
    let once = key.map(|key| IdempotentRequest {
        key,
        fingerprint: Fingerprint::of(&body),
    });
    let (tokens, by, id) = (app.tokens.clone(), caller.by.clone(), caller.exchange.id);
    let spans = caller.exchange.spans;
    let refused = |failure| Problem::of_failure::<WriteTokens>(failure, false);
    if dry_run {
        let tried = async move { tokens.create_dry_run(by, id, &draft, once).await };
        run_detached(spans, tried).await.map_err(refused)?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let made = run_detached(
        spans,
        async move { tokens.create(by, id, &draft, once).await },
    )
    .await
    .map_err(refused)?;
    let token = &made.view.token;
    let headers = [
        (header::LOCATION, format!("/api/v1/api-tokens/{}", token.id)),
        (header::ETAG, etag(token.version)),
    ];
    let record = IssuedTokenRecord::new(caller.by.actor(), made, Sent::ALL);
    answer(StatusCode::CREATED, headers, &record)
}

fn draft(body: &[u8]) -> Result<NewToken, Problem> {
    let mut fields = Fields::of(body)?;
    let name = fields.required("name", body::text);
    let expiry = fields.required("expiry", body::instant);
    let permissions = fields.required("permissions", body::texts);
    let allowed_addresses = fields.optional("allowedAddresses", body::texts);
    let annotations = body::annotations(&mut fields);
    fields.finish()?;
    let draft = name
        .zip(expiry)
        .zip(permissions)
        .map(|((name, expiry), permissions)| NewToken {
            name,
            expiry,
            allowed_addresses: allowed_addresses.unwrap_or_default(),
            permissions,
            annotations,
        });
    // A missing value was recorded as a fault above.
    draft.ok_or_else(Problem::internal)
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        // The key is stored in clear text, and so would be a secret that was sent in it by mistake.
        (Some(value), None) => {
            let text = value.to_str().ok().filter(|text| !may_hold_secret(text));
            text.and_then(|text| text.parse().ok())
        }
        (Some(_), Some(_)) => None,
    };
    value.map(Some).ok_or_else(|| {
        let detail = "one value of 1 to 255 visible ASCII characters that is no token is expected";
        Problem::invalid_parameters(vec![FieldError::in_parameter(
            "Idempotency-Key",
            "invalid-value",
            detail,
        )])
    })
}
