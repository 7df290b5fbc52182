//! Where OAuth's libraries look for the endpoints (RFC 8414).

use std::net::IpAddr;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header, uri::Authority},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::{Answer, answer};
use crate::{
    body::NoBody,
    params::Params,
    problem::{Code, Problem},
    state::ApiState,
};

/// What RFC 8414, section 2, tells of an authorization server: here one that knows its tokens, and issues none by OAuth.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuthorizationServerMetadata)]
pub(crate) struct Metadata {
    issuer: String,
    /// Refuses every grant, but validators insist on one.
    token_endpoint: String,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 3],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: [&'static str; 2],
    /// `none`: no response carries a token.
    response_types_supported: [&'static str; 1],
    /// None of OAuth's own: the address of the documentation stands for the API, by which tokens are made. Left out, it
    /// would mean that there are two.
    grant_types_supported: [String; 1],
    service_documentation: String,
}

/// Where the OAuth endpoints are
///
/// Under the address that the service was told its clients reach it at. Without one it answers on the machine itself only.
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", operation_id = "oauthMetadata", tag = "checks", security(),
    responses((status = 200, body = Metadata), (status = 400), (status = 404, description = "Nobody told the service where its clients reach it")),
)]
pub(in crate::routes) async fn metadata(
    State(app): State<ApiState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    _: NoBody,
) -> Answer {
    Params::none(query.as_deref())?;
    let issuer = issuer(&app, &headers)?;
    let documentation = format!("{issuer}/api/docs");
    let metadata = Metadata {
        token_endpoint: format!("{issuer}/oauth2/token"),
        introspection_endpoint: format!("{issuer}/oauth2/introspect"),
        introspection_endpoint_auth_methods_supported: [
            "client_secret_basic",
            "client_secret_post",
            "Bearer",
        ],
        revocation_endpoint: format!("{issuer}/oauth2/revoke"),
        revocation_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
        response_types_supported: ["none"],
        grant_types_supported: [documentation.clone()],
        service_documentation: documentation,
        issuer,
    };
    // Without a set address the answer depends on what was asked for.
    let vary = (header::VARY, "host".to_owned());
    answer(StatusCode::OK, [vary], &metadata)
}

/// The service's address: the one that it was told, or, on the machine itself, the one that was asked for.
pub(super) fn issuer(app: &ApiState, headers: &HeaderMap) -> Result<String, Problem> {
    match &app.settings().public_url {
        Some(url) => Ok(url.clone()),
        None => asked_for(headers),
    }
}

/// The service by the name that the client used, on the machine itself. Elsewhere that name is whatever the client, or
/// somebody on the way, says that it is, and whether the way to here is TLS cannot be told: a library that believed the
/// answer would send secrets there.
fn asked_for(headers: &HeaderMap) -> Result<String, Problem> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    let authority = host.and_then(|host| host.parse::<Authority>().ok());
    let plain = authority.filter(|authority| !authority.as_str().contains('@'));
    let authority = plain.ok_or_else(|| {
        Problem::new(
            Code::InvalidParameter,
            "The header Host has to name the service.",
        )
    })?;
    let host = authority.host().trim_matches(['[', ']']);
    let here = host.eq_ignore_ascii_case("localhost")
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback());
    if !here {
        let detail = "The service was not told where its clients reach it: that takes the setting public-url.";
        return Err(Problem::new(Code::NoSuchRoute, detail));
    }
    Ok(format!("http://{authority}"))
}
