//! Work that is done to its end, also where the client that asked for it is gone. A connection that closes drops whatever
//! its request was about to do, and a commit that was sent would then be stored without this node's hearing of it.

use tracing::{Instrument as _, Span};

/// The spans that a request's work belongs to: one for the log, and one for traces where somebody collects them. Both have
/// to be entered, for each is seen by its own side only.
#[derive(Debug, Clone)]
pub(crate) struct Spans {
    pub(crate) log: Span,
    pub(crate) trace: Option<Span>,
}

impl Default for Spans {
    /// Within none.
    fn default() -> Self {
        Self {
            log: Span::none(),
            trace: None,
        }
    }
}

impl Spans {
    /// The work within them.
    pub(crate) async fn around<F: Future>(self, work: F) -> F::Output {
        let work = work.instrument(self.log);
        match self.trace {
            None => work.await,
            Some(trace) => work.instrument(trace).await,
        }
    }
}

/// What the work comes to, unless whoever waits for it is gone before.
pub(crate) async fn run_detached<T: Send + 'static>(
    spans: Spans,
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    match tokio::spawn(spans.around(work)).await {
        Ok(done) => done,
        Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        // The runtime ends, and with it whoever waits.
        Err(_) => std::future::pending().await,
    }
}
