//! Keeping a cache right by what Countersign tells (`GET /changes`). The cache is said to be heard only while it is
//! known that nothing was missed; a stream that is cut or frozen is silent, and silence means look-ups.

use std::{convert::Infallible, time::Duration};

use countersign_domain::{TokenId, Version};
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout};

use super::{
    DEADLINE, Remote,
    client::CallError,
    events::{SseEvent, SseReader},
};
use crate::CachedSource;

/// How long a stream may be silent before another one is tried.
const SILENCE: Duration = Duration::from_secs(3);

/// How long is waited before another try: at first, and at most. That is no longer than what the
/// stream asks for in `retry`, and a gate that is cut off must not wait as long as a browser may.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(1);

/// How long a node may be behind that answers by what it knows. Where it is not known what changed, an answer of such a
/// node cannot be told from a good one, so everything is forgotten once more when that time is over.
const BEHIND: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize)]
struct Change {
    id: TokenId,
    version: Version,
}

/// Where the stream is to go on.
#[derive(Debug, Default)]
struct StreamPosition {
    id: Option<String>,
    /// Whether anything was ever heard in this try.
    heard: bool,
    /// When everything is to be forgotten once more.
    again: Option<Instant>,
}

impl StreamPosition {
    fn forget_all<S>(&mut self, cached: &CachedSource<S>) {
        cached.forget_all();
        self.again = Some(Instant::now() + BEHIND);
    }
}

impl Remote {
    /// Follows the changes for ever, and keeps the cache right by them; to be dropped when the service ends.
    pub async fn follow<S: Send + Sync>(&self, cached: &CachedSource<S>) -> Infallible {
        let mut place = StreamPosition::default();
        let mut wait = FIRST;
        loop {
            place.heard = false;
            if let Err(failed) = self.stream(cached, &mut place).await {
                tracing::debug!(error = %failed, "the stream of changes was cut");
            }
            if place.heard {
                wait = FIRST;
            }
            sleep(wait).await;
            wait = LONGEST.min(wait * 2);
        }
    }

    /// One stream to its end.
    async fn stream<S>(
        &self,
        cached: &CachedSource<S>,
        place: &mut StreamPosition,
    ) -> Result<(), CallError> {
        let (uri, bearer) = (&self.changes, &self.bearer);
        let head = self
            .client
            .call(Method::GET, uri, bearer, place.id.as_deref(), Vec::new());
        let answer = timeout(DEADLINE, head)
            .await
            .map_err(|_| CallError::Late)??;
        self.note_status(answer.status());
        match answer.status() {
            StatusCode::OK => {}
            status => {
                if status == StatusCode::BAD_REQUEST {
                    // Not a place of this Countersign, says an older release of it: begin anew.
                    // Newer ones answer 200 with a `reset` first.
                    place.id = None;
                }
                return Err(CallError::Status(status));
            }
        }
        self.read(answer.into_body(), cached, place).await
    }

    async fn read<S>(
        &self,
        mut body: Incoming,
        cached: &CachedSource<S>,
        place: &mut StreamPosition,
    ) -> Result<(), CallError> {
        let mut reader = SseReader::default();
        // What was missed comes before `ready`: until then, nothing is known for sure.
        let (resumed, mut ready) = (place.id.is_some(), false);
        loop {
            // What is read may have waited for this process to go on; it is as old as the waiting for it.
            let asked = std::time::Instant::now();
            let frame = timeout(SILENCE, body.frame()).await;
            let Some(frame) = frame.map_err(|_| CallError::Late)? else {
                return Ok(());
            };
            let frame = frame.map_err(|cut| CallError::Unread(cut.into()))?;
            let piece = frame.into_data().unwrap_or_default();
            let events = reader
                .read(&piece)
                .map_err(|_| CallError::Unread("a line without end".into()))?;
            for event in events {
                if event.name == "ready" && !ready {
                    ready = true;
                    if !resumed {
                        place.forget_all(cached);
                    }
                }
                self.take(&event, cached, place);
                if place.again.take_if(|at| Instant::now() >= *at).is_some() {
                    cached.forget_all();
                }
                if let Some(id) = event.id {
                    place.id = Some(id);
                }
                if ready {
                    place.heard = true;
                    cached.note_feed(asked);
                }
            }
        }
    }

    fn take<S>(&self, event: &SseEvent, cached: &CachedSource<S>, place: &mut StreamPosition) {
        match event.name.as_str() {
            "change" => match serde_json::from_str::<Change>(&event.data) {
                Ok(change) => {
                    // Noted before it is forgotten, so that no look-up that begins then takes an older answer.
                    self.recent.changed(change.id, change.version);
                    cached.forget(change.id);
                }
                Err(unread) => {
                    tracing::warn!(error = %unread, "a change cannot be read: everything is forgotten");
                    place.forget_all(cached);
                }
            },
            "reset" => place.forget_all(cached),
            _ => {}
        }
    }
}
