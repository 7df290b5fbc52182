//! The service itself: open, migrate, make the first token, listen, and end in order.

use std::{
    future::pending,
    io,
    net::SocketAddr,
    path,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, Result};
use countersign_application::ports::{Probe, StoreFault};
use countersign_gate::Gate;
use countersign_http::{
    Hub, InStep, Limits, Metrics, Services, StoreSource, Surface, Timekeeping, Writability,
};
use tokio::{
    net::TcpListener,
    task::{JoinSet, spawn_blocking},
    time::{Instant, sleep, timeout_at},
};

use crate::{
    connection_limits,
    database::{Database, Ports},
    facts::Facts,
    first_start::{self, Made},
    follow::{Follower, Pulse},
    lock, log_queue,
    numbers::Numbers,
    process::Process,
    service::Service,
    settings::{ChangeFeed, DatabaseUrl, Settings},
    skew::Skew,
    stop::Stop,
    traces,
    uses::Unwritten,
    writes,
};

/// How long a database may take to appear: they are often started together.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait between two tries.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the database's connections may take to end where requests have used up the grace period.
const LEAST: Duration = Duration::from_secs(1);

/// Serves until it is told to stop.
///
/// # Errors
/// What stands in the way of the start.
pub(super) async fn serve(settings: Settings) -> Result<()> {
    let mut stop = Stop::new()?;
    let limits = connection_limits::of(&settings);
    // Before anything else, so that a taken port leaves no trace in the database.
    let listener = TcpListener::bind(settings.listen).await.with_context(|| {
        format!(
            "cannot listen on {}; choose another with --listen",
            settings.listen
        )
    })?;
    let address = listener.local_addr()?;
    first_start::tell_of_lost_database(&settings.database);
    let _lock = match &settings.database {
        DatabaseUrl::Sqlite(path) => Some(lock::exclusive(path)?),
        DatabaseUrl::Postgres(_) => None,
    };
    // Opening it takes the log in.
    first_start::tell_of_stale_log(&settings.database);
    let database = Database::open(&settings).await?;
    tokio::select! {
        migrated = migrate(&database, &settings.database) => migrated?,
        () = stop.asked() => return Ok(()),
    }
    let metrics = Metrics::default();
    let writability = Writability::default();
    let ports = database.ports();
    let ports = ports.watched(&settings.database, &metrics, writability.clone());
    let facts = Arc::new(Facts::new(
        StoreSource::new(ports.tokens.clone()),
        &settings,
    ));
    let service = Service::new(&ports, &settings, facts.clone());
    // Looked for before there may be one of this start.
    first_start::tell_what_is_left(&settings.database);
    let first = first_start::first_token(&service, &settings.database)
        .await
        .with_context(|| format!("cannot prepare {}", settings.database))?;
    tracing::info!(
        listen = %address,
        database = settings.database.kind(),
        version = env!("CARGO_PKG_VERSION"),
        "listening"
    );
    if let Some(made) = first {
        announce(made, &service, address, &mut stop).await?;
    }
    let uses = Arc::new(Unwritten::default());
    let clock = service.clock.clone();
    let time = Timekeeping::default();
    let source = Arc::new(InStep::new(facts.source(), time.clone()));
    let gate = Gate::new(source, move || clock.now())
        .with_proxies(settings.proxies.clone())
        .with_uses(uses.clone());
    let pages = settings.console.then(|| {
        countersign_console::pages(service.of_console(gate.clone(), time.clone(), &settings))
    });
    let home = service.tenants.default().await?.id;
    let services = Services {
        tokens: service.tokens,
        users: service.users,
        gate,
        feed: ports.feed.clone(),
        news: Hub::default(),
        time,
        writability,
        probe: ports.probe.clone(),
        entropy: service.entropy,
        clock: service.clock,
        metrics,
    };
    let mut background = background(&settings, &ports, &services, facts, uses.clone()).await?;
    let surface = countersign_http::Settings {
        home: Some(home),
        public_url: settings.public_url,
        metrics_elsewhere: settings.metrics_listen.is_some(),
        // The others are left to those who ask.
        most_streams: Some((limits.connections / 2).max(1)),
        refusals_per_minute: settings.refusals_per_minute,
        traces: traces::of_requests(),
    };
    let news = services.news.clone();
    let surface = Surface::new(services, surface).with_pages(pages.unwrap_or_default());
    let mut end = Instant::now();
    countersign_http::serve(listener, surface, limits, async {
        stop.asked().await;
        // What has no end would hold up the end of the rest.
        news.close();
        end = Instant::now() + settings.shutdown_grace;
    })
    .await?;
    uses.write(&*ports.usage).await;
    // They would take a store that is closed for one that fails.
    background.shutdown().await;
    // A connection that works on a long query is not closed before its end.
    let end = end.max(Instant::now() + LEAST);
    let (closed, ()) = tokio::join!(
        timeout_at(end, database.close()),
        traces::end(end - Instant::now())
    );
    if closed.is_err() {
        tracing::warn!("the database's connections were cut: they did not end in time");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Says where the first token's secret is, or shows it.
async fn announce(
    made: Made,
    service: &Service,
    address: SocketAddr,
    stop: &mut Stop,
) -> Result<()> {
    let secret = match made {
        Made::Kept(file) => {
            tracing::warn!(
                path = %path::absolute(&file).unwrap_or(file).display(),
                "the first start made a root token: its secret is in this file"
            );
            return Ok(());
        }
        Made::Shown(secret) => secret,
    };
    let (policy, now) = (service.tokens.policy().clone(), service.clock.now());
    let greeting = spawn_blocking(move || {
        // A terminal shows both: a line of the log within the greeting would be pasted with it.
        log_queue::finish();
        first_start::greet(&mut io::stdout().lock(), &secret, address, &policy, now)
    });
    // A terminal may be stopped (Ctrl-S), and then takes nothing.
    let shown = tokio::select! {
        shown = greeting => shown?,
        () = stop.asked() => Err(io::ErrorKind::Interrupted.into()),
    };
    shown.context("the root token's secret reached nobody: `countersign root-token` makes another")
}

/// Starts what goes on beside the requests; it ends with what is returned.
async fn background(
    settings: &Settings,
    ports: &Ports,
    services: &Services,
    facts: Arc<Facts>,
    uses: Arc<Unwritten>,
) -> Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    let pulse = Arc::new(Pulse::new(&services.metrics));
    let (clock, probe) = (&services.clock, &ports.probe);
    let skew = Arc::new(Skew::new(
        clock.clone(),
        probe.clone(),
        services.time.clone(),
    ));
    // Before anybody is judged by it.
    skew.compare().await;
    tell_of_carelessness(&**probe).await;
    Process::show(&services.metrics, clock.now());
    let numbers = Numbers {
        facts: facts.clone(),
        pulse: pulse.clone(),
        skew: skew.clone(),
        probe: probe.clone(),
        writability: services.writability.clone(),
        census: Mutex::default(),
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
        let follower = Follower {
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
        tracing::info!(listen = %listener.local_addr()?, "showing numbers");
        let router = countersign_http::metrics_router(services.metrics.clone());
        let limits = Limits::new(64, Duration::ZERO);
        tasks.spawn(async move {
            // Ends with the task.
            let _ = countersign_http::serve(listener, router, limits, pending::<()>()).await;
        });
    }
    Ok(tasks)
}

/// Says where the database may lose what it was told to keep.
async fn tell_of_carelessness(probe: &dyn Probe) {
    match probe.careless_settings().await {
        Ok(off) if off.is_empty() => {}
        Ok(off) => tracing::warn!(
            off = off.join(", "),
            "the database may lose changes that were acknowledged: these settings of its are off"
        ),
        Err(fault) => {
            let error = format!("{:#}", anyhow::Error::from(fault));
            tracing::debug!(error, "the database's settings could not be looked at");
        }
    }
}

/// Migrates; a PostgreSQL that is not there yet gets some time to appear.
async fn migrate(database: &Database, url: &DatabaseUrl) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    loop {
        match database.migrate().await {
            Ok(()) => return Ok(()),
            Err(fault @ StoreFault::Unavailable(_)) if appears(url) && Instant::now() < end => {
                tracing::warn!(
                    database = %url,
                    error = format!("{:#}", anyhow::Error::from(fault)),
                    "the database does not answer yet"
                );
                sleep(PAUSE).await;
            }
            Err(fault) => return Err(fault).with_context(|| format!("cannot migrate {url}")),
        }
    }
}

/// A server may come up after us; a file that cannot be opened stays so.
fn appears(url: &DatabaseUrl) -> bool {
    matches!(url, DatabaseUrl::Postgres(_))
}
