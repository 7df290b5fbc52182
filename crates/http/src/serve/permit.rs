//! What a connection holds: a place, or one of the reserve until its first request. So a load balancer that asks how
//! the service is gets its answer whatever the other clients do.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use futures_util::future::Either;
use hyper::{
    Request, Response,
    body::Incoming,
    header::{CONNECTION, HeaderValue},
};
use tokio::time::{Instant, timeout};
use tower::Service;

use super::{
    Serves,
    admission::ROOM,
    deadline::ConnectionDeadline,
    slots::{ClientAddress, ConnectionSlot, ConnectionSlots},
};

/// How long the first request on a connection of the reserve waits for a proper place.
const PATIENCE: Duration = Duration::from_millis(50);

/// Marks a request on a connection beyond the cap. Only what watches the service is to be answered; the connection
/// closes behind the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overflow;

/// What a connection holds. Dropping the last clone frees it.
#[derive(Debug, Clone)]
pub(super) struct ConnectionPermit(Arc<PermitState>);

#[derive(Debug)]
struct PermitState {
    place: OnceLock<ConnectionSlot>,
    reserve: Option<Reserve>,
}

/// A place of the reserve, and where to ask for a proper one.
#[derive(Debug)]
struct Reserve {
    place: Mutex<Option<ConnectionSlot>>,
    places: Arc<ConnectionSlots>,
    client: ClientAddress,
    phases: ConnectionDeadline,
    /// Whether another connection has been asked to make room.
    evicted: bool,
}

impl ConnectionPermit {
    pub(super) fn placed(place: ConnectionSlot) -> Self {
        Self(Arc::new(PermitState {
            place: place.into(),
            reserve: None,
        }))
    }

    pub(super) fn reserved(
        reserved: ConnectionSlot,
        places: Arc<ConnectionSlots>,
        client: ClientAddress,
        phases: &ConnectionDeadline,
        evicted: bool,
    ) -> Self {
        Self(Arc::new(PermitState {
            place: OnceLock::new(),
            reserve: Some(Reserve {
                place: Mutex::new(Some(reserved)),
                places,
                client,
                phases: phases.clone(),
                evicted,
            }),
        }))
    }

    fn is_placed(&self) -> bool {
        self.0.place.get().is_some()
    }

    /// Gives a place of the reserve back for a proper one. Returns whether there is one by now.
    async fn move_up(&self) -> bool {
        let Some(reserve) = &self.0.reserve else {
            return self.is_placed();
        };
        let Some(place) = reserve.proper().await else {
            return false;
        };
        // On one connection there is one request at a time, so nobody else has set it.
        let _ = self.0.place.set(place);
        reserve
            .place
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        true
    }
}

impl Reserve {
    /// A proper place, if one becomes free at once. Another newcomer may be faster than this one.
    async fn proper(&self) -> Option<ConnectionSlot> {
        let end = Instant::now() + PATIENCE;
        let mut asked = self.evicted;
        loop {
            let freed = self.places.freed();
            match self.places.take(self.client, &self.phases) {
                Ok(place) => return Some(place),
                Err(_) if Instant::now() >= end => return None,
                Err(_) if asked => {}
                Err(full) => drop(self.places.evict(self.client, full)),
            }
            asked = false;
            // Its end is either way the next try.
            let _ = timeout(ROOM, freed).await;
        }
    }
}

/// A service on a connection, which needs a seat for its first request.
#[derive(Debug, Clone)]
pub(super) struct PermitService<S> {
    inner: S,
    seat: ConnectionPermit,
}

impl<S> PermitService<S> {
    pub(super) fn new(inner: S, seat: ConnectionPermit) -> Self {
        Self { inner, seat }
    }
}

type FirstAnswer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl<S> Service<Request<Incoming>> for PermitService<S>
where
    S: Serves,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<S::Future, FirstAnswer>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        if self.seat.is_placed() {
            return Either::Left(self.inner.call(request));
        }
        let Self { inner, seat } = self.clone();
        Either::Right(Box::pin(first_answer(inner, seat, request)))
    }
}

/// The answer to the first request on a connection of the reserve.
async fn first_answer<S: Serves>(
    mut service: S,
    seat: ConnectionPermit,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    if seat.move_up().await {
        return service.call(request).await;
    }
    request.extensions_mut().insert(Overflow);
    let mut answer = service.call(request).await?;
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(CONNECTION, close);
    Ok(answer)
}
