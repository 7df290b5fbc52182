//! The metrics of the service, for a monitoring system with a token; on a separate listener they
//! need none.

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderMap, header},
    middleware::from_fn,
    response::IntoResponse,
    routing::get,
};
use countersign_domain::{Operation as _, ReadMetrics};

use super::Answer;
use crate::{
    Metrics, body::NoBody, caller::Caller, metrics::Exposition, params::Params, problem::Problem,
    request_context::unlogged, state::ApiState,
};

/// The metrics of the service
///
/// They are `OpenMetrics` text, or in the Prometheus text format 0.0.4 if `Accept` prefers
/// `text/plain`. They cover all tenants, and name none. Only tokens of the default tenant can hold
/// the permission.
#[utoipa::path(
    get, path = "/metrics", operation_id = "metrics", tag = "health",
    responses((
        status = 200,
        content(
            (String = "application/openmetrics-text"),
            (String = "text/plain"),
        ),
    ), (status = 400), (status = 404)),
    extensions(("x-required-permission" = json!(ReadMetrics::PERMISSION))),
)]
pub(in crate::routes) async fn numbers(
    State(app): State<ApiState>,
    _: Caller<ReadMetrics>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    _: NoBody,
) -> Answer {
    Params::none(query.as_deref())?;
    if app.settings().metrics_elsewhere {
        return Err(Problem::of_status(axum::http::StatusCode::NOT_FOUND));
    }
    page(&app.metrics, &headers)
}

fn page(metrics: &Metrics, headers: &HeaderMap) -> Answer {
    let format = Exposition::preferred(headers);
    let page = metrics.page_as(format).map_err(|error| {
        tracing::error!(%error, "the metrics cannot be written");
        Problem::internal()
    })?;
    let headers = [
        (header::CONTENT_TYPE, format.media_type()),
        (header::VARY, "Accept"),
    ];
    Ok((headers, page).into_response())
}

/// `GET /metrics` without a credential, for a listener that only the monitoring system can reach.
pub fn metrics_router(metrics: Metrics) -> Router {
    Router::new()
        .route(
            "/metrics",
            get(async move |headers: HeaderMap| page(&metrics, &headers)),
        )
        .layer(from_fn(unlogged))
}
