//! Background tasks beside the requests: the comparison of clocks, the counts, the feed, the
//! metrics' own listener.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, Result};
use countersign_application::{error_chain, ports::StoreHealth};
use countersign_http::{ApiServices, Limits};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    credential_cache::CredentialCache,
    database::Ports,
    invalidation::{FeedFollower, FeedHealth},
    metrics::ServiceMetrics,
    process_metrics::ProcessMetrics,
    settings::{ChangeFeed, Settings},
    skew::Skew,
    usage_buffer::UsageBuffer,
    writes,
};

/// Starts the background tasks; dropping the result ends them.
pub(super) async fn background(
    settings: &Settings,
    ports: &Ports,
    services: &ApiServices,
    facts: Arc<CredentialCache>,
    uses: Arc<UsageBuffer>,
) -> Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    let pulse = Arc::new(FeedHealth::new(&services.metrics));
    let (clock, probe) = (&services.clock, &ports.probe);
    let skew = Arc::new(Skew::new(
        clock.clone(),
        probe.clone(),
        services.time.clone(),
    ));
    // Before any request is judged by it.
    skew.compare().await;
    warn_unsafe_settings(&**probe).await;
    ProcessMetrics::show(&services.metrics, clock.now());
    let numbers = ServiceMetrics {
        facts: facts.clone(),
        pulse: pulse.clone(),
        skew: skew.clone(),
        probe: probe.clone(),
        writability: services.writability.clone(),
        token_counts: Mutex::default(),
        expiring: Mutex::default(),
    };
    let numbers = numbers.show(&services.metrics);
    tasks.spawn(skew.compare_often());
    tasks.spawn(writes::try_often(
        services.writability.clone(),
        probe.clone(),
    ));
    tasks.spawn(numbers.count_often(services.clock.clone()));
    tasks.spawn(uses.write_often(ports.usage.clone(), settings.usage_interval));
    if settings.change_feed != ChangeFeed::None {
        tasks.spawn(facts.clone().refresh_often());
        let follower = FeedFollower {
            feed: ports.feed.clone(),
            facts,
            hub: services.news.clone(),
            clock: services.clock.clone(),
            pulse,
        };
        tasks.spawn(follower.run());
    }
    if let Some(address) = settings.metrics_listen {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}; choose another with --metrics-listen")
        })?;
        tracing::info!(listen = %listener.local_addr()?, "serving metrics");
        let router = countersign_http::metrics_router(services.metrics.clone());
        let limits = Limits::new(64, Duration::ZERO);
        tasks.spawn(async move {
            // Ends with the task.
            let _ = countersign_http::serve(listener, router, limits, pending::<()>()).await;
        });
    }
    Ok(tasks)
}

/// Warns if the database may lose what it has acknowledged.
async fn warn_unsafe_settings(probe: &dyn StoreHealth) {
    match probe.unsafe_settings().await {
        Ok(off) if off.is_empty() => {}
        Ok(off) => tracing::warn!(
            off = off.join(", "),
            "the database may lose acknowledged changes: these of its settings are off"
        ),
        Err(fault) => {
            let error = error_chain(&fault);
            tracing::debug!(error, "the database's settings could not be looked at");
        }
    }
}
