//! Forward auth for proxies: nginx, Caddy, Traefik, Envoy and `HAProxy` ask here, with the headers
//! of the original request, whether to let it through. The status is the answer; headers describe
//! the caller.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, Uri},
};
use countersign_domain::{Grant, Permission};
use countersign_gate::CheckError;

use super::{super::Answer, grant_headers::let_through, permission};
use crate::{
    params::Params,
    problem::{FieldError, Problem, verdict},
    request_context::RequestContext,
    state::ApiState,
};

/// The header for the needed permission, for proxies that cannot set the query.
const PERMISSION: HeaderName = HeaderName::from_static("x-countersign-permission");

/// The form of a permission.
const WANTED: &str = "a dotted name such as api.tasks.read";

/// The value of the header in place of names if the proxy lets every live token through.
const ANY_TOKEN: &str = "*";

/// Whether to let a request through
///
/// For proxies that ask before they pass a request on (nginx `auth_request`, Caddy and Traefik
/// forward authentication, Envoy `ext_authz`). They send the request's own headers, with any
/// method. The bearer's address is the one that trusted proxies send. The permissions in
/// `permission` and in the header are all needed. So a client that sends the header asks for more,
/// never for less, as long as the proxy sets one of the two for every request. A proxy may also
/// append the path of the request to `/auth`. Then the query belongs to the request and is ignored,
/// and the header is required: `*` lets every live token through, as `/auth` alone does. An empty
/// header or query is answered with 400, because a proxy sends one if its configuration lacks the
/// intended name.
#[utoipa::path(
    get, path = "/auth", operation_id = "authorize", tag = "checks",
    params(
        ("permission" = Option<Vec<String>>, Query, explode, description = "What the bearer has to hold, all of these"),
        ("X-Countersign-Permission" = Option<String>, Header, description = "The same, with blanks between the names; or * alone, for any live token"),
    ),
    responses(
        (status = 200, description = "Let it through", headers(
            ("X-Countersign-Tenant-Id" = String, description = "The tenant that the bearer acts in"),
            ("X-Countersign-Token-Id" = String, description = "The token"),
            ("X-Countersign-User-Id" = String, description = "The user in whose name it acts"),
            ("X-Countersign-User-Name" = String, description = "That user's name, percent-encoded where it is not ASCII"),
            ("X-Countersign-Permissions" = String, description = "What the token may do, with blanks between the names; left out above 4 KiB"),
            ("X-Countersign-Permissions-Omitted" = String, description = "`true` if the permissions were left out; absent otherwise"),
            ("X-Countersign-Token-Expiry" = String, description = "The instant at which the token expires, in RFC 3339"),
            ("X-Countersign-Owner" = String, description = "The token's owner, percent-encoded where it is not ASCII; absent if it has none"),
            ("X-Countersign-Meta-Omitted" = String, description = "`true` if the headers `X-Countersign-Meta-…`, one for each key that the setting `auth-metadata-headers` names, were left out because they are too long; absent otherwise"),
        )),
        (status = 400),
    ),
)]
pub(crate) async fn auth(State(app): State<ApiState>, request: Request) -> Answer {
    let (head, _) = request.into_parts();
    let wanted = wanted(&head.uri, &head.headers);
    let exchange = head.extensions.get::<RequestContext>();
    let exchange = exchange.ok_or_else(Problem::internal)?;
    let needed = wanted.as_deref().unwrap_or_default();
    let admitted = admit(&app, exchange, &head.headers, needed).await;
    app.metrics.count_check(verdict(admitted.as_ref().err()));
    let grant = admitted?;
    // Only callers that may ask learn of it.
    wanted?;
    let _ = exchange.actor.set(grant.credential.token);
    Ok(let_through(&grant, &app.settings().auth_metadata))
}

async fn admit(
    app: &ApiState,
    exchange: &RequestContext,
    headers: &HeaderMap,
    wanted: &[Permission],
) -> Result<Grant, CheckError> {
    let presented = app.gate.token_headers().read(headers)?;
    let known = app.gate.look_up(&presented).await?;
    let held = &known.credential.permissions;
    let lacking = wanted.iter().find(|permission| !held.contains(permission));
    Ok(app.gate.admit(&known, exchange.address, lacking)?)
}

/// The permissions of the query and of the header together. An empty one is a mistake, not a wish
/// for nothing.
fn wanted(uri: &Uri, headers: &HeaderMap) -> Result<Vec<Permission>, Problem> {
    let mut lines = headers.get_all(PERMISSION).iter().peekable();
    let mut wanted = Vec::new();
    if uri.path() == "/auth" {
        if let Some(query) = uri.query() {
            wanted = in_query(query)?;
        }
    } else if lines.peek().is_none() {
        // Under a longer path the query belongs to the request, so nothing names the needed
        // permission.
        let detail = format!("{WANTED} is required behind /auth/, or * for any live token");
        return Err(unreadable(PERMISSION.as_str(), "missing-parameter", detail));
    }
    if headers.get_all(PERMISSION).iter().eq([ANY_TOKEN]) && wanted.is_empty() {
        return Ok(wanted);
    }
    for line in lines {
        let names = line.to_str().unwrap_or_default().split_ascii_whitespace();
        let read: Option<Vec<_>> = names.map(permission).collect();
        let read = read.filter(|names| !names.is_empty()).ok_or_else(|| {
            let detail = format!("{WANTED} is expected, or * alone");
            unreadable(PERMISSION.as_str(), "invalid-value", detail)
        })?;
        wanted.extend(read);
    }
    Ok(wanted)
}

fn in_query(query: &str) -> Result<Vec<Permission>, Problem> {
    let mut params = Params::of(Some(query));
    let wanted = params.several("permission", WANTED, permission);
    params.finish()?;
    if wanted.is_empty() {
        let detail = format!("{WANTED} is required in a query");
        return Err(unreadable("permission", "missing-parameter", detail));
    }
    Ok(wanted)
}

fn unreadable(parameter: &str, code: &'static str, detail: String) -> Problem {
    Problem::invalid_parameters(vec![FieldError::in_parameter(parameter, code, detail)])
}
