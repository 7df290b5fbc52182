//! The database goes away, freezes, turns read-only or is locked by another session while the
//! service is in use: every call ends in time with 503, no answer is ever wrong, and the service
//! recovers without a restart.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../e2e/mod.rs"]
mod e2e;
mod held;
mod outage;

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use common::{Node, TOKENS, in_a_year};
use countersign_domain::Secret;
use e2e::{
    LONGEST, UNKNOWN_ID,
    client::{Answer, Client},
};

/// How long the service may take to be itself again.
const RECOVERY: Duration = Duration::from_secs(10);

/// Calls that would have to be answered 401, 404, 409 or 2xx, by somebody who knew.
async fn ask_what_nobody_knows(node: &Node, calls: usize) -> Vec<Answer> {
    let mut asking = JoinSet::new();
    for number in 0..calls {
        let root = Client::root(node);
        let unknown = root.with_secret(Secret::from_random(&[7; 32]).expose());
        asking.spawn(async move {
            let draft = json!({
                "name": format!("Never {number}"),
                "expiry": in_a_year(),
                "permissions": ["api.tasks.read"],
            });
            match number % 8 {
                0 => unknown.get(TOKENS).await,
                1 => root.get(&format!("{TOKENS}/{UNKNOWN_ID}")).await,
                2 => root.get(&format!("/api/v1/users/{UNKNOWN_ID}")).await,
                3 => root.post(TOKENS, &draft).await,
                4 => root.delete(UNKNOWN_ID).await,
                5 => root.post(&format!("{TOKENS}/query"), &json!({})).await,
                6 => root.get(&format!("{TOKENS}/{UNKNOWN_ID}/events")).await,
                _ => root.get(&format!("{TOKENS}/current")).await,
            }
        });
    }
    asking.join_all().await
}

fn assert_all_unavailable(answers: &[Answer]) {
    assert!(!answers.is_empty());
    for answer in answers {
        answer.assert_unavailable();
    }
}

/// Asks until the answer is this one.
async fn until_answered(status: u16, mut ask: impl AsyncFnMut() -> Answer) {
    let start = Instant::now();
    loop {
        let answer = ask().await;
        assert!(
            answer.took() < LONGEST,
            "{} took {:?}",
            answer.call,
            answer.took()
        );
        if answer.status == status {
            return;
        }
        answer.assert_unavailable();
        assert!(
            start.elapsed() < RECOVERY,
            "not {status} after {RECOVERY:?}: {}",
            answer.text
        );
    }
}
