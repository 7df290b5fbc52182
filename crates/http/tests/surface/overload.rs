//! More clients than connection slots: which are evicted, which never are, and that health checks
//! are answered. Clients connect from several addresses of the loopback network, each of which
//! counts as one.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use axum::{Router, routing::post};
use countersign_http::{Limits, serve};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::world::{TOKENS, World};

mod bodies;

const LIVE: &str = "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";
const CURRENT: &str = "GET /api/v1/api-tokens/current HTTP/1.1\r\nhost: x\r\n\r\n";
const LONG: Duration = Duration::from_secs(10);

struct Running {
    world: World,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

/// One client's connection.
struct Wire(TcpStream);

async fn start(connections: usize, per_address: usize) -> Running {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = Limits {
        per_address,
        ..Limits::new(connections, LONG)
    };
    let (stop, stopped) = oneshot::channel();
    let form = Router::new().route("/form", post(|_: String| async {}));
    let router = world.router.clone().with_pages(form);
    let served = tokio::spawn(serve(listener, router, limits, stopped));
    Running {
        world,
        address,
        stop,
        served,
    }
}

impl Running {
    /// A connection from 127.0.0.`client`.
    async fn open(&self, client: u8) -> Wire {
        let socket = TcpSocket::new_v4().unwrap();
        let from = SocketAddr::from((Ipv4Addr::new(127, 0, 0, client), 0));
        socket.bind(from).unwrap();
        let connected = timeout(LONG, socket.connect(self.address)).await;
        Wire(connected.expect("a place in the queue").unwrap())
    }

    /// A connection that has been used, and is idle.
    async fn used(&self, client: u8) -> Wire {
        let mut wire = self.open(client).await;
        assert_eq!(wire.ask(LIVE).await, 200);
        wire
    }

    /// A connection with a request whose body is being waited for.
    async fn working(&self, client: u8) -> Wire {
        let mut wire = self.open(client).await;
        let head = format!(
            "POST {TOKENS} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.world.root.secret.expose(),
            self.body(client).len()
        );
        assert_eq!(wire.ask(&head).await, 100);
        wire
    }

    /// The body that such a request waits for.
    fn body(&self, client: u8) -> String {
        json!({
            "name": format!("made {client}"),
            "expiry": self.world.home.draft("any").expiry,
            "permissions": ["api.api-tokens.read"],
        })
        .to_string()
    }
}

impl Wire {
    /// The status of the answer; 0 if the connection was closed instead.
    async fn ask(&mut self, request: &str) -> u16 {
        // A connection that is being closed shows when the answer is read.
        let _ = self.0.write_all(request.as_bytes()).await;
        let answer = self.read().await;
        answer.get(9..12).map_or(0, |code| code.parse().unwrap())
    }

