//! The service itself: listen, start a node, and end in order.

mod background;
mod start;

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use countersign_http::{Metrics, Startup};
use tokio::{
    net::TcpListener,
    sync::oneshot,
    time::{Instant, timeout_at},
};

use self::start::{Node, start};
use crate::{
    connection_limits,
    settings::Settings,
    shutdown::ShutdownSignal,
    system::{SystemClock, SystemEntropy},
    traces,
};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// How long the database's connections may take to end where requests have used up the grace period.
const LEAST: Duration = Duration::from_secs(1);

/// Serves until a signal ends it. From the first moment the listener answers how the service is;
/// everything else is answered once the node has started.
///
/// # Errors
/// What stands in the way of the start.
pub(super) async fn serve(settings: Settings) -> Result<()> {
    let mut stop = ShutdownSignal::new()?;
    let limits = connection_limits::of(&settings);
    // Before anything else, so that a taken port leaves no trace in the database.
    let listener = TcpListener::bind(settings.listen).await.with_context(|| {
        format!(
            "cannot listen on {}; choose another with --listen",
            settings.listen
        )
    })?;
    let address = listener.local_addr()?;
    tracing::info!(listen = %address, version = VERSION, "starting");
    let metrics = Metrics::default();
    let startup = Startup::new(
        metrics.clone(),
        Arc::new(SystemEntropy),
        Arc::new(SystemClock),
    );
    let most_streams = (limits.connections / 2).max(1);
    let (end, ended) = oneshot::channel::<()>();
    let mut serving = tokio::spawn(countersign_http::serve(
        listener,
        startup.clone(),
        limits,
        ended,
    ));
    let grace = settings.shutdown_grace;
    let kind = settings.database.kind();
    let mut node = start(settings, metrics, most_streams, &mut stop).await?;
    let mut announced = Ok(());
    if let Some(node) = &mut node {
        startup.finish(node.surface.clone());
        tracing::info!(listen = %address, database = kind, version = VERSION, "listening");
        announced = node.announce(address, &mut stop).await;
        if announced.is_ok() {
            tokio::select! {
                () = stop.asked() => {}
                // A signal ends it.
                outcome = &mut serving => bail!("the accept loop ended: {outcome:?}"),
            }
        }
        // What has no end would hold up the end of the rest.
        node.news.close();
    }
    let deadline = Instant::now() + grace;
    // The task on the other side waits for this, or has ended.
    let _ = end.send(());
    serving.await??;
    if let Some(node) = node {
        close(node, deadline).await;
    }
    tracing::info!("stopped");
    announced
}

/// Writes what is left, and closes the store.
async fn close(mut node: Node, deadline: Instant) {
    node.uses.write(&*node.usage).await;
    // They would take a store that is closed for one that fails.
    node.background.shutdown().await;
    // A connection that works on a long query is not closed before its end.
    let end = deadline.max(Instant::now() + LEAST);
    let (closed, ()) = tokio::join!(
        timeout_at(end, node.database.close()),
        traces::end(end - Instant::now())
    );
    if closed.is_err() {
        tracing::warn!("the database's connections were cut: they did not end in time");
    }
}
