//! Decorator of a store: counts errors by kind, and opens a span per call in the request's trace.
//! It is here and not in the adapters, so that no store can forget it.

mod background;
mod tokens;

use std::sync::Arc;

use async_trait::async_trait;
use countersign_application::ports::{
    CommitError, FeedError, StoreError, Unreadable, User, UserStore,
};
use countersign_domain::{TenantId, UserId};
use countersign_http::{Metrics, TRACES, Writability};
use prometheus_client::metrics::{counter::Counter, family::Family};
use tracing::{Instrument as _, field::Empty};

use crate::{database::Ports, settings::DatabaseUrl, writes};

type Kinds = Family<[(&'static str, &'static str); 1], Counter>;

/// The instruments of the decorator.
#[derive(Clone)]
struct Instruments {
    errors: Kinds,
    /// The database's name in OpenTelemetry's conventions.
    system: &'static str,
    writability: Writability,
}

/// A store with its instruments.
struct Instrumented<S: ?Sized> {
    store: Arc<S>,
    watch: Instruments,
}

impl Ports {
    /// The same ports, with their errors counted in these metrics.
    pub(crate) fn instrumented(
        self,
        database: &DatabaseUrl,
        metrics: &Metrics,
        writability: Writability,
    ) -> Self {
        let system = match database {
            DatabaseUrl::Sqlite(_) => "sqlite",
            DatabaseUrl::Postgres(_) => "postgresql",
        };
        let errors = Kinds::default();
        for kind in [UNAVAILABLE, CORRUPT, UNKNOWN] {
            // Kinds that have not occurred yet show as zero.
            drop(errors.get_or_create(&[("kind", kind)]));
        }
        let help = "Calls of the store that failed, by kind";
        metrics.register(|registry| registry.register("store_errors", help, errors.clone()));
        let watch = Instruments {
            errors,
            system,
            writability,
        };
        Self {
            tokens: watch.over(self.tokens),
            users: watch.over(self.users),
            probe: watch.over(self.probe),
            feed: watch.over(self.feed),
            usage: watch.over(self.usage),
            ..self
        }
    }
}

const UNAVAILABLE: &str = "unavailable";
const CORRUPT: &str = "corrupt";
const UNKNOWN: &str = "outcome-unknown";

/// An outcome that may be an error of the store.
trait ErrorKind {
    /// The kind of error; `None` if the store did what it should.
    fn kind(&self) -> Option<&'static str>;
}

impl ErrorKind for StoreError {
    fn kind(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unavailable(_) | Self::Unwritable(_) => UNAVAILABLE,
            Self::Corrupt { .. } => CORRUPT,
        })
    }
}

impl ErrorKind for CommitError {
    fn kind(&self) -> Option<&'static str> {
        match self {
            Self::Fault(fault) => fault.kind(),
            Self::OutcomeUnknown(_) => Some(UNKNOWN),
            Self::Stale { .. }
            | Self::NameTaken
            | Self::NotFound
            | Self::ActorGone
            | Self::ActorNarrowed
            | Self::ActorMoved
            | Self::MayBeAncestor
            | Self::AlreadyMade { .. } => None,
        }
    }
}

impl ErrorKind for FeedError {
    fn kind(&self) -> Option<&'static str> {
        match self {
            Self::Store(fault) => fault.kind(),
            Self::Position(_) => None,
        }
    }
}

impl Instruments {
    fn over<S: ?Sized>(&self, store: Arc<S>) -> Arc<Instrumented<S>> {
        let watch = self.clone();
        Arc::new(Instrumented { store, watch })
    }

    /// Counts the outcome of a change.
    fn written(&self, outcome: Result<(), CommitError>) -> Result<(), CommitError> {
        match &outcome {
            Ok(()) => writes::note(&self.writability, Ok(())),
            Err(CommitError::Fault(fault)) => writes::note(&self.writability, Err(fault)),
            Err(_) => {}
        }
        outcome
    }

    /// Counts the outcome of a call beside the requests, which begins no trace.
    fn count<T, E: ErrorKind>(&self, outcome: Result<T, E>) -> Result<T, E> {
        if let Some(kind) = outcome.as_ref().err().and_then(ErrorKind::kind) {
            self.errors.get_or_create(&[("kind", kind)]).inc();
        }
        outcome
    }

    /// Counts unreadable rows among those of a request.
    fn note(&self, unreadable: &[Unreadable]) {
        for one in unreadable {
            self.errors.get_or_create(&[("kind", CORRUPT)]).inc();
            tracing::error!(
                tenant = %one.tenant,
                token = %one.token,
                table = one.table,
                column = one.column,
                "the record of a token is unreadable"
            );
        }
    }

    /// Counts and traces a call of a request.
    async fn follow<T, E: ErrorKind>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let span = tracing::debug_span!(
            target: TRACES,
            "store",
            otel.kind = "client",
            otel.name = name,
            otel.status_code = Empty,
            db.system.name = self.system,
            db.operation.name = name,
            "error.type" = Empty,
        );
        let outcome = call.instrument(span.clone()).await;
        if let Some(kind) = outcome.as_ref().err().and_then(ErrorKind::kind) {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", kind);
        }
        self.count(outcome)
    }
}

#[async_trait]
impl UserStore for Instrumented<dyn UserStore> {
    async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<User>, StoreError> {
        let call = self.store.user(tenant, id);
        self.watch.follow("user", call).await
    }
}