    async fn read(&mut self) -> String {
        let mut answer = [0; 4096];
        let read = timeout(LONG, self.0.read(&mut answer)).await;
        let length = read.expect("an answer or the end").unwrap_or(0);
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    /// Whether the service has closed the connection, in order and not by a reset (RFC 9112, section 9.6).
    async fn is_closed(&mut self) -> bool {
        let read = timeout(LONG, self.0.read(&mut [0])).await;
        matches!(read.expect("the connection ends"), Ok(0))
    }
}

#[tokio::test]
async fn a_further_connection_takes_the_place_of_the_one_idle_longest() {
    let running = start(3, 3).await;
    let mut silent = running.open(1).await;
    let mut first = running.used(1).await;
    let mut second = running.used(2).await;
    let begin = Instant::now();
    let mut kept = Vec::new();
    for expected in [&mut silent, &mut first] {
        let mut fresh = running.open(3).await;
        assert_eq!(fresh.ask(CURRENT).await, 401);
        assert_eq!(fresh.ask(CURRENT).await, 401, "it has a place for good");
        assert!(expected.is_closed().await);
        kept.push(fresh);
    }
    assert_eq!(second.ask(CURRENT).await, 401, "it was used later");
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_request_in_progress_is_never_cut_and_health_is_answered_beside_it() {
    let running = start(2, 2).await;
    let mut working = [running.working(1).await, running.working(2).await];
    for client in [1, 2, 3, 4] {
        let begin = Instant::now();
        for path in ["/health/live", "/health/ready", "/metrics"] {
            let mut probe = running.open(client).await;
            let answer = probe
                .ask(&CURRENT.replace("/api/v1/api-tokens/current", path))
                .await;
            assert_eq!(answer, if path == "/metrics" { 401 } else { 200 }, "{path}");
            assert!(probe.is_closed().await, "{path}: for one request only");
        }
        assert!(begin.elapsed() < Duration::from_secs(1));
        let mut other = running.open(client).await;
        other.0.write_all(CURRENT.as_bytes()).await.unwrap();
        let answer = other.read().await;
        for part in [
            "HTTP/1.1 503",
            "retry-after: 1\r\n",
            "connection: close\r\n",
            "/problems/too-many-connections",
        ] {
            assert!(answer.contains(part), "{part}: {answer}");
        }
        assert!(other.is_closed().await);
    }
    for (wire, client) in working.iter_mut().zip([1, 2]) {
        assert_eq!(wire.ask(&running.body(client)).await, 201);
    }
    assert_eq!(running.used(3).await.ask(CURRENT).await, 401);
}

#[tokio::test]
async fn silent_connections_in_the_reserve_keep_no_probe_out() {
    let running = start(1, 1).await;
    let _working = running.working(1).await;
    let mut crowd = Vec::new();
    for round in 0..40 {
        for client in 2..8 {
            crowd.push(running.open(client).await);
        }
        let begin = Instant::now();
        assert_eq!(running.open(9).await.ask(LIVE).await, 200, "round {round}");
        assert!(begin.elapsed() < Duration::from_secs(1));
    }
}

#[tokio::test]
async fn an_address_has_its_share_and_others_have_the_rest() {
    let running = start(4, 2).await;
    let mut own = [running.used(1).await, running.used(1).await];
    let mut other = running.used(2).await;
    let mut third = running.used(1).await;
    assert!(own[0].is_closed().await, "it makes room for its own");
    assert_eq!(other.ask(CURRENT).await, 401, "and nobody else does");
    assert_eq!(third.ask(CURRENT).await, 401);
    drop((own, third));

    let _working = [running.working(1).await, running.working(1).await];
    assert_eq!(running.open(1).await.ask(CURRENT).await, 503);
    assert_eq!(running.open(1).await.ask(LIVE).await, 200);
    assert_eq!(running.open(3).await.ask(CURRENT).await, 401);
    assert_eq!(other.ask(CURRENT).await, 401);
}

#[tokio::test]
async fn a_client_that_reads_no_answer_gives_way_last() {
    let running = start(2, 2).await;
    let mut deaf = running.open(1).await;
    let ask = LIVE
        .replace("/health/live", "/api/openapi.json")
        .repeat(500);
    deaf.0.write_all(ask.as_bytes()).await.unwrap();
    // By then the service has written all that the buffers of both sides hold.
    for _ in 0..300 {
        assert_eq!(running.open(2).await.ask(LIVE).await, 200);
    }
    let mut idle = running.used(2).await;
    let mut working = running.working(3).await;
    assert!(
        idle.is_closed().await,
        "before the one with an answer to read"
    );
    assert_eq!(running.used(4).await.ask(CURRENT).await, 401);
    assert_eq!(working.ask(&running.body(3)).await, 201);
}

/// Opens connections, uses each once, and keeps them: several times as many as there are places.
async fn attack(running: &Running, clients: &[u8], over: &AtomicBool) {
    let mut kept = Vec::new();
    for client in clients.iter().cycle().take(400) {
        let mut wire = running.open(*client).await;
        let _ = wire.0.write_all(CURRENT.as_bytes()).await;
        kept.push(wire);
        sleep(Duration::from_millis(1)).await;
    }
    over.store(true, Ordering::Relaxed);
}

/// Asks on a connection of its own each time, and on one that it keeps.
async fn visit(running: &Running, over: &AtomicBool) -> (u32, Duration) {
    let (mut slowest, mut answered) = (Duration::ZERO, 0);
    let mut kept = running.used(9).await;
    while !over.load(Ordering::Relaxed) {
        for request in [LIVE, CURRENT] {
            let begin = Instant::now();
            let status = running.open(9).await.ask(request).await;
            slowest = slowest.max(begin.elapsed());
            assert_eq!(status, if request == LIVE { 200 } else { 401 });
            answered += 1;
        }
        assert_eq!(
            kept.ask(CURRENT).await,
            401,
            "it is used more often than others"
        );
    }
    (answered, slowest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_used_once_and_kept_keep_nobody_out() {
    for clients in [&[1][..], &[1, 2, 3, 4, 5, 6, 7, 8]] {
        let running = start(100, 25).await;
        let over = AtomicBool::new(false);
        let ((), (answered, slowest)) =
            tokio::join!(attack(&running, clients, &over), visit(&running, &over));
        println!("400 kept by {clients:?}: {answered} answers, the slowest {slowest:?}");
        assert!(
            answered > 0 && slowest < Duration::from_secs(1),
            "{slowest:?}"
        );
    }
}

#[tokio::test]
async fn the_end_comes_in_time_with_all_places_taken() {
    let running = start(1, 1).await;
    let mut working = running.working(1).await;
    let mut waiting = running.open(2).await;
    let body = running.body(1);
    running.stop.send(()).unwrap();
    assert_eq!(waiting.read().await, "", "nothing was asked on it");
    working.0.write_all(body.as_bytes()).await.unwrap();
    assert!(
        working.read().await.contains("201"),
        "what is in flight ends"
    );
    let ended = timeout(Duration::from_secs(5), running.served).await;
    ended.expect("in time").unwrap().unwrap();
}
