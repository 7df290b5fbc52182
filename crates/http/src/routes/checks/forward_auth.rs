//! The door for proxies: nginx, Caddy, Traefik, Envoy and `HAProxy` ask here, with the headers of the request that they
//! hold, whether to let it through. What matters is the status; whom the request comes from is in headers.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use countersign_domain::{Grant, Permission};
use countersign_gate::{CheckError, bearer};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::{super::Answer, permission};
use crate::{
    params::Params,
    problem::{FieldError, Problem, verdict},
    request_context::RequestContext,
    state::ApiState,
};

/// Where a proxy that cannot write the query says what is needed.
const PERMISSION: HeaderName = HeaderName::from_static("x-countersign-permission");

const TENANT_ID: HeaderName = HeaderName::from_static("x-countersign-tenant-id");
const TOKEN_ID: HeaderName = HeaderName::from_static("x-countersign-token-id");
const USER_ID: HeaderName = HeaderName::from_static("x-countersign-user-id");
const USER_NAME: HeaderName = HeaderName::from_static("x-countersign-user-name");
const PERMISSIONS: HeaderName = HeaderName::from_static("x-countersign-permissions");

/// Says that the list of permissions was left out, because it is longer than [`LONGEST_LIST`].
const PERMISSIONS_OMITTED: HeaderName =
    HeaderName::from_static("x-countersign-permissions-omitted");

/// The longest list of permissions in a header, in bytes: many proxies have a buffer of 4 or 8 KiB for
/// a whole head and refuse an answer that does not fit, so that the token would get through nowhere.
const LONGEST_LIST: usize = 4096;

/// What a header does not carry as it is; what is not ASCII never is.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// What is expected of a permission.
const WANTED: &str = "a dotted name such as api.tasks.read";

/// Stands in the header in place of names, where the proxy lets every live token through.
const ANY_TOKEN: &str = "*";

/// Whether to let a request through
///
/// For proxies that ask before they pass a request on (nginx `auth_request`, Caddy and Traefik forward authentication,
/// Envoy `ext_authz`): they send the request's own headers, and any method. The bearer's address is the one that trusted
/// proxies name. What is asked for in `permission` and in the header is asked for together, so that a client who sends
/// the header asks for more, never for less, as long as the proxy sets one of both for every request. A proxy that appends the path of the request to `/auth` is answered alike;
/// the query is then the request's own and is not looked at, and the header is required: `*` lets every live token
/// through, as `/auth` alone does. A header or a query that is there and empty is answered with 400, because a proxy
/// sends one where its configuration lacks the name that was meant.
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
    // Told only to those who may ask.
    wanted?;
    let _ = exchange.actor.set(grant.credential.token);
    Ok(let_through(&grant))
}

async fn admit(
    app: &ApiState,
    exchange: &RequestContext,
    headers: &HeaderMap,
    wanted: &[Permission],
) -> Result<Grant, CheckError> {
    let known = app.gate.look_up(bearer(headers)?).await?;
    let held = &known.credential.permissions;
    let lacking = wanted.iter().find(|permission| !held.contains(permission));
    Ok(app.gate.admit(&known, exchange.address, lacking)?)
}

/// What the query and the header ask for together. A wish that is there and empty is a fault, not a wish for nothing.
fn wanted(uri: &Uri, headers: &HeaderMap) -> Result<Vec<Permission>, Problem> {
    let mut lines = headers.get_all(PERMISSION).iter().peekable();
    let mut wanted = Vec::new();
    if uri.path() == "/auth" {
        if let Some(query) = uri.query() {
            wanted = in_query(query)?;
        }
    } else if lines.peek().is_none() {
        // The query of a path behind ours is the request's own, so nothing says what the proxy wants.
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

fn let_through(grant: &Grant) -> Response {
    let credential = &grant.credential;
    let mut response = StatusCode::OK.into_response();
    // With those that the frame adds: room for them once, not step by step.
    response.headers_mut().reserve(10);
    let name = utf8_percent_encode(&credential.user_name, ESCAPED);
    let permissions = credential.permissions.to_string();
    let permissions = if permissions.len() > LONGEST_LIST {
        (PERMISSIONS_OMITTED, "true".to_owned())
    } else {
        (PERMISSIONS, permissions)
    };
    for (header, value) in [
        (TENANT_ID, credential.tenant.to_string()),
        (TOKEN_ID, credential.token.to_string()),
        (USER_ID, credential.user.to_string()),
        (USER_NAME, name.to_string()),
        permissions,
    ] {
        // Ids, names of permissions, and a name without what a header does not carry.
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(header, value);
        }
    }
    response
}
