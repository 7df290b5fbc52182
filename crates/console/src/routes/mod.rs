//! The pages and their routes. A request arrives, its user is signed in, a use case is called, and
//! a page is made of its result: nothing here decides, and nothing reaches a store.

mod addresses;
mod create;
mod descendants;
mod edit;
mod events;
mod list;
mod revoke;
mod rotate;
mod sign_in;
mod token;

use axum::{
    Router,
    extract::{FromRequestParts, Path},
    http::{HeaderValue, Uri, header, request::Parts},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use countersign_domain::TokenId;

use crate::{
    error::{PageError, SIGN_IN},
    events::EVENTS,
    guard,
    list_query::LIST,
    state::{ConsoleServices, ConsoleState},
    view::assets::{self, Asset},
};

/// The result of every handler.
type Answer = Result<Response, PageError>;

/// All pages. The server that calls them puts a [`RequestId`](countersign_domain::RequestId) and a
/// [`ClientAddress`](countersign_gate::ClientAddress) among the extensions of each request, and an
/// `Arc<OnceLock<TokenId>>` if it wants the caller's token.
pub fn pages(services: ConsoleServices) -> Router {
    let app = ConsoleState::new(services);
    Router::new()
        .route("/", get(async || Redirect::to(LIST)))
        .route("/console", get(list::list))
        .route("/console/", get(async || Redirect::to(LIST)))
        .route(SIGN_IN, get(sign_in::ask).post(sign_in::sign_in))
        .route(
            "/console/sign-out",
            get(async || Redirect::to(LIST)).post(sign_in::sign_out),
        )
        .route("/console/tokens/new", get(create::ask).post(create::create))
        .route("/console/tokens/{id}", get(token::token))
        .route("/console/tokens/{id}/edit", get(edit::ask).post(edit::edit))
        .route(
            "/console/tokens/{id}/rotate",
            get(rotate::ask).post(rotate::rotate),
        )
        .route(
            "/console/tokens/{id}/revoke",
            get(revoke::ask).post(revoke::revoke),
        )
        .route(
            "/console/tokens/{id}/descendants",
            get(descendants::ask).post(descendants::revoke),
        )
        .route(EVENTS, get(events::events))
        .route("/console/addresses", get(addresses::check))
        .route("/console/assets/{name}", get(asset))
        .route("/console/{*rest}", get(async || PageError::NoPage))
        .method_not_allowed_fallback(async || PageError::NoMethod)
        .layer(from_fn_with_state(app.clone(), guard::own_forms))
        .layer(from_fn(guard::headers))
        .with_state(app)
}

/// A file that pages load: the same for everybody, and cacheable for ever under this address.
///
/// Under the address of another node, which may run another release, it must not be cached.
async fn asset(uri: Uri) -> Answer {
    let wanted = |asset: &&Asset| uri.path().strip_prefix(assets::FOLDER) == Some(asset.name);
    let asset = assets::all()
        .into_iter()
        .find(wanted)
        .ok_or(PageError::NoPage)?;
    let mut response = asset.text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    if uri.path_and_query().is_some_and(|uri| uri == asset.link()) {
        let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
        headers.insert(header::CACHE_CONTROL, kept);
    }
    Ok(response)
}

/// The id in a page's address; a text that is not an id leads to no token.
struct Id(TokenId);

impl FromRequestParts<ConsoleState> for Id {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &ConsoleState) -> Result<Self, PageError> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        let id = path.ok().and_then(|Path(id)| id.parse().ok());
        id.map(Self).ok_or(PageError::NoToken)
    }
}
