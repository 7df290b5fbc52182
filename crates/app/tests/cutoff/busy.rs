//! Tokens that are changed all the time are checked from memory while the database is away, by what
//! was acknowledged last.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    common::TOKENS,
    trio::{PERMISSION, Trio},
};

const TOKENS_CHANGED: usize = 30;
/// Long enough for the feed to be silent, and for the breaker to be tried often; within the grace.
const OUTAGE: Duration = Duration::from_secs(12);
/// How often each token is checked at each node.
const PACE: Duration = Duration::from_millis(50);

/// What the writer of a token knows: it has the permission, or lacks it, or neither is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Held = 0,
    Lost = 1,
    Open = 2,
}

/// What is known, and how often that changed.
#[derive(Default)]
struct State(AtomicU64);

impl State {
    fn set(&self, known: Known) {
        let before = self.0.load(Ordering::SeqCst);
        self.0
            .store((before / 4 + 1) * 4 + known as u64, Ordering::SeqCst);
    }

    fn get(&self) -> (u64, Known) {
        let state = self.0.load(Ordering::SeqCst);
        let known = match state % 4 {
            0 => Known::Held,
            1 => Known::Lost,
            _ => Known::Open,
        };
        (state, known)
    }
}

#[derive(Default)]
struct Counts {
    written: AtomicUsize,
    answered: AtomicUsize,
    unanswered: AtomicUsize,
    certain: AtomicUsize,
}

/// Gives a token the permission and takes it again, all the time, at one node.
struct Writer {
    client: Client,
    root: String,
    url: String,
    name: String,
    version: i64,
}

impl Writer {
    async fn run(mut self, state: Arc<State>, counts: Arc<Counts>, over: Arc<AtomicBool>) {
        let mut held = true;
        while !over.load(Ordering::SeqCst) {
            let (_, before) = state.get();
            state.set(Known::Open);
            let after = if held { Known::Lost } else { Known::Held };
            let permissions = if held {
                vec!["api.users.read"]
            } else {
                vec![PERMISSION, "api.users.read"]
            };
            let body = json!({
                "version": self.version, "name": self.name, "permissions": permissions,
            });
            let sent = self
                .client
                .put(&self.url)
                .bearer_auth(&self.root)
                .json(&body);
            let answer = sent.send().await.unwrap();
            let status = answer.status();
            let body: Value = answer.json().await.unwrap();
            match (status, body["type"].as_str()) {
                (StatusCode::OK, _) => {
                    self.version = body["version"].as_i64().unwrap();
                    held = !held;
                    state.set(after);
                    counts.written.fetch_add(1, Ordering::SeqCst);
                }
                (StatusCode::CONFLICT, _) => {
                    self.version = body["currentVersion"].as_i64().unwrap();
                    let current = body["current"]["permissions"].as_array().unwrap();
                    held = current.contains(&json!(PERMISSION));
                }
                (StatusCode::SERVICE_UNAVAILABLE, Some("/problems/outcome-unknown")) => {
                    sleep(PACE).await;
                }
                (StatusCode::SERVICE_UNAVAILABLE, _) => {
                    state.set(before);
                    sleep(PACE).await;
                }
                other => panic!("{other:?}: {body}"),
            }
        }
    }
}

/// Checks a token at a node all the time; at the node of its writer, also whether the answer is right.
async fn check(
    request: reqwest::RequestBuilder,
    state: Option<Arc<State>>,
    counts: Arc<Counts>,
    (down, over): (Arc<AtomicBool>, Arc<AtomicBool>),
) {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while !over.load(Ordering::SeqCst) {
        pace.tick().await;
        let in_outage = down.load(Ordering::SeqCst);
        let before = state.as_ref().map(|state| state.get());
        let status = request.try_clone().unwrap().send().await.unwrap().status();
        let after = state.as_ref().map(|state| state.get());
        match status {
            StatusCode::OK | StatusCode::FORBIDDEN if in_outage => {
                counts.answered.fetch_add(1, Ordering::SeqCst);
            }
            StatusCode::SERVICE_UNAVAILABLE if in_outage => {
                counts.unanswered.fetch_add(1, Ordering::SeqCst);
            }
            // The outage may begin in the middle of a check.
            StatusCode::OK | StatusCode::FORBIDDEN | StatusCode::SERVICE_UNAVAILABLE => {}
            other => panic!("{other}"),
        }
        let Some((_, known)) = before.filter(|_| before == after) else {
            continue;
        };
        counts.certain.fetch_add(1, Ordering::SeqCst);
        match known {
            Known::Held => assert_ne!(status, StatusCode::FORBIDDEN, "given, acknowledged"),
            Known::Lost => assert_ne!(status, StatusCode::OK, "taken, acknowledged"),
            Known::Open => {}
        }
    }
}

