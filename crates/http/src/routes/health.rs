//! Health of the process, and of the service: for load balancers and supervisors, without a
//! credential.

use axum::{
    extract::{RawQuery, State},
    http::{StatusCode, header},
};
use countersign_application::ports::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Answer, answer};
use crate::{body::NoBody, params::Params, state::ApiState};

/// The health of the service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Whether the service is up.
    #[schema(value_type = HealthStatus)]
    status: &'static str,
    /// The reason why it is down.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = HealthReason, required = false)]
    reason: Option<&'static str>,
    /// `unavailable` as long as no change can be stored. Checks are answered all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = HealthWrites, required = false)]
    writes: Option<&'static str>,
}

/// Whether the service is up.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "describes a word of the answer")]
enum HealthStatus {
    Up,
    Down,
}

/// Why the service is down.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "describes a word of the answer")]
enum HealthReason {
    StoreUnavailable,
    StoreCorrupt,
    ClockApart,
    Starting,
}

/// Whether changes can be stored; only present if they cannot.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "describes a word of the answer")]
enum HealthWrites {
    Unavailable,
}

/// Whether the process is live
///
/// The process answers. For supervisors that restart it if it does not.
#[utoipa::path(
    get, path = "/health/live", operation_id = "live", tag = "health", security(),
    responses((status = 200, body = Health), (status = 400)),
)]
pub(crate) async fn live(RawQuery(query): RawQuery, _: NoBody) -> Answer {
    Params::none(query.as_deref())?;
    let up = Health {
        status: "up",
        reason: None,
        writes: None,
    };
    answer(StatusCode::OK, [], &up)
}

/// Whether the service is ready
///
/// The store answers too. For load balancers, which send requests elsewhere in the meantime.
#[utoipa::path(
    get, path = "/health/ready", operation_id = "ready", tag = "health", security(),
    responses(
        (status = 200, body = Health),
        (status = 400),
        (status = 503, body = Health, description = "The store does not answer, this node's clock is apart from the store's, or the service is still starting"),
    ),
)]
pub(super) async fn ready(
    State(app): State<ApiState>,
    RawQuery(query): RawQuery,
    _: NoBody,
) -> Answer {
    Params::none(query.as_deref())?;
    let (status, reason) = match app.probe.ping().await {
        Ok(()) if app.time.is_apart() => (StatusCode::SERVICE_UNAVAILABLE, Some("clock-apart")),
        Ok(()) => (StatusCode::OK, None),
        Err(fault) => (StatusCode::SERVICE_UNAVAILABLE, Some(why(&fault))),
    };
    let health = Health {
        status: reason.map_or("up", |_| "down"),
        reason,
        writes: app.writability.is_lost().then_some("unavailable"),
    };
    answer(
        status,
        [(header::CACHE_CONTROL, "no-store".to_owned())],
        &health,
    )
}

/// The answer about readiness until the service has started.
pub(crate) async fn starting(RawQuery(query): RawQuery) -> Answer {
    Params::none(query.as_deref())?;
    let down = Health {
        status: "down",
        reason: Some("starting"),
        writes: None,
    };
    let headers = [(header::CACHE_CONTROL, "no-store".to_owned())];
    answer(StatusCode::SERVICE_UNAVAILABLE, headers, &down)
}

fn why(fault: &StoreError) -> &'static str {
    match fault {
        StoreError::Unavailable(_) | StoreError::Unwritable(_) => "store-unavailable",
        StoreError::Corrupt { .. } => "store-corrupt",
    }
}
