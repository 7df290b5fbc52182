//! Watches a request's body as it arrives, for the cap of connections. Until its caller is
//! admitted, a request that waits for its body counts as little as a connection that waits for a
//! head: it is evicted if there are too many.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use countersign_domain::TokenId;
use hyper::{
    Request,
    body::{Frame, SizeHint},
};

use super::deadline::ConnectionDeadline;

/// The body of a request. It records on the connection whether the server waits for the client of a
/// caller that is not yet admitted.
#[derive(Debug)]
pub(crate) struct WatchedBody {
    body: Body,
    phases: ConnectionDeadline,
    caller: Arc<OnceLock<TokenId>>,
    /// Microseconds from the start of the server to the first wait for the client. A client that
    /// sends byte by byte grows older all the same.
    since: Option<u64>,
    waits: bool,
}

impl WatchedBody {
    /// Watches the request's body, unless the request has none.
    pub(crate) fn noted(
        mut request: Request<Body>,
        caller: &Arc<OnceLock<TokenId>>,
    ) -> Request<Body> {
        let Some(phases) = request.extensions_mut().remove::<ConnectionDeadline>() else {
            return request;
        };
        let caller = Arc::clone(caller);
        request.map(|body| {
            Body::new(Self {
                body,
                phases,
                caller,
                since: None,
                waits: false,
            })
        })
    }

    fn note(&mut self, waits: bool) {
        if waits {
            let since = *self.since.get_or_insert_with(|| self.phases.now());
            self.phases.activity().idle(since);
        } else if self.waits {
            self.phases.activity().busy();
        }
        self.waits = waits;
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        self.note(false);
    }
}

impl hyper::body::Body for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let waits = polled.is_pending() && self.caller.get().is_none();
        self.note(waits);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
