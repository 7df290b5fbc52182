//! Three nodes on a private PostgreSQL, and at each a client that presents a token every few ms.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use countersign_xtask::{
    cluster::{Cluster, Durability},
    server::{Launch, Server},
    sql,
};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use crate::{
    common::{BINARY, Node, TOKENS, answered, in_a_year},
    strait::Strait,
};

/// What the presented token needs, and loses where it is narrowed.
pub(crate) const PERMISSION: &str = "api.tasks.read";
/// How often each node is asked.
const PACE: Duration = Duration::from_millis(5);

pub(crate) struct Trio {
    pub(crate) cluster: Cluster,
    pub(crate) first: Node,
    others: [Server; 2],
    pub(crate) client: Client,
    /// How often a check was answered by 503.
    unanswered: Arc<AtomicUsize>,
}

/// A token that all nodes honour, and are asked about all the time.
pub(crate) struct Honoured {
    made: Value,
    narrow: bool,
    asking: Vec<JoinHandle<Instant>>,
    over: Arc<AtomicBool>,
}

/// For how long a node went on after the acknowledgement, for each that had to hear of it.
pub(crate) type Late = Vec<(usize, Duration)>;

impl Trio {
    pub(crate) async fn start(environment: &[(&str, &str)]) -> Self {
        Self::start_behind(|port| port, environment).await
    }

    /// With a way of its own from the last node to the server, on which the feed can be held up.
    pub(crate) async fn start_beyond_a_strait() -> (Self, Strait) {
        let mut strait = None;
        let trio = Self::start_behind(|port| strait.insert(Strait::to(port)).port, &[]).await;
        (trio, strait.unwrap())
    }

    /// Where the last node finds the server at a port of its own.
    async fn start_behind(way: impl FnOnce(u16) -> u16, environment: &[(&str, &str)]) -> Self {
        let cluster = Cluster::start(Durability::Relaxed).unwrap();
        cluster.create_database("trio").unwrap();
        let mut url = url::Url::parse(&cluster.url("trio")).unwrap();
        let launch = |url: &url::Url| {
            let mut launch = Launch::new(BINARY, url.as_str());
            let pairs = environment.iter();
            launch.environment = pairs.map(|(k, v)| ((*k).into(), (*v).into())).collect();
            launch
        };
        let first = Node::launch(launch(&url));
        let second = Server::start(launch(&url)).unwrap();
        url.set_port(Some(way(url.port().unwrap()))).unwrap();
        let others = [second, Server::start(launch(&url)).unwrap()];
        let client = Client::builder().no_proxy().build().unwrap();
        let trio = Self {
            cluster,
            first,
            others,
            client,
            unanswered: Arc::default(),
        };
        for node in 0..3 {
            trio.until_ready(node).await;
        }
        trio
    }

    pub(crate) fn url(&self, node: usize) -> String {
        match node {
            0 => self.first.server.url(),
            other => self.others[other - 1].url(),
        }
    }

    pub(crate) fn sql(&self, statement: &str) -> String {
        sql::postgres(&self.cluster.url("trio"), statement).unwrap()
    }

    async fn until_ready(&self, node: usize) {
        let end = Instant::now() + Duration::from_secs(20);
        let url = format!("{}/health/ready", self.url(node));
        while self.client.get(&url).send().await.unwrap().status() != StatusCode::OK {
            assert!(Instant::now() < end, "node {node} is not ready");
        }
    }

