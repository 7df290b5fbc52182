//! One connection, from its first byte to its end.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, server::graceful::Watcher, service::TowerToHyperService};
use tokio::net::TcpStream;
use tower::{Layer, ServiceExt};

use super::{
    Serves,
    deadline::ConnectionDeadline,
    permit::{ConnectionPermit, PermitService},
    stream::TimedIo,
};
use crate::validate_request::validate;

/// The maximum size of a request's head, in bytes; hyper answers a larger one with 431.
const LARGEST_HEAD: usize = 32 * 1024;

/// Serves a connection until it ends by itself, passes a deadline, or is evicted.
pub(super) async fn connection<S>(
    (stream, peer): (TcpStream, SocketAddr),
    service: S,
    phases: ConnectionDeadline,
    watcher: Watcher,
    seat: ConnectionPermit,
) where
    S: Serves,
    S::Future: Send,
{
    // Answers are written whole, so waiting to fill a segment would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone before it was served");
        return;
    }
    let io = TokioIo::new(TimedIo::new(stream, phases.clone()));
    let seated = PermitService::new(service, seat);
    let service =
        phases
            .clone()
            .layer(seated)
            .map_request(move |mut request: Request<Incoming>| {
                validate(&mut request);
                request.extensions_mut().insert(ConnectInfo(peer));
                request
            });
    let connection = http1::Builder::new()
        // The deadlines here replace it: hyper's own would also close idle connections.
        .header_read_timeout(None)
        .max_header_size(LARGEST_HEAD)
        .serve_connection(io, TowerToHyperService::new(service));
    let activity = phases.activity();
    tokio::select! {
        // First, so that a request that has arrived begins before anything else can end the
        // connection.
        biased;
        // However the connection ends, no client is left to inform.
        _ = watcher.watch(connection) => {}
        () = phases.clone().passed() => {}
        () = activity.evicted() => {}
    }
    // Nobody may ask it to close any more.
    activity.busy();
}
