//! Token revocation (RFC 7009), for OAuth clients that are done with a token.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use countersign_application::UseCaseError;
use countersign_domain::{Actor, Authorized, Denied, EndTokens};
use countersign_gate::{CheckError, FoundCredential};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::super::Answer;
use crate::{
    caller::Caller, client::OAuthCaller, detached::run_detached, problem::Problem, state::ApiState,
};

/// A token to be revoked.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a form that is read field by field")]
#[schema(as = RevocationRequest)]
pub(crate) struct RevocationForm {
    /// The secret: any that works.
    token: String,
    /// Ignored: there is one type of token.
    #[schema(required = false)]
    token_type_hint: String,
    /// The caller's own API token, unless a header has it.
    #[schema(required = false)]
    client_secret: String,
}

/// Revoke a token by its secret
///
/// RFC 7009. The newest secret ends its token with all secrets; a secret that a rotation replaced
/// ends alone, and the token works on. An unknown secret, or one of another tenant, gets the same
/// answer, because the caller cannot tell it from one that has ended. The caller sends its own API
/// token as Bearer, as the password of HTTP Basic, or as `client_secret`. Anybody who has a working
/// secret can end it; the secret of an expired token can be ended by callers with
/// `api.api-tokens.delete`.
#[utoipa::path(
    post, path = "/oauth2/revoke", operation_id = "revokeTokenBySecret", tag = "checks",
    security(("bearer" = []), ("basic" = [])),
    request_body(content = RevocationForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is ended, or was never good"), (status = 400), (status = 408),
        (status = 409), (status = 413), (status = 415),
    ),
)]
pub(in crate::routes) async fn revoke(
    State(app): State<ApiState>,
    OAuthCaller { caller, form }: OAuthCaller<EndTokens>,
) -> Answer {
    let mut params = form.params();
    let token = params
        .required("token")
        .map(Zeroizing::new)
        .unwrap_or_default();
    params.finish_form()?;
    let known = match app.gate.look_up(&token).await {
        Ok(known) => known,
        Err(unavailable @ CheckError::Unavailable(_)) => return Err(unavailable.into()),
        Err(_) => return Ok(StatusCode::OK.into_response()),
    };
    if known.credential.tenant != caller.actor().tenant {
        return Ok(StatusCode::OK.into_response());
    }
    let (id, digest) = (known.credential.token, known.digest);
    let Some(by) = ending(&app, &caller, &known)? else {
        return Ok(StatusCode::OK.into_response());
    };
    let (tokens, request) = (app.tokens.clone(), caller.exchange.id);
    let ended = run_detached(caller.exchange.spans, async move {
        tokens.end_secret(&by, request, id, &digest).await
    });
    match ended.await {
        Ok(()) | Err(UseCaseError::TokenNotFound | UseCaseError::SecretNotFound) => {
            Ok(StatusCode::OK.into_response())
        }
        Err(failure) => Err(Problem::of_failure::<EndTokens>(failure, false)),
    }
}

/// The actor that ends the secret: the caller. If it may not revoke tokens, the secret has to work
/// from the caller's address, as if the caller had sent it as its credential. `None` if the secret
/// has already ended.
fn ending(
    app: &ApiState,
    caller: &Caller<EndTokens>,
    known: &FoundCredential,
) -> Result<Option<Authorized<EndTokens>>, Problem> {
    if caller.by.on_any().is_ok() {
        return Ok(Some(caller.by.clone()));
    }
    match app.gate.admit(known, caller.exchange.address, None) {
        Ok(grant) => {
            let holder = Actor {
                possession: Some(grant.credential.token),
                ..caller.actor().clone()
            };
            Ok(Some(holder.authorize()?))
        }
        Err(Denied::Retired | Denied::Expired(_)) => Ok(None),
        Err(denied) => Err(CheckError::from(denied).into()),
    }
}