    /// Stops the server's processes that notify, as if the way to them were cut without a word.
    pub(crate) fn freeze_listeners(&self) -> Vec<String> {
        let pids = self.sql("SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
        let pids: Vec<String> = pids.lines().map(str::to_owned).collect();
        signal("-STOP", &pids);
        pids
    }

    /// A new token.
    pub(crate) async fn token(&self, name: &str) -> Value {
        let body = json!({
            "name": name,
            "expiry": in_a_year(),
            "permissions": [PERMISSION, "api.users.read"],
        });
        let url = format!("{}{TOKENS}", self.url(0));
        let made = self.client.post(url).bearer_auth(&self.first.root);
        answered(made.json(&body).send().await.unwrap(), 201).await
    }

    /// What a node says of a token.
    pub(crate) async fn ask(&self, node: usize, secret: &str) -> StatusCode {
        let url = format!("{}/auth?permission={PERMISSION}", self.url(node));
        let answer = self.client.get(url).bearer_auth(secret).send().await;
        answer.unwrap().status()
    }

    /// Revokes or narrows a token at one node; as soon as that one can, where its database was away.
    async fn end(&self, node: usize, made: &Value, narrow: bool) {
        let url = format!(
            "{}{TOKENS}/{}",
            self.url(node),
            made["id"].as_str().unwrap()
        );
        let last = Instant::now() + Duration::from_secs(20);
        loop {
            let request = if narrow {
                let body = json!({
                    "version": made["version"],
                    "name": made["name"],
                    "permissions": ["api.users.read"],
                });
                self.client.put(&url).json(&body)
            } else {
                self.client.delete(&url)
            };
            let answer = request.bearer_auth(&self.first.root).send().await.unwrap();
            match answer.status() {
                StatusCode::SERVICE_UNAVAILABLE if Instant::now() < last => {}
                status => {
                    assert!(status.is_success(), "{status}");
                    return;
                }
            }
        }
    }

    /// A new token that all nodes honour and know by heart.
    pub(crate) async fn honoured(&self, round: usize) -> Honoured {
        let made = self
            .token(&format!("round {round} {:?}", Instant::now()))
            .await;
        let secret = made["token"].as_str().unwrap().to_owned();
        let over = Arc::new(AtomicBool::new(false));
        let mut asking = Vec::new();
        for node in 0..3 {
            assert_eq!(self.ask(node, &secret).await, StatusCode::OK);
            let url = format!("{}/auth?permission={PERMISSION}", self.url(node));
            let request = self.client.get(url).bearer_auth(&secret);
            let unanswered = Arc::clone(&self.unanswered);
            let last = Instant::now();
            asking.push(tokio::spawn(honoured(
                request,
                last,
                over.clone(),
                unanswered,
            )));
        }
        Honoured {
            made,
            narrow: round.is_multiple_of(2),
            asking,
            over,
        }
    }

    /// Ends it at one node, and sees for how long the others go on.
    pub(crate) async fn end_at(&self, at: usize, honoured: Honoured) -> Late {
        self.end(at, &honoured.made, honoured.narrow).await;
        let acknowledged = Instant::now();
        let mut waits = Vec::new();
        for (node, asking) in honoured.asking.into_iter().enumerate() {
            let last = asking.await.unwrap();
            let wait = last.saturating_duration_since(acknowledged);
            if node == at {
                assert_eq!(wait, Duration::ZERO, "the node that made the change");
            } else {
                waits.push((node, wait));
            }
        }
        honoured.over.store(true, Ordering::SeqCst);
        waits
    }

    /// All of that, by turns at each of the nodes.
    pub(crate) async fn cut_off(&self, round: usize) -> impl Iterator<Item = Duration> {
        let honoured = self.honoured(round).await;
        let late = self.end_at(round % 3, honoured).await;
        assert_eq!(self.unanswered(), 0);
        late.into_iter().map(|(_, wait)| wait)
    }

    /// How often a check was answered by 503 so far.
    pub(crate) fn unanswered(&self) -> usize {
        self.unanswered.load(Ordering::SeqCst)
    }

    /// The newest 9,000 bytes of each node's log, to explain checks without an answer.
    pub(crate) fn logs(&self) -> String {
        let servers = [&self.first.server, &self.others[0], &self.others[1]];
        let logs = servers.map(|server| {
            let log = server.log().unwrap().into_bytes();
            String::from_utf8_lossy(&log[log.len().saturating_sub(9_000)..]).into_owned()
        });
        logs.join("\n\n")
    }

    /// Waits until a node believes its facts, or does not any more.
    pub(crate) async fn until_healthy(&self, node: usize, healthy: bool) {
        let end = Instant::now() + Duration::from_secs(20);
        let url = format!("{}/metrics", self.url(node));
        loop {
            let request = self.client.get(&url).bearer_auth(&self.first.root);
            let page = request.send().await.unwrap().text().await.unwrap();
            let line = format!("countersign_facts_healthy {}", u8::from(healthy));
            if page.contains(&line) {
                return;
            }
            assert!(
                Instant::now() < end,
                "node {node} does not show {line}:\n{page}"
            );
        }
    }
}

/// Asks at a steady pace until it is refused for good; tells when the last request began that was let through. One was
/// before it came to that: on a busy machine this may begin late.
async fn honoured(
    request: reqwest::RequestBuilder,
    mut last: Instant,
    over: Arc<AtomicBool>,
    unanswered: Arc<AtomicUsize>,
) -> Instant {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut refused = 0;
    let end = Instant::now() + Duration::from_secs(20);
    while refused < 3 && !over.load(Ordering::SeqCst) {
        pace.tick().await;
        let began = Instant::now();
        assert!(began < end, "honoured for ever");
        let status = request.try_clone().unwrap().send().await.unwrap().status();
        match status {
            StatusCode::OK => {
                last = began;
                assert_eq!(refused, 0, "honoured again after it was refused");
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => refused += 1,
            StatusCode::SERVICE_UNAVAILABLE => {
                unanswered.fetch_add(1, Ordering::SeqCst);
            }
            other => panic!("{other}"),
        }
    }
    last
}

/// Lets them go on.
pub(crate) fn thaw(pids: &[String]) {
    signal("-CONT", pids);
}

fn signal(signal: &str, pids: &[String]) {
    let sent = Command::new("kill").arg(signal).args(pids).status();
    assert!(sent.unwrap().success());
}
