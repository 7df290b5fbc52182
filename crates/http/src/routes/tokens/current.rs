//! The caller's own token: what a client can always ask about itself.

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
};

use super::{super::Answer, read::unless_known};
use crate::{
    body::NoBody,
    caller::{AnyToken, Caller},
    params::Params,
    records::DetailedToken,
    services::App,
};

/// The caller's own API token
///
/// With its secrets, as far as they may be shown. The tag stands for the version, which neither a use of the token nor
/// the end of a replaced secret changes: to see those, ask without `If-None-Match`.
#[utoipa::path(
    get, path = "/api-tokens/current", operation_id = "getCurrentToken", tag = "tokens",
    params(
        ("If-None-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#,
            description = "Entity tags that the client holds"),
        ("If-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#,
            description = "Entity tags of which one has to be the stored version's"),
    ),
    responses(
        (status = 200, body = DetailedToken, headers(("ETag" = String, description = "The version as an entity tag"))),
        (status = 304, description = "The client holds this version", headers(("ETag" = String))),
        (status = 400), (status = 412),
    ),
)]
pub(in crate::routes) async fn current(
    State(app): State<App>,
    caller: Caller<AnyToken>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    _: NoBody,
) -> Answer {
    Params::none(query.as_deref())?;
    let view = app.tokens.current(&caller.actor).await?;
    unless_known(&app, &caller.actor, &headers, &view).await
}
