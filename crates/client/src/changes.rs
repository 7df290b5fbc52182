//! The stream of changes, which goes on after a restart of the service.

use std::{collections::VecDeque, time::Duration};

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{sleep, timeout};

use crate::{
    Change, Client, Error, Open,
    call::{Answer, Call},
    sse::{SseEvent, SseReader},
};

/// The maximum silence of a stream before another one is opened; a heartbeat comes each second.
const SILENCE: Duration = Duration::from_secs(10);
/// The delay before a stream is opened again: the first, and the maximum.
const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// What the stream of changes reports.
#[derive(Debug)]
#[non_exhaustive]
pub enum StreamEvent {
    /// The stream is open, and what follows is new.
    Ready,
    /// A token has changed. A change may be reported more than once.
    Change(Open<Change>),
    /// More has changed than can be reported: everything that is held has to be read again.
    Reset,
    /// The stream broke; it is opened again where it ended.
    Lost(Error),
}

/// The stream of changes.
#[derive(Debug)]
pub struct ChangeStream<'a> {
    client: &'a Client,
    position: Option<String>,
    delay: Option<Duration>,
    body: Option<(Incoming, SseReader)>,
    pending: VecDeque<SseEvent>,
}

impl Client {
    /// Follows the changes of all tokens of the tenant, from now on or behind a position.
    #[must_use]
    pub fn changes(&self, position: Option<String>) -> ChangeStream<'_> {
        ChangeStream {
            client: self,
            position,
            delay: None,
            body: None,
            pending: VecDeque::new(),
        }
    }
}

impl ChangeStream<'_> {
    /// The position behind which a later stream can go on.
    #[must_use]
    pub fn position(&self) -> Option<&str> {
        self.position.as_deref()
    }

    /// The next event. It waits for as long as nothing happens, and opens the stream again if it
    /// broke.
    ///
    /// # Errors
    /// Returns the service's refusal, such as that of a revoked caller. A temporary one is a
    /// [`StreamEvent::Lost`].
    pub async fn next(&mut self) -> Result<StreamEvent, Error> {
        loop {
            while let Some(event) = self.pending.pop_front() {
                if let Some(event) = self.take(event) {
                    return Ok(event);
                }
            }
            if let Err(error) = self.fill().await {
                self.body = None;
                let delay = self.delay.map_or(FIRST_DELAY, |delay| delay * 2);
                self.delay = Some(delay.min(LONGEST_DELAY));
                return match error {
                    Error::Problem(problem) if !matches!(problem.status, 429 | 503) => {
                        Err(Error::Problem(problem))
                    }
                    Error::Invalid(_) => Err(error),
                    lost => Ok(StreamEvent::Lost(lost)),
                };
            }
        }
    }

    /// Reads the next piece of the stream.
    async fn fill(&mut self) -> Result<(), Error> {
        let silent = |_| Error::Timeout {
            authority: self.client.authority().to_owned(),
            limit: SILENCE,
        };
        let (body, reader) = if let Some(open) = &mut self.body {
            open
        } else {
            if let Some(delay) = self.delay {
                sleep(delay).await;
            }
            let opening = open(self.client, self.position.as_deref());
            let body = timeout(SILENCE, opening).await.map_err(silent)??;
            self.body.insert((body, SseReader::default()))
        };
        let frame = timeout(SILENCE, body.frame()).await.map_err(silent)?;
        let ended = || self.client.broken("the stream ended");
        let frame = frame
            .ok_or_else(ended)?
            .map_err(|cause| self.client.broken(cause))?;
        let piece = frame.into_data().unwrap_or_default();
        let too_long = || self.client.broken("a line of the stream is too long");
        self.pending
            .extend(reader.read(&piece).ok_or_else(too_long)?);
        Ok(())
    }

    fn take(&mut self, event: SseEvent) -> Option<StreamEvent> {
        self.position = event.id.or(self.position.take());
        match event.name.as_str() {
            "ready" => {
                self.delay = None;
                Some(StreamEvent::Ready)
            }
            "change" => {
                let change = serde_json::from_str(&event.data).ok()?;
                Some(StreamEvent::Change(change))
            }
            "reset" => Some(StreamEvent::Reset),
            _ => None,
        }
    }
}

async fn open(client: &Client, position: Option<&str>) -> Result<Incoming, Error> {
    let mut call = Call::get("/api/v1/changes");
    if let Some(position) = position {
        call = call.header("last-event-id", position)?;
    }
    let (head, body) = client.open(&call).await?.into_parts();
    if head.status.is_success() {
        return Ok(body);
    }
    let whole = body.collect().await.map_err(|cause| client.broken(cause))?;
    let answer = Answer {
        status: head.status,
        headers: head.headers,
        body: whole.to_bytes(),
        authority: client.authority().to_owned(),
    };
    let unexpected = answer.unexpected();
    Err(answer
        .successful()
        .map_or_else(|error| error, |_| unexpected))
}
