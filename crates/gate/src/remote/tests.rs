//! Tests of a remote Countersign over real sockets: what its answers become, and that no cut, lag
//! or silence of its stream keeps old facts valid.

use tokio::time::Instant;

use super::{
    fake_server::{FakeServer, Streams, verdict},
    *,
};
use crate::{
    CacheSettings, CachedSource,
    samples::{credential, secret},
};

fn remote(stage: &FakeServer) -> Remote {
    Remote::new(&format!("http://{}/", stage.address), &secret(9)).unwrap()
}

async fn find<S: CredentialSource>(source: &S) -> Result<Option<Arc<Credential>>, SourceError> {
    source.find(&PresentedSecret::from(secret(1))).await
}

/// Asks again until the condition holds, because no event says when other processes and sockets are
/// done.
async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !so().await {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn only_addresses_that_can_be_asked_are_taken() {
    for base in [
        "",
        "countersign",
        "/x",
        "ftp://a",
        "http://a?b=c",
        "http://",
    ] {
        assert!(Remote::new(base, &secret(9)).is_err(), "{base}");
    }
    let https = Remote::new("https://countersign.example/below", &secret(9));
    assert_eq!(https.is_ok(), cfg!(feature = "tls"));
    let remote = Remote::new("http://[::1]:8080/below/", &secret(9)).unwrap();
    assert_eq!(
        remote.verify,
        "http://[::1]:8080/below/api/v1/api-tokens/verify"
    );
    assert!(!format!("{remote:?}").contains(&secret(9).expose()[4..12]));
}

#[tokio::test]
async fn facts_are_as_old_as_the_answer_says() {
    let (stage, _streams) = FakeServer::open().await;
    let remote = remote(&stage);
    for (told, seconds) in [(None, 0), (Some(7), 7)] {
        *stage.age.lock().unwrap() = told;
        let found = remote.find_aged(&PresentedSecret::from(secret(1))).await;
        assert_eq!(found.unwrap().unwrap().age, Duration::from_secs(seconds));
    }
}

#[tokio::test]
async fn facts_are_taken_whatever_the_verdict_says() {
    let (stage, _streams) = FakeServer::open().await;
    let remote = remote(&stage);
    let facts = find(&remote).await.unwrap().unwrap();
    assert_eq!(*facts, credential(1));
    let mut replaced = verdict(1);
    replaced["retirementDate"] = "2026-06-02T00:00:00Z".into();
    stage.answer(200, replaced);
    let facts = find(&remote).await.unwrap().unwrap();
    assert!(facts.valid_until.is_some());
    let unknown = serde_json::json!({ "active": false, "code": "invalid-token" });
    stage.answer(200, unknown);
    assert!(find(&remote).await.unwrap().is_none());
    let heads = stage.heads.lock().unwrap().concat();
    assert!(
        heads.contains(&format!("authorization: bearer {}", secret(9).expose()).to_lowercase())
    );
    assert!(!heads.contains(&secret(1).expose().to_lowercase()));
}

#[tokio::test]
async fn what_cannot_be_told_is_a_fault_and_never_an_unknown_secret() {
    let (stage, _streams) = FakeServer::open().await;
    let remote = remote(&stage);
    for status in [400, 401, 403, 404, 307, 500, 503] {
        stage.answer(status, verdict(1));
        assert!(find(&remote).await.unwrap_err().is_away(), "{status}");
        let refused = remote.refused.load(Ordering::Relaxed);
        assert_eq!(refused, matches!(status, 401 | 403), "{status}");
    }
    for unreadable in [
        serde_json::json!({}),
        serde_json::json!({ "active": true, "code": "ok" }),
        serde_json::json!({ "code": "ok", "token": {} }),
        serde_json::json!([]),
    ] {
        stage.answer(200, unreadable.clone());
        assert!(!find(&remote).await.unwrap_err().is_away(), "{unreadable}");
    }
    let nobody = Remote::new("http://127.0.0.1:1", &secret(9)).unwrap();
    assert!(find(&nobody).await.unwrap_err().is_away());
}

/// A cache that follows the server's stream in a task of its own, and a second handle on its
/// remote's answers.
fn following(stage: &FakeServer) -> Arc<CachedSource<Arc<Remote>>> {
    let remote = Arc::new(remote(stage));
    let settings = CacheSettings {
        feed_timeout: Duration::from_millis(700),
        ..CacheSettings::default()
    };
    let cached = Arc::new(CachedSource::new(Arc::clone(&remote), settings));
    let kept = Arc::clone(&cached);
    tokio::spawn(async move { remote.follow(&kept).await });
    cached
}

fn change(version: i64) -> String {
    let token = credential(1).token;
    format!(
        "event: change\ndata: {{\"id\":\"{token}\",\"version\":{version},\"kind\":\"updated\"}}\nid: c{version}\n\n"
    )
}

async fn healthy(cached: &CachedSource<Arc<Remote>>, wanted: bool) {
    until("the health of the cache", async || {
        cached.stats().healthy == wanted
    })
    .await;
}

const READY: &str = "event: ready\nid: p1\ndata: {}\n\n";
const BEAT: &str = ": alive\n\n";

#[tokio::test]
async fn changes_cut_off_and_silence_means_look_ups() {
    let (stage, mut streams) = FakeServer::open().await;
    let cached = following(&stage);
    let stream = streams.recv().await.unwrap();
    stream.send(BEAT.into()).unwrap();
    assert!(find(&*cached).await.unwrap().is_some());
    assert!(!cached.stats().healthy, "what was missed is not yet told");
    stream.send(READY.into()).unwrap();
    healthy(&cached, true).await;
    assert!(find(&*cached).await.unwrap().is_some());
    let asked = stage.asked("/verify ");
    assert!(find(&*cached).await.unwrap().is_some());
    assert_eq!(stage.asked("/verify "), asked);

    stage.answer(200, verdict(2));
    stream.send(change(2)).unwrap();
    until("the change is heard", async || {
        stream.send(BEAT.into()).unwrap();
        find(&*cached).await.unwrap().unwrap().version.get() == 2
    })
    .await;

    healthy(&cached, false).await;
    let asked = stage.asked("/verify ");
    assert!(find(&*cached).await.unwrap().is_some());
    assert_eq!(stage.asked("/verify "), asked + 1);
}

async fn reopened(
    streams: &mut Streams,
    cut: tokio::sync::mpsc::UnboundedSender<String>,
) -> tokio::sync::mpsc::UnboundedSender<String> {
    drop(cut);
    streams.recv().await.unwrap()
}

#[tokio::test]
async fn a_cut_stream_goes_on_where_it_was_and_a_reset_forgets_everything() {
    let (stage, mut streams) = FakeServer::open().await;
    let cached = following(&stage);
    let stream = streams.recv().await.unwrap();
    stream.send(READY.into()).unwrap();
    healthy(&cached, true).await;
    let stream = reopened(&mut streams, stream).await;
    let last = stage.heads.lock().unwrap().last().cloned().unwrap();
    assert!(last.contains("last-event-id: p1"), "{last}");
    // Missed changes come first.
    stage.answer(200, verdict(2));
    stream.send(change(2) + READY).unwrap();
    until("the missed change is told", async || {
        stream.send(BEAT.into()).unwrap();
        let version = find(&*cached).await.unwrap().unwrap().version.get();
        version == 2 && cached.stats().healthy
    })
    .await;
    stage.answer(200, verdict(3));
    stream
        .send("event: reset\nid: p3\ndata: {}\n\n".into())
        .unwrap();
    until("all is forgotten", async || {
        stream.send(BEAT.into()).unwrap();
        find(&*cached).await.unwrap().unwrap().version.get() == 3
    })
    .await;
    // A position that Countersign does not know is not sent again.
    *stage.changes.lock().unwrap() = 400;
    drop(stream);
    until("it begins anew", async || {
        let heads = stage.heads.lock().unwrap();
        let of_changes = heads.iter().rev().find(|head| head.contains("/changes "));
        of_changes.is_some_and(|head| !head.contains("last-event-id"))
    })
    .await;
}

#[tokio::test]
async fn a_place_that_is_not_known_any_more_is_gone_on_from_by_a_reset() {
    let (stage, mut streams) = FakeServer::open().await;
    let cached = following(&stage);
    let stream = streams.recv().await.unwrap();
    stream.send(READY.into()).unwrap();
    healthy(&cached, true).await;
    assert!(find(&*cached).await.unwrap().is_some());
    let stream = reopened(&mut streams, stream).await;
    stage.answer(200, verdict(2));
    let restored = "event: reset\nid: p9\ndata: {}\n\n\
                    event: ready\nid: p9\ndata: {}\nretry: 1000\n\n";
    stream.send(restored.into()).unwrap();
    until("all is forgotten, and believed again", async || {
        stream.send(BEAT.into()).unwrap();
        let version = find(&*cached).await.unwrap().unwrap().version.get();
        version == 2 && cached.stats().healthy
    })
    .await;
    let stream = reopened(&mut streams, stream).await;
    let last = stage.heads.lock().unwrap().last().cloned().unwrap();
    assert!(last.contains("last-event-id: p9"), "{last}");
    drop(stream);
}

#[tokio::test]
async fn a_node_that_is_behind_cannot_bring_old_facts_back() {
    let (stage, mut streams) = FakeServer::open().await;
    let cached = following(&stage);
    let stream = streams.recv().await.unwrap();
    stream.send(READY.to_owned() + &change(2)).unwrap();
    until("the change is heard", async || {
        find(&*cached).await.is_err()
    })
    .await;
    stage.answer(200, verdict(2));
    assert!(find(&*cached).await.unwrap().is_some());
}

#[tokio::test]
async fn a_token_that_is_not_accepted_keeps_the_cache_shut() {
    let (stage, _streams) = FakeServer::open().await;
    *stage.changes.lock().unwrap() = 401;
    stage.answer(401, verdict(1));
    let cached = following(&stage);
    until("it was tried again", async || stage.asked("/changes ") > 2).await;
    assert!(!cached.stats().healthy);
    assert!(find(&*cached).await.is_err());
}
