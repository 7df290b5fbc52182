//! The start of a node: migrate, create the first token, wire the parts.

use std::{io, net::SocketAddr, path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use countersign_application::{
    error_chain,
    ports::{Clock as _, MigrationFault, UsageStore},
};
use countersign_domain::Policy;
use countersign_gate::Gate;
use countersign_http::{
    ApiService, ApiServices, ChangeBroadcast, ClockGuard, Metrics, StoreSource, Timekeeping,
    Writability,
};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::{Instant, sleep},
};

use super::background::background;
use crate::{
    commands::tenant::{SAME_NAME, names},
    credential_cache::CredentialCache,
    database::Database,
    first_start::{self, FirstSecret, Greeting},
    log_queue,
    service::Service,
    settings::{DatabaseUrl, Settings},
    shutdown::ShutdownSignal,
    single_instance::InstanceLock,
    system::SystemClock,
    traces,
    usage_buffer::UsageBuffer,
};

/// The pause between two tries to reach the database.
const PAUSE: Duration = Duration::from_secs(1);
/// The period in which the log repeats that the database is away, as long as the reason is the
/// same.
const REMINDER: Duration = Duration::from_secs(30);

/// A node that has started.
pub(super) struct Node {
    pub(super) surface: ApiService,
    pub(super) news: ChangeBroadcast,
    pub(super) uses: Arc<UsageBuffer>,
    pub(super) usage: Arc<dyn UsageStore>,
    pub(super) background: JoinSet<()>,
    pub(super) database: Database,
    /// The secret of the first token, if the store was empty.
    first: Option<FirstSecret>,
    policy: Policy,
    /// Whether the pages at `/console` are served.
    console: bool,
    /// The locks on the file, held as long as the node uses it.
    _lock: Option<InstanceLock>,
}

/// Starts a node; `None` if a signal ended the process before the node had started.
///
/// # Errors
/// Fails if the node cannot start.
pub(super) async fn start(
    settings: Settings,
    metrics: Metrics,
    most_streams: usize,
    stop: &mut ShutdownSignal,
) -> Result<Option<Node>> {
    first_start::tell_of_lost_database(&settings.database);
    let mut lock = match &settings.database {
        DatabaseUrl::Sqlite(path) => Some(InstanceLock::take(path)?),
        DatabaseUrl::Postgres(_) => None,
    };
    // Opening the database merges the log into it.
    first_start::tell_of_stale_log(&settings.database);
    let database = Database::open(&settings).await?;
    tokio::select! {
        migrated = migrate(&database, &settings) => migrated?,
        () = stop.asked() => return Ok(None),
    }
    if let Some(lock) = &mut lock {
        lock.complete()?;
    }
    let writability = Writability::default();
    let ports = database.ports();
    let ports = ports.instrumented(&settings.database, &metrics, writability.clone());
    let facts = Arc::new(CredentialCache::new(
        StoreSource::new(ports.tokens.clone()),
        &settings,
    ));
    let service = Service::new(&ports, &settings, facts.clone());
    let uses = Arc::new(UsageBuffer::default());
    let clock = service.clock.clone();
    let time = Timekeeping::default();
    let source = Arc::new(ClockGuard::new(facts.source(), time.clone()));
    let gate = Gate::new(source, move || clock.now())
        .with_proxies(settings.proxies.clone())
        .with_token_headers(settings.token_headers.clone())
        .with_uses(uses.clone());
    let pages = settings.console.then(|| {
        countersign_console::pages(service.of_console(gate.clone(), time.clone(), &settings))
    });
    let home = service.tenants.default().await?.id;
    let services = ApiServices {
        tokens: service.tokens.clone(),
        users: service.users.clone(),
        gate,
        feed: ports.feed.clone(),
        news: ChangeBroadcast::default(),
        time,
        writability,
        probe: ports.probe.clone(),
        entropy: service.entropy.clone(),
        clock: service.clock.clone(),
        metrics,
    };
    let background = background(&settings, &ports, &services, facts, uses.clone()).await?;
    let surface = countersign_http::Settings {
        home: Some(home),
        public_url: settings.public_url.clone(),
        metrics_elsewhere: settings.metrics_listen.is_some(),
        // The others are left for requests.
        most_streams: Some(most_streams),
        refusals_per_minute: settings.refusals_per_minute,
        cors_origins: settings.cors_origins,
        token_format: settings.token_format.clone(),
        auth_metadata: settings.auth_metadata,
        traces: traces::of_requests(),
    };
    let news = services.news.clone();
    let surface = ApiService::new(services, surface).with_pages(pages.unwrap_or_default());
    warn_of_same_names(&service).await?;
    // Before this start may create such a file.
    first_start::tell_what_is_left(&settings.database);
    // Last, because any failure between this and the announcement would lose the secret.
    let first = first_start::first_token(
        &service,
        &settings.database,
        settings.bootstrap_token.as_ref(),
    )
    .await
    .with_context(|| format!("cannot prepare {}", settings.database))?;
    Ok(Some(Node {
        surface,
        first,
        policy: settings.policy,
        console: settings.console,
        news,
        uses,
        usage: ports.usage,
        background,
        database,
        _lock: lock,
    }))
}

