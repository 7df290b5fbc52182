//! Three nodes on a PostgreSQL of their own, and somebody at each who presents a token every few milliseconds.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
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
use tokio::time::{MissedTickBehavior, interval};

use crate::common::{BINARY, Node, TOKENS, answered, in_a_year};

/// What the presented token needs, and loses where it is narrowed.
const PERMISSION: &str = "api.tasks.read";

/// How often each node is asked.
const PACE: Duration = Duration::from_millis(5);

pub(crate) struct Trio {
    pub(crate) cluster: Cluster,
    first: Node,
    others: [Server; 2],
    client: Client,
}

/// For how long after an acknowledgement facts were honoured.
#[derive(Debug, Default)]
pub(crate) struct Waits(Vec<Duration>);

impl Waits {
    pub(crate) fn extend(&mut self, waits: impl IntoIterator<Item = Duration>) {
        self.0.extend(waits);
        self.0.sort_unstable();
    }

    pub(crate) fn median(&self) -> Duration {
        self.0[self.0.len() / 2]
    }

    pub(crate) fn longest(&self) -> Duration {
        *self.0.last().unwrap()
    }

    /// Says how they are distributed.
    #[expect(
        clippy::print_stdout,
        reason = "a number that a test has measured is worth a line"
    )]
    pub(crate) fn tell(&self, circumstances: &str) {
        let at = |share: usize| self.0[(self.0.len() * share / 100).min(self.0.len() - 1)];
        println!(
            "{circumstances}: {} waits, median {:?}, 90 % {:?}, 99 % {:?}, longest {:?}",
            self.0.len(),
            self.median(),
            at(90),
            at(99),
            self.longest()
        );
    }
}

impl Trio {
    pub(crate) async fn start(environment: &[(&str, &str)]) -> Self {
        let cluster = Cluster::start(Durability::Relaxed).unwrap();
        cluster.create_database("trio").unwrap();
        let url = cluster.url("trio");
        let launch = || {
            let mut launch = Launch::new(BINARY, url.clone());
            let pairs = environment.iter();
            launch.environment = pairs.map(|(k, v)| ((*k).into(), (*v).into())).collect();
            launch
        };
        let first = Node::launch(launch());
        let others = [(); 2].map(|()| Server::start(launch()).unwrap());
        let client = Client::builder().no_proxy().build().unwrap();
        let trio = Self {
            cluster,
            first,
            others,
            client,
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

    /// Revokes or narrows a token at one node.
    async fn end(&self, node: usize, made: &Value, narrow: bool) {
        let url = format!(
            "{}{TOKENS}/{}",
            self.url(node),
            made["id"].as_str().unwrap()
        );
        let request = if narrow {
            let body = json!({
                "version": made["version"],
                "name": made["name"],
                "permissions": ["api.users.read"],
            });
            self.client.put(url).json(&body)
        } else {
            self.client.delete(url)
        };
        let answer = request.bearer_auth(&self.first.root).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    /// Ends a token that all nodes honour at one of them, by turns, and sees for how long the others go on.
    pub(crate) async fn cut_off(&self, round: usize) -> Vec<Duration> {
        let (at, narrow) = (round % 3, round.is_multiple_of(2));
        let made = self
            .token(&format!("round {round} {:?}", Instant::now()))
            .await;
        let secret = made["token"].as_str().unwrap().to_owned();
        let over = Arc::new(AtomicBool::new(false));
        let mut asking = Vec::new();
        for node in 0..3 {
            // Honoured, and known by heart.
            assert_eq!(self.ask(node, &secret).await, StatusCode::OK);
            let url = format!("{}/auth?permission={PERMISSION}", self.url(node));
            let request = self.client.get(url).bearer_auth(&secret);
            asking.push(tokio::spawn(honoured(request, over.clone())));
        }
        self.end(at, &made, narrow).await;
        let acknowledged = Instant::now();
        let mut waits = Vec::new();
        for (node, asking) in asking.into_iter().enumerate() {
            let last = asking.await.unwrap();
            let wait = last.saturating_duration_since(acknowledged);
            if node == at {
                assert_eq!(wait, Duration::ZERO, "the node that made the change");
            } else {
                waits.push(wait);
            }
        }
        over.store(true, Ordering::SeqCst);
        waits
    }
}

/// Asks at a steady pace until it is refused for good; tells when the last request began that was let through.
async fn honoured(request: reqwest::RequestBuilder, over: Arc<AtomicBool>) -> Instant {
    let (mut pace, mut last) = (interval(PACE), Instant::now());
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
