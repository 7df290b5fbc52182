//! The stream of changes over real connections: what keeps it open, and what ends it.

use std::{net::SocketAddr, time::Duration};

use countersign_application::testing::no_change;
use countersign_domain::Secret;
use countersign_http::{Limits, serve};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};

use super::{
    Doors,
    changes::{CHANGES, change, news, told},
};

/// Longer than any stream here may take for anything.
const FOR_EVER: Duration = Duration::from_secs(10);

pub(super) fn usual() -> Limits {
    Limits::new(100, Duration::from_secs(10))
}

fn short() -> Limits {
    let bound = Duration::from_millis(300);
    Limits {
        head: bound,
        exchange: bound,
        idle: bound,
        ..usual()
    }
}

/// An event of the stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) id: Option<String>,
    pub(super) data: Value,
}

/// A surface behind a listener.
pub(super) struct Served {
    pub(super) doors: Doors,
    address: SocketAddr,
}

/// A client that follows.
pub(super) struct Following {
    response: reqwest::Response,
    unread: String,
}

impl Served {
    pub(super) async fn start(limits: Limits) -> Self {
        Self::over(Doors::new().await, limits).await
    }

    pub(super) async fn over(doors: Doors, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = doors.router.clone();
        tokio::spawn(serve(
            listener,
            router,
            limits,
            std::future::pending::<()>(),
        ));
        Self { doors, address }
    }

    pub(super) async fn follow(&self, secret: &Secret, last: Option<&str>) -> Following {
        let mut request = self.changes().bearer_auth(secret.expose());
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        Self::following(request).await
    }

    /// With the credential in a header by name.
    pub(super) async fn follow_by(&self, name: &str, value: &str) -> Following {
        Self::following(self.changes().header(name, value)).await
    }

    fn changes(&self) -> reqwest::RequestBuilder {
        reqwest::Client::new().get(format!("http://{}{CHANGES}", self.address))
    }

    async fn following(request: reqwest::RequestBuilder) -> Following {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Following {
            response,
            unread: String::new(),
        }
    }

    /// One that is told something as often as it takes it, until it ends.
    async fn busy_until_it_ends(&self, stream: &mut Following) -> Duration {
        let home = &self.doors.world.home;
        let id = home.make("another").await.view.token.id;
        let begin = Instant::now();
        loop {
            self.doors.hub.publish(news(&[change(home, id, 2)], "9"));
            if stream.next().await.is_none() {
                return begin.elapsed();
            }
            assert!(begin.elapsed() < FOR_EVER, "it goes on for ever");
        }
    }
}

impl Following {
    /// The next event; `None` where the stream ended.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.unread.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.unread = rest;
                return Some(read(&event));
            }
            let chunk = timeout(FOR_EVER, self.response.chunk()).await.unwrap();
            let chunk = chunk.ok().flatten()?;
            self.unread.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

fn read(text: &str) -> Event {
    let field = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(": "));
        lines.find_map(|(key, value)| (key == name).then(|| value.to_owned()))
    };
    Event {
        name: field("event").unwrap(),
        id: field("id"),
        data: serde_json::from_str(&field("data").unwrap()).unwrap(),
    }
}