/// Names the tenants that people may mistake for one another.
async fn warn_of_same_names(service: &Service) -> Result<()> {
    for group in service.tenants.alike().await? {
        tracing::warn!(tenants = names(&group), "{SAME_NAME}");
    }
    Ok(())
}

impl Node {
    /// Reports where the first token's secret is, or shows it.
    ///
    /// # Errors
    /// Fails if the secret reaches nobody.
    pub(super) async fn announce(
        &mut self,
        address: SocketAddr,
        stop: &mut ShutdownSignal,
    ) -> Result<()> {
        match self.first.take() {
            None => Ok(()),
            Some(FirstSecret::Kept(file)) => {
                tracing::warn!(
                    path = %path::absolute(&file).unwrap_or(file).display(),
                    "the first start made a root token: its secret is in this file"
                );
                Ok(())
            }
            Some(FirstSecret::Shown(secret)) => {
                let greeting = Greeting {
                    secret,
                    address,
                    policy: self.policy.clone(),
                    console: self.console,
                };
                show(greeting, stop).await
            }
        }
    }
}

/// Shows the greeting on the terminal.
async fn show(greeting: Greeting, stop: &mut ShutdownSignal) -> Result<()> {
    let now = SystemClock.now();
    let greeting = spawn_blocking(move || {
        // A terminal shows both: a log line within the greeting would be pasted with it.
        log_queue::finish();
        greeting.write(&mut io::stdout().lock(), now)
    });
    // A stopped terminal (Ctrl-S) takes no output.
    let shown = tokio::select! {
        shown = greeting => shown?,
        () = stop.asked() => Err(io::ErrorKind::Interrupted.into()),
    };
    shown.context("the root token's secret reached nobody: `countersign root-token` makes another")
}

/// Migrates. It waits for a PostgreSQL server that is away; meanwhile the node is live and not
/// ready. A cause that waiting cannot mend ends the start at once, unless the settings say to wait.
async fn migrate(database: &Database, settings: &Settings) -> Result<()> {
    let url = &settings.database;
    let mut said: Option<(String, Instant)> = None;
    loop {
        match database.migrate().await {
            Ok(()) => return Ok(()),
            Err(fault) if may_pass(&fault, settings) => {
                let error = error_chain(&fault);
                let known = said
                    .as_ref()
                    .is_some_and(|(earlier, at)| *earlier == error && at.elapsed() < REMINDER);
                if !known {
                    tracing::warn!(database = %url, error, "the database does not answer yet");
                    said = Some((error, Instant::now()));
                }
                sleep(PAUSE).await;
            }
            Err(fault) => return Err(fault).with_context(|| format!("cannot migrate {url}")),
        }
    }
}

/// Whether waiting may help: a server may start after this process, but a file that cannot be
/// opened stays so.
fn may_pass(fault: &MigrationFault, settings: &Settings) -> bool {
    let waits = match fault {
        MigrationFault::Away(_) => true,
        MigrationFault::Refused(_) => settings.wait_for_database,
        MigrationFault::Newer { .. } | MigrationFault::Failed(_) => false,
    };
    waits && matches!(settings.database, DatabaseUrl::Postgres(_))
}
