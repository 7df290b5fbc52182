//! Deadlines of one connection, which move with its phases: a head that has begun has to be
//! complete soon, an exchange has to end, and an idle connection is closed. So no client can hold a
//! connection by being slow, in either direction.
//!
//! Moving a deadline is one store to memory, because that happens several times with every request.
//! The waiting task looks again now and then, which makes a deadline late by at most a fifth of the
//! shortest bound.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use hyper::{
    Request, Response,
    body::{Frame, SizeHint},
};
use pin_project_lite::pin_project;
use tokio::time::{Instant, sleep_until};
use tower::{Layer, Service};

use super::{Limits, activity::Activity};

/// The time for which a connection may stay open before its first request. It takes a slot, and its
/// client has not yet shown that it speaks HTTP.
const UNUSED: Duration = Duration::from_mins(2);

/// Marks an answer without an end: each of its parts restarts the deadline of its exchange.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Streaming;

/// Moves the deadline of a connection from phase to phase.
#[derive(Debug, Clone)]
pub(super) struct ConnectionDeadline(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limits: Arc<Limits>,
    begin: Instant,
    /// Microseconds from the server's start to the deadline.
    deadline: AtomicU64,
    /// Whether nothing of a request has arrived.
    idle: AtomicBool,
    /// Whether the last answer was written to the system completely.
    written: AtomicBool,
    activity: Activity,
}

impl ConnectionDeadline {
    /// Creates the deadline of a new connection of a server that started at `begin`. The connection
    /// is idle: clients and proxies also open connections that they use later, though soon.
    pub(super) fn begin(limits: Arc<Limits>, begin: Instant) -> Self {
        let unused = limits.idle.min(UNUSED);
        let phases = Self(Arc::new(Shared {
            limits,
            begin,
            deadline: AtomicU64::new(0),
            idle: AtomicBool::new(true),
            written: AtomicBool::new(true),
            activity: Activity::new(micros(begin.elapsed())),
        }));
        phases.allow(unused);
        phases
    }

    /// The activity of the connection.
    pub(super) fn activity(&self) -> &Activity {
        &self.0.activity
    }

    /// Microseconds from the server's start.
    pub(super) fn now(&self) -> u64 {
        micros(self.0.begin.elapsed())
    }

    /// Moves the deadline, and returns the instant from which it counts.
    fn allow(&self, bound: Duration) -> u64 {
        let now = self.0.begin.elapsed();
        let at = micros(now + bound);
        self.0.deadline.store(at, Ordering::Relaxed);
        micros(now)
    }

    /// Begins an exchange.
    fn exchange(&self) {
        self.0.idle.store(false, Ordering::Relaxed);
        self.0.activity.busy();
        self.allow(self.0.limits.exchange);
    }

    /// Ends the exchange: the connection is idle once its answer is written.
    fn rest(&self) {
        self.0.written.store(false, Ordering::Relaxed);
        self.0.idle.store(true, Ordering::Relaxed);
        let now = self.allow(self.0.limits.exchange);
        self.0.activity.idle(now);
    }

    /// Records that all bytes so far are written: those of the last answer, if the connection is
    /// idle.
    pub(super) fn note_flush(&self) {
        if self.0.idle.load(Ordering::Relaxed) && !self.0.written.swap(true, Ordering::Relaxed) {
            self.allow(self.0.limits.idle);
        }
    }

    /// Records that bytes have arrived: those of the next head, if the connection was idle.
    pub(super) fn note_input(&self) {
        if self.0.idle.swap(false, Ordering::Relaxed) {
            self.allow(self.0.limits.head);
        }
    }

    /// Returns when a deadline passes without having been moved.
    pub(super) async fn passed(self) {
        let Limits {
            head,
            exchange,
            idle,
            ..
        } = *self.0.limits;
        let pause = head.min(exchange).min(idle) / 5;
        loop {
            let at = Duration::from_micros(self.0.deadline.load(Ordering::Relaxed));
            let (at, now) = (self.0.begin + at, Instant::now());
            if at <= now {
                return;
            }
            sleep_until(at.min(now + pause)).await;
        }
    }
}

/// Microseconds since the server's start.
fn micros(since: Duration) -> u64 {
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Ends an exchange when the last part of its answer was handed over, or the exchange was
/// abandoned.
#[derive(Debug)]
struct ExchangeGuard(ConnectionDeadline);

impl Drop for ExchangeGuard {
    fn drop(&mut self) {
        self.0.rest();
    }
}

/// A service that marks exchanges.
#[derive(Debug, Clone)]
pub(super) struct TimedService<S> {
    inner: S,
    phases: ConnectionDeadline,
}

impl<S> Layer<S> for ConnectionDeadline {
    type Service = TimedService<S>;

    fn layer(&self, inner: S) -> TimedService<S> {
        TimedService {
            inner,
            phases: self.clone(),
        }
    }
}

impl<S, B> Service<Request<B>> for TimedService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    B: hyper::body::Body,
{
    type Response = Response<TimedBody>;
    type Error = S::Error;
    type Future = TimedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        self.phases.exchange();
        if !request.body().is_end_stream() {
            // So that the body can record its progress.
            request.extensions_mut().insert(self.phases.clone());
        }
        TimedFuture {
            answering: self.inner.call(request),
            exchange: Some(ExchangeGuard(self.phases.clone())),
        }
    }
}

pin_project! {
    /// The future of an answer.
    pub(super) struct TimedFuture<F> {
        #[pin]
        answering: F,
        exchange: Option<ExchangeGuard>,
    }
}

impl<F, E> Future for TimedFuture<F>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = Result<Response<TimedBody>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.answering.poll(cx));
        let exchange = this.exchange.take();
        Poll::Ready(response.map(|response| {
            let endless = response.extensions().get::<Streaming>().is_some();
            response.map(|body| TimedBody {
                body,
                exchange,
                endless,
            })
        }))
    }
}

/// An answer's body, with its exchange: hyper drops it once it has taken all of it.
#[derive(Debug)]
pub(super) struct TimedBody {
    body: Body,
    exchange: Option<ExchangeGuard>,
    endless: bool,
}

impl hyper::body::Body for TimedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if self.endless
            && let Some(ExchangeGuard(phases)) = &self.exchange
        {
            phases.exchange();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
