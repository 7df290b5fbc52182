//! The accept loop. The framework's own sets no timers and no bounds; here every phase of a connection has its
//! deadline, their number has a cap, and the end of the service waits for what is in flight, but not for ever.

mod deadline;

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{body::Body, extract::ConnectInfo};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown, service::TowerToHyperService};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout},
};
use tower::{Layer, ServiceExt};

pub(crate) use self::deadline::Endless;
use self::deadline::{Phases, Watched};

/// The largest head of a request, in bytes; hyper answers a larger one with 431.
const LARGEST_HEAD: usize = 32 * 1024;

/// How long accepting rests after an error that says that the machine is out of something.
const REST: Duration = Duration::from_millis(100);

/// The bounds of [`serve`].
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many connections there are at most; further ones wait in the listener's queue.
    pub connections: usize,
    /// How long a head may take to arrive.
    pub head: Duration,
    /// How long an exchange may take, from its head to the last byte that is handed to the connection.
    pub exchange: Duration,
    /// How long a connection is kept between two exchanges, and the rest of an answer may take to be read.
    pub idle: Duration,
    /// How long the end waits for what is in flight.
    pub drain: Duration,
}

impl Limits {
    /// With what a deployment decides; the rest follows from what clients do: 5 s for a head, 30 s for an exchange,
    /// 30 s idle.
    #[must_use]
    pub const fn new(connections: usize, drain: Duration) -> Self {
        Self {
            connections,
            head: Duration::from_secs(5),
            exchange: Duration::from_secs(30),
            idle: Duration::from_secs(30),
            drain,
        }
    }
}

/// What can be served: a service of requests as they arrive, which answers them all.
pub trait Serves:
    tower::Service<
        hyper::Request<hyper::body::Incoming>,
        Response = hyper::Response<Body>,
        Error = Infallible,
    > + Clone
    + Send
    + 'static
{
}

impl<S> Serves for S where
    S: tower::Service<
            hyper::Request<hyper::body::Incoming>,
            Response = hyper::Response<Body>,
            Error = Infallible,
        > + Clone
        + Send
        + 'static
{
}

/// Serves HTTP/1.1 until `shutdown` comes, then finishes what is in flight within the bound.
///
/// # Errors
/// None at present: a listener that cannot accept for the moment is asked again.
pub async fn serve<S>(
    listener: TcpListener,
    service: S,
    limits: Limits,
    shutdown: impl Future,
) -> io::Result<()>
where
    S: Serves,
    S::Future: Send,
{
    let places = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    let mut complaints = Complaints::default();
    loop {
        let (stream, peer, place) = tokio::select! {
            accepted = accept(&listener, &places, &mut complaints) => accepted,
            _ = &mut shutdown => break,
        };
        tokio::spawn(connection(
            (stream, peer),
            service.clone(),
            limits,
            graceful.watcher(),
            place,
        ));
    }
    // Closed first, so that nobody waits in its queue for an answer that will not come.
    drop(listener);
    if timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were cut: they did not end in time");
    }
    Ok(())
}

/// The next connection; its place is taken before it is accepted.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    complaints: &mut Complaints,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    let place = places.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            // The one connection is at fault, not the listener.
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                if complaints.due(Instant::now()) {
                    tracing::warn!(%error, "no connection can be accepted at the moment");
                }
                sleep(REST).await;
            }
        }
    }
}

/// When accepting was last complained of: what lasts is told, but does not fill the log.
#[derive(Debug, Default)]
struct Complaints(Option<Instant>);

impl Complaints {
    const PAUSE: Duration = Duration::from_secs(1);

    /// Whether it is time for one; at most one a second is.
    fn due(&mut self, now: Instant) -> bool {
        let due = self.0.is_none_or(|last| now - last >= Self::PAUSE);
        if due {
            self.0 = Some(now);
        }
        due
    }
}

fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

async fn connection<S>(
    (stream, peer): (TcpStream, SocketAddr),
    service: S,
    limits: Limits,
    watcher: hyper_util::server::graceful::Watcher,
    place: Option<OwnedSemaphorePermit>,
) where
    S: Serves,
    S::Future: Send,
{
    // Answers are written whole; waiting to fill a segment would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone before it was served");
        return;
    }
    let phases = Phases::begin(limits);
    let io = TokioIo::new(Watched::new(stream, phases.clone()));
    let service = phases.clone().layer(service).map_request(
        move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request
        },
    );
    let connection = http1::Builder::new()
        // Kept by the deadlines here: hyper's own would also close what is merely idle.
        .header_read_timeout(None)
        .max_header_size(LARGEST_HEAD)
        .serve_connection(io, TowerToHyperService::new(service));
    tokio::select! {
        // Whatever ends it, there is nobody left to tell.
        _ = watcher.watch(connection) => {}
        () = phases.passed() => {}
    }
    drop(place);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_complained_of_once_a_second() {
        let (mut complaints, begin) = (Complaints::default(), Instant::now());
        let due: Vec<u32> = (0..25)
            .filter(|rest| complaints.due(begin + REST * *rest))
            .collect();
        assert_eq!(due, [0, 10, 20]);
    }
}
