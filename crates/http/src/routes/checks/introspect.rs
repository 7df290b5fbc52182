//! Token introspection (RFC 7662) for OAuth's resource servers.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use countersign_domain::{
    Metadata, Operation as _, Owner, PermissionSet, ReadTokens, Timestamp, TokenId, UserId,
};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    super::{Answer, answer},
    Question, judge,
    metadata::issuer,
};
use crate::{
    client::OAuthCaller,
    problem::{Code, Problem},
    state::ApiState,
};

/// A token to be introspected.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a form that is read field by field")]
#[schema(as = IntrospectionRequest)]
pub(crate) struct IntrospectionForm {
    /// The secret.
    token: String,
    /// Ignored: there is one type of token.
    #[schema(required = false)]
    token_type_hint: String,
    /// The caller's own API token, unless a header has it.
    #[schema(required = false)]
    client_secret: String,
    /// The address that the token was presented from. If it is left out, the address is unknown,
    /// and a token with a list of addresses is not active.
    #[schema(required = false)]
    address: String,
}

/// The answer of RFC 7662, section 2.2. For a token that is not active it says nothing else.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Introspection<'a> {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token_type: Option<&'static str>,
    /// The permissions, with blanks between the names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scope: Option<String>,
    /// The token's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "uuid")]
    client_id: Option<TokenId>,
    /// The id of the user that the token acts as.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "uuid")]
    sub: Option<UserId>,
    /// That user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    username: Option<&'a str>,
    /// The instant at which the secret stops working, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exp: Option<i64>,
    /// The instant of the token's creation, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iat: Option<i64>,
    /// The `issuer` of the metadata, if the service knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    iss: Option<String>,
    /// The permissions once more, as a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>, required = false)]
    permissions: Option<&'a PermissionSet>,
    /// The token's owner, in the deployment's own words; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    owner: Option<&'a Owner>,
    /// The deployment's own pairs of text; absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = BTreeMap<String, String>, required = false)]
    metadata: Option<&'a Metadata>,
}

/// Introspect a token
///
/// RFC 7662. The caller sends its own API token as Bearer, as the password of HTTP Basic, or as
/// `client_secret`. A token that is bound to addresses is active only if the caller sends the
/// address that it was presented from, in `address`.
#[utoipa::path(
    post, path = "/oauth2/introspect", operation_id = "introspectToken", tag = "checks",
    security(("bearer" = []), ("basic" = [])),
    request_body(content = IntrospectionForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Introspection), (status = 400), (status = 408), (status = 413), (status = 415)),
    extensions(("x-required-permission" = json!(ReadTokens::PERMISSION))),
)]
pub(in crate::routes) async fn introspect(
    State(app): State<ApiState>,
    headers: HeaderMap,
    OAuthCaller { caller, form }: OAuthCaller<ReadTokens>,
) -> Answer {
    let mut params = form.params();
    let token = params.required("token").map(Zeroizing::new);
    let address = params.single("address", "an IPv4 or IPv6 address", |text| {
        text.parse().ok()
    });
    params.finish_form()?;
    let question = Question {
        token: &token.unwrap_or_default(),
        address,
        permissions: &[],
    };
    let verdict = judge(&app, &caller, &question).await?;
    // "Not active" would make the token's holder discard it.
    if verdict.code == Code::TokenUnreadable.slug() {
        return Err(Problem::token_unreadable());
    }
    let known = verdict.known.filter(|_| verdict.code == "ok");
    let Some(credential) = known.as_ref().map(|known| &*known.credential) else {
        return answer(StatusCode::OK, [], &Introspection::default());
    };
    let end = credential
        .valid_until
        .unwrap_or(credential.expiry)
        .min(credential.expiry);
    let introspection = Introspection {
        active: true,
        token_type: Some("Bearer"),
        scope: Some(credential.permissions.to_string()),
        client_id: Some(credential.token),
        sub: Some(credential.user),
        username: Some(&credential.user_name),
        exp: Some(seconds(end)),
        iat: Some(seconds(credential.created)),
        iss: issuer(&app, &headers).ok(),
        permissions: Some(&credential.permissions),
        owner: credential.owner.as_ref(),
        metadata: credential.metadata.filled(),
    };
    answer(StatusCode::OK, [], &introspection)
}

/// Whole seconds since 1970, as a `NumericDate` (RFC 7519, section 2); a part of a second is
/// dropped.
fn seconds(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}
