//! The door for OAuth's clients that are done with a token: revocation (RFC 7009).

use axum::{
    extract::{RawQuery, Request, State},
    http::StatusCode,
    response::IntoResponse,
};
use countersign_application::Failure;
use countersign_gate::Rejected;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::super::Answer;
use crate::{
    body,
    caller::{Caller, Client, DeleteTokens},
    params::Params,
    problem::Problem,
    services::App,
    whole::to_its_end,
};

/// A token to be revoked.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a form that is read field by field")]
#[schema(as = RevocationRequest)]
pub(crate) struct RevocationForm {
    /// The secret: any that works.
    token: String,
    /// Not looked at: there is one type of token.
    #[schema(required = false)]
    token_type_hint: String,
}

/// Revoke a token by its secret
///
/// RFC 7009. The token ends with all its secrets. One that is not known, or not of the caller's tenant, is gone already
/// as far as the caller can tell, which is answered the same. The caller sends its own API token as Bearer, or as the
/// password of HTTP Basic.
#[utoipa::path(
    post, path = "/oauth2/revoke", operation_id = "revokeTokenBySecret", tag = "checks",
    security(("bearer" = []), ("basic" = [])),
    request_body(content = RevocationForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is revoked, or was never good"), (status = 400), (status = 408),
        (status = 409), (status = 413), (status = 415),
    ),
    extensions(("x-required-permission" = json!("api.api-tokens.delete"))),
)]
pub(in crate::routes) async fn revoke(
    State(app): State<App>,
    Client(caller): Client<DeleteTokens>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Answer {
    let revoked = revoked(&app, caller, query.as_deref(), request).await;
    revoked.map_err(Problem::for_oauth)
}

async fn revoked(
    app: &App,
    caller: Caller<DeleteTokens>,
    query: Option<&str>,
    request: Request,
) -> Answer {
    Params::none(query)?;
    let (head, body) = request.into_parts();
    let form = body::read_form(&head.headers, body).await?;
    let mut params = Params::of(Some(&form));
    let token = params
        .required("token")
        .map(Zeroizing::new)
        .unwrap_or_default();
    params.finish_form()?;
    let known = match app.gate.look_up(&token).await {
        Ok(known) => known,
        Err(unavailable @ Rejected::Unavailable(_)) => return Err(unavailable.into()),
        Err(_) => return Ok(StatusCode::OK.into_response()),
    };
    let retired = known
        .credential
        .retires
        .is_some_and(|end| app.clock.now() >= end);
    if retired || known.credential.tenant != caller.actor.tenant {
        return Ok(StatusCode::OK.into_response());
    }
    let id = known.credential.token;
    let (tokens, actor, request) = (app.tokens.clone(), caller.actor, caller.exchange.id);
    let spans = caller.exchange.spans;
    let revoked = to_its_end(spans, async move {
        tokens.revoke(actor, request, id, None).await
    });
    match revoked.await {
        Ok(()) | Err(Failure::TokenNotFound) => Ok(StatusCode::OK.into_response()),
        Err(failure) => Err(Problem::of_failure::<DeleteTokens>(failure, false)),
    }
}
