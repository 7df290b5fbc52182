//! The service itself: it listens, starts a node, and shuts down in order.

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
/// The time for the database's connections to end if requests have used up the grace period.
const LEAST: Duration = Duration::from_secs(1);

/// Serves until a signal ends it. From the first moment the listener answers health checks;
/// everything else is answered once the node has started.
///
/// # Errors
/// Fails if the node cannot start.
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
        // Streams have no end, and would hold up the shutdown.
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

/// Stores the buffered uses, and closes the store.
async fn close(mut node: Node, deadline: Instant) {
    node.uses.write(&*node.usage).await;
    // Background tasks would take the closed store for a failing one.
    node.background.shutdown().await;
    // A connection that runs a long query does not close before the query's end.
    let end = deadline.max(Instant::now() + LEAST);
    let (closed, ()) = tokio::join!(
        timeout_at(end, node.database.close()),
        traces::end(end - Instant::now())
    );
    if closed.is_err() {
        tracing::warn!("the database's connections were cut: they did not end in time");
    }
}
