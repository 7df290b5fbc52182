//! The accept loop. The framework's own sets no timers and no bounds; here every phase of a connection has its
//! deadline, their number has a cap, one client has a share of them, and the end of the service waits for what is in
//! flight, but not for ever.

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

/// How long accepting rests after an error that says that the machine is out of something.
const REST: Duration = Duration::from_millis(100);

/// The bounds of [`serve`].
#[derive(Debug, Clone)]
pub struct Limits {
    /// How many connections there are at most. A further one takes the place of the one that is idle longest. If none
    /// is idle, it gets one of [`Limits::reserve`] further places, for one request.
    pub connections: usize,
    /// How many of them one address has at most; an IPv6 network of /64 counts as one.
    pub per_address: usize,
    /// The networks to whose addresses that does not apply.
    pub exempt: Vec<IpNet>,
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
            per_address: connections,
            exempt: Vec::new(),
            head: Duration::from_secs(5),
            exchange: Duration::from_secs(30),
            idle: Duration::from_secs(30),
            drain,
        }
    }

    /// How many connections there may be beyond `connections`, for one request each: a sixteenth, from 4 to 64.
    #[must_use]
    pub fn reserve(connections: usize) -> usize {
        (connections / 16).clamp(4, 64)
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
        // One that nobody can answer any more is closed by being dropped.
        let Some((client, phases, seat)) = admitted else {
            continue;
        };
        let watcher = graceful.watcher();
        tokio::spawn(connection(client, service.clone(), phases, watcher, seat));
    }
    // Closed first, so that nobody waits in its queue for an answer that will not come.
    drop(listener);
    if timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were cut: they did not end in time");
    }
    Ok(())
}

/// The next connection.
async fn accept(listener: &TcpListener, complaints: &mut LogThrottle) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
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

/// When something was last complained of: what lasts is logged, but does not fill the log.
#[derive(Debug)]
struct LogThrottle {
    pause: Duration,
    last: Option<Instant>,
}

impl LogThrottle {
    /// At most one in each pause.
    const fn every(pause: Duration) -> Self {
        Self { pause, last: None }
    }

    /// Whether it is time for one.
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
