//! Detached work: it runs to its end even if the client is gone. A connection that closes drops the
//! future of its request. If a commit had been sent, it would then be stored without this node's
//! learning of it.

use tracing::{Instrument as _, Span};

/// The spans of a request's work: one for the log, and one for traces if they are collected. Both
/// have to be entered, because each is seen only by its own subscriber.
#[derive(Debug, Clone)]
pub(crate) struct Spans {
    pub(crate) log: Span,
    pub(crate) trace: Option<Span>,
}

impl Default for Spans {
    /// No spans.
    fn default() -> Self {
        Self {
            log: Span::none(),
            trace: None,
        }
    }
}

impl Spans {
    /// Runs the work within the spans.
    pub(crate) async fn around<F: Future>(self, work: F) -> F::Output {
        let work = work.instrument(self.log);
        match self.trace {
            None => work.await,
            Some(trace) => work.instrument(trace).await,
        }
    }
}

/// Returns the result of the work, unless the waiting request is gone first.
pub(crate) async fn run_detached<T: Send + 'static>(
    spans: Spans,
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    match tokio::spawn(spans.around(work)).await {
        Ok(done) => done,
        Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        // The runtime ends, and with it the waiting request.
        Err(_) => std::future::pending().await,
    }
}
