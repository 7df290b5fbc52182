//! The deadlines of one connection. They move with its phases: a head that has begun has to be whole soon, an exchange
//! has to end, and what does nothing is let go. So no client holds a connection by being slow, on either side.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::{Request, Response};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::watch,
    time::{Instant, sleep_until},
};
use tower::{Layer, Service};

use super::Limits;

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing of a request has come.
    Idle,
    /// Some of a head has come.
    Head,
    /// A request is being answered.
    Exchange,
}

/// Moves the deadline as the connection goes from phase to phase.
#[derive(Debug, Clone)]
pub(super) struct Phases {
    limits: Limits,
    phase: Arc<Mutex<Phase>>,
    deadline: watch::Sender<Instant>,
}

impl Phases {
    /// A new connection: a head is expected at once.
    pub(super) fn begin(limits: Limits) -> (Self, watch::Receiver<Instant>) {
        let (deadline, seen) = watch::channel(Instant::now() + limits.head);
        let phase = Arc::new(Mutex::new(Phase::Head));
        (
            Self {
                limits,
                phase,
                deadline,
            },
            seen,
        )
    }

    fn enter(&self, phase: Phase) {
        let bound = match phase {
            Phase::Idle => self.limits.idle,
            Phase::Head => self.limits.head,
            Phase::Exchange => self.limits.exchange,
        };
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
        self.deadline.send_replace(Instant::now() + bound);
    }

    /// Bytes have come: of a next head, where nothing was under way.
    fn heard(&self) {
        let phase = *self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        if phase == Phase::Idle {
            self.enter(Phase::Head);
        }
    }
}

/// The deadline that holds at the moment.
pub(super) struct Deadline;

impl Deadline {
    /// Ends when a deadline passes without having been moved.
    pub(super) async fn passed(mut deadline: watch::Receiver<Instant>) {
        loop {
            let at = *deadline.borrow_and_update();
            tokio::select! {
                () = sleep_until(at) => return,
                moved = deadline.changed() => if moved.is_err() {
                    return sleep_until(at).await;
                },
            }
        }
    }
}

/// Ends an exchange when the last of its answer has been handed over, or the exchange was given up.
struct Exchange(Phases);

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.enter(Phase::Idle);
    }
}

/// A service that marks exchanges.
#[derive(Debug, Clone)]
pub(super) struct Marking<S> {
    inner: S,
    phases: Phases,
}

impl<S> Layer<S> for Phases {
    type Service = Marking<S>;

    fn layer(&self, inner: S) -> Marking<S> {
        Marking {
            inner,
            phases: self.clone(),
        }
    }
}

impl<S, B> Service<Request<B>> for Marking<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.phases.enter(Phase::Exchange);
        let exchange = Exchange(self.phases.clone());
        let answering = self.inner.call(request);
        Box::pin(async move {
            let response = answering.await?;
            // The body goes once hyper has taken all of it.
            Ok(response.map(|body| {
                Body::new(body.map_frame(move |frame| {
                    let _held = &exchange;
                    frame
                }))
            }))
        })
    }
}

/// A connection's stream, listened to for the first bytes of a head.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    phases: Phases,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, phases: Phases) -> Self {
        Self { stream, phases }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.phases.heard();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
