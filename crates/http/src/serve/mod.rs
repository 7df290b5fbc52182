//! The accept loop. The framework's own sets no timers and no bounds. Here every phase of a
//! connection has its deadline, the number of connections has a cap, one client has a share of
//! them, and the end of the service waits for requests in flight, but not for ever.

mod activity;
mod admission;
mod body_watch;
mod connection;
mod deadline;
mod permit;
mod slots;
mod stream;

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::body::Body;
use hyper_util::server::graceful::GracefulShutdown;
use ipnet::IpNet;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout},
};

use self::{admission::Admission, connection::connection, deadline::ConnectionDeadline};
pub(crate) use self::{body_watch::WatchedBody, deadline::Streaming, permit::Overflow};

/// The pause of the accept loop after an error because the machine lacks a resource.
const REST: Duration = Duration::from_millis(100);

/// The bounds of [`serve`].
#[derive(Debug, Clone)]
pub struct Limits {
    /// The maximum number of connections. A further one replaces the connection that has been idle
    /// longest. If none is idle, it gets one of [`Limits::reserve`] further slots, for one request.
    pub connections: usize,
    /// The maximum number of connections of one address; an IPv6 network of /64 counts as one.
    pub per_address: usize,
    /// The networks whose addresses are exempt from that.
    pub exempt: Vec<IpNet>,
    /// The time for a head to arrive.
    pub head: Duration,
    /// The time for an exchange, from its head to the last byte that is handed to the connection, and
    /// the time for a client to read the rest of an answer.
    pub exchange: Duration,
    /// The time until the first exchange, and between two exchanges.
    pub idle: Duration,
    /// The time for requests in flight at the end of the service.
    pub drain: Duration,
}

impl Limits {
    /// Creates the limits from what a deployment decides; the others follow from what clients do: 5
    /// s for a head, 30 s for an exchange, 650 s idle. Clients and proxies that keep a connection for
    /// reuse close it earlier: a server that closes first resets requests that are just being sent.
    #[must_use]
    pub const fn new(connections: usize, drain: Duration) -> Self {
        Self {
            connections,
            per_address: connections,
            exempt: Vec::new(),
            head: Duration::from_secs(5),
            exchange: Duration::from_secs(30),
            idle: Duration::from_secs(650),
            drain,
        }
    }

    /// The number of connections beyond `connections`, for one request each: a sixteenth, from 4 to
    /// 64.
    #[must_use]
    pub fn reserve(connections: usize) -> usize {
        (connections / 16).clamp(4, 64)
    }
}

/// A service that [`serve`] can serve: it takes requests as they arrive, and answers every one.
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

/// Serves HTTP/1.1 until `shutdown` completes, then finishes the requests in flight within the
/// bound.
///
/// # Errors
/// None at present: a listener that cannot accept at the moment is tried again.
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
    let limits = Arc::new(limits);
    let mut admission = Admission::new(&limits);
    let graceful = GracefulShutdown::new();
    let begin = Instant::now();
    let mut shutdown = pin!(shutdown);
    let mut complaints = LogThrottle::every(Duration::from_secs(1));
    loop {
        let next = async {
            let (stream, peer) = accept(&listener, &mut complaints).await;
            let phases = ConnectionDeadline::begin(Arc::clone(&limits), begin);
            let seat = admission.admit(peer.ip(), &phases).await;
            seat.map(|seat| ((stream, peer), phases, seat))
        };
        let admitted = tokio::select! {
            admitted = next => admitted,
            _ = &mut shutdown => break,
        };
        // If nobody can answer the connection, dropping it closes it.
        let Some((client, phases, seat)) = admitted else {
            continue;
        };
        let watcher = graceful.watcher();
        tokio::spawn(connection(client, service.clone(), phases, watcher, seat));
    }
    // The listener is closed first, so that no connection waits in its queue for an answer that
    // will not come.
    drop(listener);
    if timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were cut: they did not end in time");
    }
    Ok(())
}

/// Accepts the next connection.
async fn accept(listener: &TcpListener, complaints: &mut LogThrottle) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // The fault is that of one connection, not of the listener.
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

/// The time of the last log line: a lasting fault is logged, but does not fill the log.
#[derive(Debug)]
struct LogThrottle {
    pause: Duration,
    last: Option<Instant>,
}

impl LogThrottle {
    /// At most one line in each period.
    const fn every(pause: Duration) -> Self {
        Self { pause, last: None }
    }

    /// Whether the next line is due.
    fn due(&mut self, now: Instant) -> bool {
        let due = self.last.is_none_or(|last| now - last >= self.pause);
        if due {
            self.last = Some(now);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_complained_of_once_a_second() {
        let mut complaints = LogThrottle::every(Duration::from_secs(1));
        let begin = Instant::now();
        let due: Vec<u32> = (0..25)
            .filter(|rest| complaints.due(begin + REST * *rest))
            .collect();
        assert_eq!(due, [0, 10, 20]);
    }
}
