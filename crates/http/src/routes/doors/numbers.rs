//! The service's numbers, for a monitoring system that holds a token; on a listener of their own they need none.

use axum::{
    Router,
    extract::{RawQuery, State},
    http::header,
    middleware::from_fn,
    response::IntoResponse,
    routing::get,
};

use super::super::Answer;
use crate::{
    Metrics,
    caller::{Caller, ReadMetrics},
    frame::unlogged,
    metrics::MEDIA_TYPE,
    params::Params,
    problem::Problem,
    services::App,
};

/// The service's numbers
///
/// As `OpenMetrics` text, which Prometheus reads. They cover all tenants, and name none. Only tokens of the default
/// tenant can hold the permission.
#[utoipa::path(
    get, path = "/metrics", operation_id = "metrics", tag = "health",
    responses((status = 200, body = String, content_type = "application/openmetrics-text"), (status = 400), (status = 404)),
    extensions(("x-required-permission" = json!("api.metrics.read"))),
)]
pub(in crate::routes) async fn numbers(
    State(app): State<App>,
    _: Caller<ReadMetrics>,
    RawQuery(query): RawQuery,
) -> Answer {
    Params::none(query.as_deref())?;
    if app.settings().metrics_elsewhere {
        return Err(Problem::of_status(axum::http::StatusCode::NOT_FOUND));
    }
    page(&app.metrics)
}

fn page(metrics: &Metrics) -> Answer {
    let page = metrics.page().map_err(|error| {
        tracing::error!(%error, "the numbers cannot be written");
        Problem::internal()
    })?;
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], page).into_response())
}

/// `GET /metrics` alone and open to whoever reaches it: for a listener that only the monitoring system reaches.
pub fn metrics_router(metrics: Metrics) -> Router {
    Router::new()
        .route("/metrics", get(async move || page(&metrics)))
        .layer(from_fn(unlogged))
}
