//! Work that is done to its end, also where the client that asked for it is gone. A connection that closes drops whatever
//! its request was about to do, and a commit that was sent would then be stored without this node's hearing of it.

use tracing::Instrument as _;

/// What the work comes to, unless whoever waits for it is gone before.
pub(crate) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    match tokio::spawn(work.in_current_span()).await {
        Ok(done) => done,
        Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        // The runtime ends, and with it whoever waits.
        Err(_) => std::future::pending().await,
    }
}
