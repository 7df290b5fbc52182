//! The accept loop, over real connections: slow, silent, endless and too many clients.

use std::{net::SocketAddr, time::Duration};

use countersign_http::{Limits, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::world::{TOKENS, World};

struct Running {
    world: World,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

async fn start(limits: Limits) -> Running {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(serve(listener, world.router.clone(), limits, stopped));
    Running {
        world,
        address,
        stop,
        served,
    }
}

fn usual() -> Limits {
    Limits::new(10_000, Duration::from_secs(10))
}

fn short() -> Limits {
    let bound = Duration::from_millis(200);
    Limits {
        head: bound,
        exchange: bound,
        idle: bound,
        drain: bound,
        ..usual()
    }
}

impl Running {
    async fn open(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and reads until the service closes the connection.
    async fn until_closed(&self, bytes: &[u8]) -> String {
        let mut stream = self.open().await;
        // The service may close before it has read all.
        let _ = stream.write_all(bytes).await;
        read_to_end(&mut stream).await
    }
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    // A reset after the answer is a close too.
    drop(read.expect("the connection is closed"));
    String::from_utf8_lossy(&answer).into_owned()
}

async fn read_some(stream: &mut TcpStream) -> String {
    let mut answer = [0; 4096];
    let read = timeout(Duration::from_secs(10), stream.read(&mut answer))
        .await
        .unwrap();
    String::from_utf8_lossy(&answer[..read.unwrap()]).into_owned()
}

const LIVE: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn silent_slow_and_idle_clients_are_let_go() {
    let running = start(short()).await;
    assert_eq!(running.until_closed(b"").await, "", "nothing was sent");
    assert_eq!(
        running.until_closed(b"GET / HTTP/1.1\r\nhost:").await,
        "",
        "half a head"
    );
    let answer = running.until_closed(LIVE).await;
    assert!(
        answer.starts_with("HTTP/1.1 200"),
        "an answer, then idle: {answer}"
    );
    let half = [LIVE, b"GET /health"].concat();
    assert!(
        running
            .until_closed(&half)
            .await
            .starts_with("HTTP/1.1 200")
    );
    let body = format!(
        "POST {TOKENS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{{",
        running.world.root.secret.expose()
    );
    running.until_closed(body.as_bytes()).await;
}

#[tokio::test]
async fn oversize_heads_and_bodies_are_refused_unread() {
    let running = start(usual()).await;
    let head = |line: &str| format!("{line} HTTP/1.1\r\nhost: x\r\n");
    let huge = format!(
        "{}x-a: {}\r\n\r\n",
        head("GET /health/live"),
        "a".repeat(64_000)
    );
    assert!(
        running
            .until_closed(huge.as_bytes())
            .await
            .starts_with("HTTP/1.1 431")
    );
    let many = format!(
        "{}{}\r\n",
        head("GET /health/live"),
        "x-a: b\r\n".repeat(200)
    );
    assert!(
        running
            .until_closed(many.as_bytes())
            .await
            .starts_with("HTTP/1.1 431")
    );
    let long = format!("{}\r\n", head(&format!("GET /{}", "x".repeat(16_000))));
    let answer = running.until_closed(long.as_bytes()).await;
    assert!(
        answer.starts_with("HTTP/1.1 414") && answer.contains("x-request-id"),
        "{answer}"
    );

    let secret = running.world.root.secret.expose();
    let post = format!(
        "{}authorization: Bearer {secret}\r\ncontent-type: application/json\r\n",
        head(&format!("POST {TOKENS}"))
    );
    let declared = format!("{post}content-length: 10000000000\r\n\r\n");
    let answer = running.until_closed(declared.as_bytes()).await;
    assert!(
        answer.starts_with("HTTP/1.1 413") && answer.contains("connection: close"),
        "{answer}"
    );
    let chunk = format!("8000\r\n{}\r\n", " ".repeat(0x8000));
    let endless = format!(
        "{post}transfer-encoding: chunked\r\n\r\n{}",
        chunk.repeat(3)
    );
    assert!(
        running
            .until_closed(endless.as_bytes())
            .await
            .starts_with("HTTP/1.1 413")
    );
    let unknown = format!(
        "{}content-length: 10000000000\r\n\r\n",
        head(&format!("POST {TOKENS}"))
    );
    assert!(
        running
            .until_closed(unknown.as_bytes())
            .await
            .starts_with("HTTP/1.1 401")
    );
    assert!(read_live(&running).await, "the process lives");
}

async fn read_live(running: &Running) -> bool {
    let mut stream = running.open().await;
    stream.write_all(LIVE).await.unwrap();
    read_some(&mut stream).await.starts_with("HTTP/1.1 200")
}

#[tokio::test]
async fn a_client_that_never_reads_its_answer_is_let_go() {
    let running = start(Limits {
        connections: 1,
        ..short()
    })
    .await;
    let mut deaf = running.open().await;
    let ask = b"GET /api/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(500);
    // More than the buffers of both sides hold; the rest is never taken.
    let _ = timeout(Duration::from_secs(2), deaf.write_all(&ask)).await;
    assert!(
        timeout(Duration::from_secs(10), read_live(&running))
            .await
            .unwrap()
    );
}

/// An idle connection may be kept for long, but not while its client leaves an answer unread.
#[tokio::test]
async fn an_unread_answer_is_bounded_even_if_idle_connections_are_not() {
    let running = start(Limits {
        idle: Duration::from_mins(1),
        ..short()
    })
    .await;
    let mut deaf = running.open().await;
    let ask = b"GET /api/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(500);
    let closed = async { while deaf.write_all(&ask).await.is_ok() {} };
    timeout(Duration::from_secs(10), closed)
        .await
        .expect("the connection is closed");
}

/// Clients and proxies open connections ahead, and use them later: a server that closed one at that
/// moment would reset the request.
#[tokio::test]
async fn a_connection_without_a_request_is_idle() {
    let limits = short();
    let running = start(Limits {
        idle: Duration::from_mins(1),
        ..limits.clone()
    })
    .await;
    let mut ahead = running.open().await;
    for _ in 0..2 {
        // The pause is the input here.
        sleep(limits.head * 5).await;
        ahead.write_all(LIVE).await.unwrap();
        assert!(read_some(&mut ahead).await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn the_end_finishes_what_is_in_flight_and_waits_no_longer_than_its_bound() {
    let running = start(usual()).await;
    let mut idle = running.open().await;
    idle.write_all(LIVE).await.unwrap();
    read_some(&mut idle).await;
    running.stop.send(()).unwrap();
    timeout(Duration::from_secs(5), running.served)
        .await
        .expect("idle connections hold nothing up")
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(running.address).await.is_err());

    let running = start(Limits {
        drain: Duration::from_millis(200),
        ..usual()
    })
    .await;
    let mut stuck = running.open().await;
    let body = format!(
        "POST {TOKENS} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n",
        running.world.root.secret.expose()
    );
    stuck.write_all(body.as_bytes()).await.unwrap();
    assert!(
        read_some(&mut stuck).await.starts_with("HTTP/1.1 100"),
        "its body is being waited for"
    );
    running.stop.send(()).unwrap();
    timeout(Duration::from_secs(5), running.served)
        .await
        .expect("cut at the bound")
        .unwrap()
        .unwrap();
}
