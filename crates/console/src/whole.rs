//! A form is dealt with to its end, also where the browser that sent it is gone: a change whose client hung up is stored all
//! the same, and this node has to hear of it.

use axum::{
    extract::Request,
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument as _;

use crate::trouble::Trouble;

/// What the rest of the way comes to.
pub(crate) async fn to_its_end(request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request).in_current_span()).await {
        Ok(response) => response,
        Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        // The runtime ends, and with it whoever waits.
        Err(_) => Trouble::Broken.into_response(),
    }
}
