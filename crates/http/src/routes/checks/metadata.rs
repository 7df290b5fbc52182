//! The metadata by which OAuth's libraries find the endpoints (RFC 8414).

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

/// The metadata of an authorization server (RFC 8414, section 2): this one knows its tokens, and
/// issues none by OAuth.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuthorizationServerMetadata)]
pub(crate) struct Metadata {
    issuer: String,
    /// This endpoint refuses every grant, but validators insist on one.
    token_endpoint: String,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 3],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: [&'static str; 2],
    /// `none`: no response carries a token.
    response_types_supported: [&'static str; 1],
    /// None of OAuth's own grants: the address of the documentation stands for the API, which
    /// creates tokens. If the list were left out, it would mean two grants.
    grant_types_supported: [String; 1],
    service_documentation: String,
}

/// Where the OAuth endpoints are
///
/// The document uses the address in the setting `public-url`. Without it, only the machine itself
/// is answered.
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
    // Without a set address the answer depends on the requested host.
    let vary = (header::VARY, "host".to_owned());
    answer(StatusCode::OK, [vary], &metadata)
}

/// The service's address: `public-url`, or the requested host if the client is on the machine
/// itself.
pub(super) fn issuer(app: &ApiState, headers: &HeaderMap) -> Result<String, Problem> {
    match &app.settings().public_url {
        Some(url) => Ok(url.clone()),
        None => asked_for(headers),
    }
}

/// The name that a client on the machine itself used for the service. For other clients the name is
/// whatever the client, or somebody on the way, sends, and nobody knows whether TLS is in front: a
/// library that trusted the answer would send secrets there.
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
