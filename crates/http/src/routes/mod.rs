//! The routes. Each handler is declared once: the router serves and the OpenAPI document describes
//! the same declarations.

mod checks;
mod docs;
pub(crate) mod health;
mod history;
mod metrics;
mod pages;
mod permissions;
mod tokens;
mod users;

use axum::{
    Router,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{any, post},
};
pub(crate) use checks::{forward_auth::auth, verify::verify};

pub use metrics::metrics_router;
use serde::Serialize;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{openapi, problem::Problem, request_context, state::ApiState};

/// The path of the endpoint for verification.
pub(crate) const VERIFY: &str = "/api/v1/api-tokens/verify";

/// The router of all handlers, except the two that [`ApiService`](crate::ApiService) calls
/// directly.
///
/// The client's address is read from `ConnectInfo<SocketAddr>`, which [`serve`](crate::serve)
/// provides; without it the address is unknown, and tokens with a list of addresses are refused.
pub(crate) fn router(app: ApiState) -> Router {
    let (api, document) = described();
    let mut document = openapi::published(openapi::finished(document));
    openapi::allow(app.gate.token_headers(), &mut document);
    api.route("/auth", any(checks::forward_auth::auth))
        // With the path of the original request appended, which may be the root.
        .route("/auth/", any(checks::forward_auth::auth))
        .route("/auth/{*original}", any(checks::forward_auth::auth))
        .merge(docs::routes(&document))
        .merge(pages::routes())
        .with_state(app.clone())
        .layer(middleware::from_fn_with_state(app, request_context::frame))
}

/// The operations, with their documentation.
pub(crate) fn described() -> (Router<ApiState>, OpenApi) {
    let api = OpenApiRouter::<ApiState>::default()
        .routes(routes!(tokens::create::create, tokens::list::list))
        .routes(routes!(tokens::current::current, tokens::current::end))
        .routes(routes!(tokens::query::query))
        .routes(routes!(
            tokens::read::read,
            tokens::update::update,
            tokens::revoke::revoke
        ))
        .routes(routes!(tokens::rotate::rotate))
        .routes(routes!(tokens::retire::retire))
        .routes(routes!(tokens::events::events))
        .routes(routes!(history::history))
        .routes(routes!(checks::verify::verify))
        .routes(routes!(checks::verify::batch))
        .routes(routes!(checks::changes::changes))
        .routes(routes!(permissions::permissions))
        .routes(routes!(users::current))
        .routes(routes!(users::read));
    OpenApiRouter::with_openapi(openapi::base())
        .nest("/api/v1", api)
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(checks::forward_auth::auth))
        .routes(routes!(checks::introspect::introspect))
        .routes(routes!(checks::revocation::revoke))
        // It is not in the document, so that no client is generated for an operation that refuses
        // every request.
        .route("/oauth2/token", post(checks::token::token))
        .routes(routes!(checks::metadata::metadata))
        .routes(routes!(checks::token_format::token_format))
        .routes(routes!(metrics::numbers))
        .split_for_parts()
}

/// The result of every handler.
type Answer = Result<Response, Problem>;

/// A record as JSON, with headers.
fn answer(
    status: StatusCode,
    headers: impl IntoIterator<Item = (HeaderName, String)>,
    record: &impl Serialize,
) -> Answer {
    let body = serde_json::to_vec(record).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        Problem::internal()
    })?;
    let mut response = (status, body).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    for (name, value) in headers {
        // Ids, versions and numbers are always valid header values.
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// A page for a person; it loads and runs nothing.
fn page(html: String) -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_TYPE, request_context::HTML),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, html).into_response()
}