/// Writers and checkers of all tokens: each is changed at one of two nodes, and checked at both.
async fn crowd(trio: &Trio, counts: &Arc<Counts>, flags: &[Arc<AtomicBool>; 2]) -> JoinSet<()> {
    let [down, over] = flags;
    let mut crowd = JoinSet::new();
    for number in 0..TOKENS_CHANGED {
        let made = trio.token(&format!("busy {number}")).await;
        let state = Arc::new(State::default());
        let at = number % 2;
        for node in 0..2 {
            let url = format!("{}/auth?permission={PERMISSION}", trio.url(node));
            let secret = made["token"].as_str().unwrap();
            let request = trio.client.get(url).bearer_auth(secret);
            let state = (node == at).then(|| state.clone());
            let flags = (down.clone(), over.clone());
            crowd.spawn(check(request, state, counts.clone(), flags));
        }
        let writer = Writer {
            client: trio.client.clone(),
            root: trio.first.root.clone(),
            url: format!("{}{TOKENS}/{}", trio.url(at), made["id"].as_str().unwrap()),
            name: made["name"].as_str().unwrap().to_owned(),
            version: 1,
        };
        crowd.spawn(writer.run(state, counts.clone(), over.clone()));
    }
    crowd
}

#[expect(
    clippy::print_stdout,
    reason = "a number that a test has measured is worth a line"
)]
/// While the tokens change, the database ends as `begin` says; returns how many checks in a thousand
/// are answered until `end`.
async fn outage(begin: fn(&mut Trio), end: fn(&mut Trio)) -> usize {
    let mut trio = Trio::start(&[]).await;
    let (counts, flags) = (Arc::<Counts>::default(), <[Arc<AtomicBool>; 2]>::default());
    let mut crowd = crowd(&trio, &counts, &flags).await;
    sleep(Duration::from_secs(3)).await;
    let written = counts.written.load(Ordering::SeqCst);
    assert!(written > 2 * TOKENS_CHANGED, "{written}");
    tokio::task::block_in_place(|| begin(&mut trio));
    flags[0].store(true, Ordering::SeqCst);
    sleep(OUTAGE).await;
    flags[0].store(false, Ordering::SeqCst);
    tokio::task::block_in_place(|| end(&mut trio));
    // They go on by themselves.
    let (back, before) = (Instant::now(), counts.written.load(Ordering::SeqCst));
    while counts.written.load(Ordering::SeqCst) < before + 2 * TOKENS_CHANGED {
        assert!(back.elapsed() < Duration::from_secs(20), "{}", trio.logs());
        sleep(PACE).await;
    }
    flags[1].store(true, Ordering::SeqCst);
    while let Some(ended) = crowd.join_next().await {
        ended.unwrap_or_else(|failed| panic!("{failed}\n{}", trio.logs()));
    }
    let [answered, unanswered, certain] = [&counts.answered, &counts.unanswered, &counts.certain]
        .map(|count| count.load(Ordering::SeqCst));
    assert!(answered > 0 && certain > 0);
    println!("{answered} answered, {unanswered} not, {certain} compared, {written} written before");
    answered * 1000 / (answered + unanswered)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_change_all_the_time_outlive_a_stopped_database() {
    let answered = outage(
        |trio| trio.cluster.stop().unwrap(),
        |trio| trio.cluster.start_again().unwrap(),
    );
    let answered = answered.await;
    assert!(answered >= 990, "{answered} of 1000");
}

/// Each statement that was under way may have been carried out: what both outcomes permit is honoured.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_change_all_the_time_outlive_a_frozen_database() {
    let answered = outage(
        |trio| trio.cluster.freeze().unwrap(),
        |trio| trio.cluster.thaw().unwrap(),
    );
    let answered = answered.await;
    assert!(answered >= 990, "{answered} of 1000");
}
