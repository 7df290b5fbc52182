//! The permit of a connection: a slot, or one of the reserve until its first request. So a load
//! balancer that asks for the health of the service gets an answer whatever the other clients do.

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

/// The time that the first request on a connection of the reserve waits for a normal slot.
const PATIENCE: Duration = Duration::from_millis(50);

/// Marks a request on a connection beyond the cap. Only health checks are answered; the connection
/// closes after the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overflow;

/// The permit of a connection. Dropping the last clone frees it.
#[derive(Debug, Clone)]
pub(super) struct ConnectionPermit(Arc<PermitState>);

#[derive(Debug)]
struct PermitState {
    place: OnceLock<ConnectionSlot>,
    reserve: Option<Reserve>,
}

/// A slot of the reserve, and where to ask for a normal one.
#[derive(Debug)]
struct Reserve {
    place: Mutex<Option<ConnectionSlot>>,
    places: Arc<ConnectionSlots>,
    client: ClientAddress,
    phases: ConnectionDeadline,
    /// Whether another connection was asked to make room.
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

    /// Exchanges a slot of the reserve for a normal one. Returns whether that succeeded.
    async fn move_up(&self) -> bool {
        let Some(reserve) = &self.0.reserve else {
            return self.is_placed();
        };
        let Some(place) = reserve.proper().await else {
            return false;
        };
        // A connection has one request at a time, so the cell is empty.
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
    /// A normal slot, if one becomes free at once. Another new connection may be faster.
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
            // With or without a time-out, the next try follows.
            let _ = timeout(ROOM, freed).await;
        }
    }
}

/// The service of a connection, which needs a permit for its first request.
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
