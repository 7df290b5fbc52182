//! The service itself: open, migrate, make the first token, listen, and end in order.

use std::{io, path, time::Duration};

use anyhow::{Context as _, Result};
use countersign_application::ports::StoreFault;
use countersign_http::{Limits, Services};
use tokio::{
    net::TcpListener,
    time::{Instant, sleep, timeout_at},
};

use crate::{
    database::Database,
    descriptors,
    first_start::{self, Made},
    lock,
    service::Service,
    settings::{DatabaseUrl, Settings},
    stop::Stop,
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
    let limits = limits(&settings);
    // Before anything else, so that a taken port leaves no trace in the database.
    let listener = TcpListener::bind(settings.listen).await.with_context(|| {
        format!(
            "cannot listen on {}; choose another with --listen",
            settings.listen
        )
    })?;
    let address = listener.local_addr()?;
    let _lock = match &settings.database {
        DatabaseUrl::Sqlite(path) => Some(lock::exclusive(path)?),
        DatabaseUrl::Postgres(_) => None,
    };
    let database = Database::open(&settings).await?;
    tokio::select! {
        migrated = migrate(&database, &settings.database) => migrated?,
        () = stop.asked() => return Ok(()),
    }
    let service = Service::new(database.ports(), settings.policy);
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
    match first {
        Some(Made::Kept(file)) => tracing::warn!(
            path = %path::absolute(&file).unwrap_or(file).display(),
            "the first start made a root token: its secret is in this file"
        ),
        Some(Made::Shown(secret)) => {
            let (policy, now) = (service.tokens.policy(), service.clock.now());
            first_start::greet(&mut io::stdout().lock(), &secret, address, policy, now).context(
                "the root token's secret reached nobody: `countersign root-token` makes another",
            )?;
        }
        None => {}
    }
    let services = Services {
        tokens: service.tokens,
        users: service.users,
        check: service.check,
        probe: service.probe,
        entropy: service.entropy,
        clock: service.clock,
    };
    let surface = countersign_http::Settings {
        trusted_proxies: settings.trusted_proxies,
        proxy_header: settings.proxy_header,
    };
    let router = countersign_http::router(services, surface);
    let mut end = Instant::now();
    countersign_http::serve(listener, router, limits, async {
        stop.asked().await;
        end = Instant::now() + settings.shutdown_grace;
    })
    .await?;
    // A connection that works on a long query is not closed before its end.
    if timeout_at(end.max(Instant::now() + LEAST), database.close())
        .await
        .is_err()
    {
        tracing::warn!("the database's connections were cut: they did not end in time");
    }
    tracing::info!("stopped");
    Ok(())
}

/// As many connections as are wanted and the system grants.
fn limits(settings: &Settings) -> Limits {
    let wanted = settings.max_connections;
    let granted = descriptors::raised().map_or(wanted, |limit| {
        descriptors::affordable(wanted, limit, settings.postgres_max_connections)
    });
    if granted < wanted {
        tracing::warn!(
            wanted,
            granted,
            "the system's limit of open files leaves room for fewer clients than max-connections: raise it (ulimit -n, LimitNOFILE=), or lower max-connections"
        );
    }
    Limits::new(granted, settings.shutdown_grace)
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
