//! Following the changes of Countersign (`GET /changes`) to invalidate a cache. The cache counts as
//! informed only while it is certain that nothing was missed. A stream that is cut or frozen is
//! silent, and silence means look-ups.

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

/// The maximum silence of a stream before another one is tried.
const SILENCE: Duration = Duration::from_secs(3);

/// The delay before another try: the first, and the maximum. The maximum is no longer than the
/// `retry` of the stream, and a gate that is cut off must not wait as long as a browser may.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(1);

/// The maximum time by which an answering node may be behind. If it is unknown what changed, an
/// outdated answer of such a node looks like a good one, so everything is invalidated once more
/// after that time.
const BEHIND: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize)]
struct Change {
    id: TokenId,
    version: Version,
}

/// The position from which the stream resumes.
#[derive(Debug, Default)]
struct StreamPosition {
    id: Option<String>,
    /// Whether anything was received in this try.
    heard: bool,
    /// The instant at which everything is to be invalidated once more.
    again: Option<Instant>,
}

impl StreamPosition {
    fn forget_all<S>(&mut self, cached: &CachedSource<S>) {
        cached.forget_all();
        self.again = Some(Instant::now() + BEHIND);
    }
}

impl Remote {
    /// Follows the changes for ever and invalidates the cache. Drop the future when the service
    /// ends.
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

    /// Reads one stream to its end.
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
                    // An older release refuses a position that it does not know: begin again
                    // without one. Newer releases answer 200 with a `reset` first.
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
        // Missed changes come before `ready`; until then nothing is certain.
        let (resumed, mut ready) = (place.id.is_some(), false);
        loop {
            // Data may have waited for this process to continue, so it counts as old as the start
            // of the wait.
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
                    // The change is recorded before the invalidation, so that a look-up that begins
                    // in between takes no older answer.
                    self.recent.changed(change.id, change.version);
                    cached.forget(change.id);
                }
                Err(unread) => {
                    tracing::warn!(error = %unread, "a change cannot be read: everything is invalidated");
                    place.forget_all(cached);
                }
            },
            "reset" => place.forget_all(cached),
            _ => {}
        }
    }
}
