//! Readers of a long history, and concurrent checks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode};
use tokio::task::JoinSet;

use crate::{
    common::{BOTH, Node, On},
    desk::text,
    visitor::Visitor,
};

/// How often the token was changed.
const CHANGES: u64 = 4000;
/// How many look at its page at once.
const VIEWS: usize = 96;
/// How long 99 of 100 checks may take while all these pages are made beside them.
const BOUND: Duration = Duration::from_millis(400);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn looking_at_a_long_history_holds_up_no_check() {
    let prepared = BOTH.map(|on| tokio::spawn(prepared(on)));
    for (prepared, on) in prepared.into_iter().zip(BOTH) {
        let (node, id) = prepared.await.unwrap();
        let node = Arc::new(node);
        let visitor = Arc::new(Visitor::signed_in(&node.server.url(), &node.root).await);
        let page = format!("/console/tokens/{id}");
        let quiet = checks(node.clone(), 200, Arc::default()).await;
        let over = Arc::new(AtomicBool::new(false));
        let asking: JoinSet<_> = (0..4)
            .map(|_| checks(node.clone(), usize::MAX, over.clone()))
            .collect();
        let began = Instant::now();
        let views: JoinSet<_> = (0..VIEWS)
            .map(|_| {
                let (visitor, page) = (visitor.clone(), page.clone());
                async move { view(&visitor, &page).await }
            })
            .collect();
        let views = views.join_all().await;
        let took = began.elapsed();
        over.store(true, Ordering::Relaxed);
        let mut asked = asking.join_all().await.concat();
        asked.sort_unstable();
        let lost = asked.iter().filter(|(_, status)| *status != StatusCode::OK);
        let (lost, p99) = (lost.count(), asked[asked.len() * 99 / 100].0);
        let verified = views
            .iter()
            .filter(|(_, text)| text.contains("Chain verified"));
        let verified = verified.count();
        let mut again = Instant::now();
        for _ in 0..20 {
            again = Instant::now();
            if view(&visitor, &page).await.1.contains("Chain verified") {
                break;
            }
        }
        eprintln!(
            "{on:?}: {} checks, {lost} lost, p99 {p99:?} (alone {:?}), slowest {:?}; \
             {VIEWS} views in {took:?}, {verified} of them verified; one more in {:?}",
            asked.len(),
            quiet[quiet.len() * 99 / 100].0,
            asked[asked.len() - 1].0,
            again.elapsed(),
        );
        assert_eq!(lost, 0, "{on:?}");
        assert!(p99 < BOUND, "{on:?}: {p99:?}");
        for (status, text) in views {
            assert_eq!(status, StatusCode::OK);
            assert!(text.contains("Chain verified") || text.contains("Still being verified"));
        }
    }
}

/// A node that looks up every check, with a token that was changed often.
async fn prepared(on: On) -> (Node, String) {
    let node = Node::start_with(on, &[("COUNTERSIGN_CHANGE_FEED", "none")]);
    let made = node.create("name 0").await;
    let id = text(&made, "id").to_owned();
    for version in 1..=CHANGES {
        let renamed = node.rename(&id, version, &format!("name {version}")).await;
        assert_eq!(renamed.status(), StatusCode::OK);
    }
    (node, id)
}

async fn view(visitor: &Visitor, page: &str) -> (StatusCode, String) {
    let answer = visitor.get(page).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

/// How long each of some checks took, and what it was answered with; the quickest first.
async fn checks(
    node: Arc<Node>,
    most: usize,
    over: Arc<AtomicBool>,
) -> Vec<(Duration, StatusCode)> {
    let mut took = Vec::new();
    while took.len() < most && !over.load(Ordering::Relaxed) {
        let began = Instant::now();
        let answer = node.request(Method::GET, "/auth").send().await.unwrap();
        took.push((began.elapsed(), answer.status()));
    }
    took.sort_unstable();
    took
}