#[tokio::test]
async fn signs_of_life_come_each_second_while_nothing_changes() {
    let served = Served::start(usual()).await;
    let mut stream = served.follow(&served.doors.world.root.secret, None).await;
    assert_eq!(stream.next().await.unwrap().name, "ready");
    for _ in 0..2 {
        let begin = Instant::now();
        let heard = loop {
            served.doors.hub.publish(news(&[], "17"));
            if let Ok(event) = timeout(Duration::from_millis(20), stream.next()).await {
                break event.unwrap();
            }
            assert!(begin.elapsed() < FOR_EVER);
        };
        assert_eq!(heard, told("heartbeat", Some("17"), json!({})));
        assert!(
            begin.elapsed() > Duration::from_millis(700),
            "not with each of them"
        );
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_service() {
    let served = Served::start(usual()).await;
    let secret = &served.doors.world.root.secret;
    let mut stream = served.follow(secret, None).await;
    assert_eq!(stream.next().await.unwrap().name, "ready");
    served.doors.hub.close();
    assert_eq!(stream.next().await, None);
    let reply = served
        .doors
        .send(served.doors.world.ask("GET", CHANGES))
        .await;
    reply.problem(503, "store-unavailable");
}

#[tokio::test]
async fn a_stream_ends_at_once_when_its_token_is_told_to_have_ended() {
    let served = Served::start(usual()).await;
    let home = &served.doors.world.home;
    for narrowed in [false, true] {
        let made = home.make(&format!("narrowed {narrowed}")).await;
        let mut stream = served.follow(&made.secret, None).await;
        assert_eq!(stream.next().await.unwrap().name, "ready");
        let own = change(home, made.view.token.id, 2);
        // Still good: told like any other change.
        served
            .doors
            .hub
            .publish(news(std::slice::from_ref(&own), "1"));
        assert_eq!(stream.next().await.unwrap().name, "change");
        assert_eq!(stream.next().await.unwrap().name, "heartbeat");
        if narrowed {
            let mut edit = no_change(&made.view);
            edit.permissions = Some(vec!["api.tasks.read".to_owned()]);
            home.update(&made.view, &edit).await;
        } else {
            home.revoke(&made.view).await;
        }
        served.doors.hub.publish(news(&[own], "2"));
        assert_eq!(stream.next().await, None, "narrowed: {narrowed}");
    }
}

#[tokio::test]
async fn however_busy_it_is_a_stream_ends_with_its_token() {
    let served = Served::start(usual()).await;
    let (home, clock) = (&served.doors.world.home, &served.doors.world.stores.clock);
    for what in ["revoked", "expired", "its user closed"] {
        let made = home.make(what).await;
        let mut stream = served.follow(&made.secret, None).await;
        assert_eq!(stream.next().await.unwrap().name, "ready");
        match what {
            "revoked" => home.revoke(&made.view).await,
            "expired" => clock.set(made.view.token.expiry),
            _ => served.doors.world.close_user(made.view.token.user).await,
        }
        let took = served.busy_until_it_ends(&mut stream).await;
        assert!(took < Duration::from_secs(3), "{what}: {took:?}");
        let id = home
            .stores
            .tokens
            .list(home.tenant.id, None, 100)
            .await
            .unwrap();
        for view in id
            .content
            .iter()
            .filter(|view| view.token.name.as_str() == "another")
        {
            home.revoke(view).await;
        }
        clock.set("2026-06-01T12:00:00Z".parse().unwrap());
    }
}

#[tokio::test]
async fn a_stream_that_tells_something_outlives_the_bound_of_an_exchange() {
    let served = Served::start(short()).await;
    let home = &served.doors.world.home;
    let id = home.make("one").await.view.token.id;
    let mut stream = served.follow(&served.doors.world.root.secret, None).await;
    assert_eq!(stream.next().await.unwrap().name, "ready");
    let begin = Instant::now();
    while begin.elapsed() < short().exchange * 5 {
        served.doors.hub.publish(news(&[change(home, id, 2)], "9"));
        assert_eq!(stream.next().await.unwrap().name, "change");
        assert_eq!(stream.next().await.unwrap().name, "heartbeat");
    }
    // One that tells nothing does not: its client knows nothing either.
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_client_that_does_not_read_its_stream_is_let_go() {
    let served = Served::start(Limits {
        connections: 1,
        ..short()
    })
    .await;
    let home = &served.doors.world.home;
    let id = home.make("one").await.view.token.id;
    let mut deaf = TcpStream::connect(served.address).await.unwrap();
    let secret = served.doors.world.root.secret.expose();
    let ask =
        format!("GET {CHANGES} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {secret}\r\n\r\n");
    deaf.write_all(ask.as_bytes()).await.unwrap();
    let mut byte = [0];
    deaf.read_exact(&mut byte).await.unwrap();
    // More than the buffers of both sides hold, and always something new.
    let many = vec![change(home, id, 2); 10_000];
    let begin = Instant::now();
    loop {
        served.doors.hub.publish(news(&many, "9"));
        let mut next = TcpStream::connect(served.address).await.unwrap();
        let ask = b"GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n";
        next.write_all(ask).await.unwrap();
        let mut status = [0; 12];
        let read = timeout(FOR_EVER, next.read_exact(&mut status)).await;
        read.unwrap().unwrap();
        // The stream is a request in progress, to which nobody else's has to give way.
        if status.ends_with(b"404") {
            break;
        }
        assert!(status.ends_with(b"503"));
        assert!(begin.elapsed() < FOR_EVER * 2, "its place is never free");
    }
    assert!(begin.elapsed() > short().exchange / 2);
}
