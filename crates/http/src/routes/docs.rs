//! The OpenAPI document, and a page to browse it. All of the page's assets are in the binary: it
//! loads nothing from elsewhere, and its policy lets it load nothing from elsewhere.

use std::sync::Arc;

use axum::{
    Router,
    extract::Path,
    http::{HeaderName, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use crate::{problem::Problem, state::ApiState};

/// The page's library sets styles on elements and embeds its icons as `data:` URLs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn routes(document: &OpenApi) -> Router<ApiState> {
    let text: Arc<str> = crate::openapi::text(document).into();
    let config = Arc::new(Config::from("/api/openapi.json").validator_url("none"));
    let assets = config.clone();
    Router::new()
        .route(
            "/api/openapi.json",
            get(async move || {
                let json = [(header::CONTENT_TYPE, "application/json")];
                (json, text.to_string())
            }),
        )
        .route("/api/docs", get(async || Redirect::permanent("/api/docs/")))
        .route("/api/docs/", get(async move || asset("", config)))
        .route(
            "/api/docs/{*file}",
            get(async move |file: Option<Path<String>>| {
                let name = file.map_or_else(|| "/".to_owned(), |Path(name)| name);
                asset(&name, assets)
            }),
        )
}

fn asset(name: &str, config: Arc<Config<'static>>) -> Result<Response, Problem> {
    match utoipa_swagger_ui::serve(name, config) {
        Ok(Some(file)) => {
            let headers: [(HeaderName, &str); 2] = [
                (header::CONTENT_TYPE, &file.content_type),
                (header::CONTENT_SECURITY_POLICY, POLICY),
            ];
            Ok((headers, file.bytes.into_owned()).into_response())
        }
        Ok(None) => Err(Problem::of_status(axum::http::StatusCode::NOT_FOUND)),
        Err(error) => {
            tracing::error!(%error, "an asset of the documentation page cannot be served");
            Err(Problem::internal())
        }
    }
}
