//! The stream of changes (server-sent events) for services that cache facts: it reports at once
//! what they have to invalidate, and its silence means that their facts may be stale.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response, Sse, sse::Event},
};
use countersign_application::ports::{
    ChangeBatch, FeedError, FeedPosition, StoreError, TokenChanged,
};
use countersign_domain::{
    Actor, EventKind, Operation as _, ReadTokens, TenantId, TokenId, Version,
};
use futures_util::stream::unfold;
use serde::Serialize;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::Instant,
};
use utoipa::ToSchema;

use super::super::Answer;
use crate::{
    body::NoBody,
    caller::Caller,
    params::Params,
    problem::{Code, FieldError, Problem},
    serve::Streaming,
    state::ApiState,
    stream_limit::StreamPermit,
};

const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The maximum number of missed changes that a resuming client gets; beyond that it has to look
/// everything up again.
const MOST: u16 = 1000;

/// The period of heartbeats if nothing changes. It is a little less than a second, so that none
/// slips into the next one.
const PULSE: Duration = Duration::from_millis(900);

/// The delay after which a client should reconnect if its stream was cut; browsers wait longer by
/// default.
const RETRY: Duration = Duration::from_secs(1);

/// A change of a token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TokenChange)]
pub(crate) struct ChangeRecord {
    #[schema(value_type = String, format = "uuid")]
    id: TokenId,
    /// Its version after the change.
    #[schema(value_type = i64, minimum = 1)]
    version: Version,
    #[schema(value_type = String, pattern = "^(created|updated|rotated|revoked)$")]
    kind: EventKind,
}

/// Follow the changes
///
/// A stream of server-sent events that does not end by itself. `ready` comes first, or after the
/// changes that were missed since `Last-Event-ID`. `change` reports a change of one token (`{"id",
/// "version", "kind"}`), at least once. `reset` means that more was missed than can be reported, or
/// that the id is not known here, as after a restore: everything that the client caches has to be
/// looked up again. `heartbeat` comes each second for as long as the node itself learns of every
/// change; without it, facts may be out of date. The id of an event is the position from which to
/// resume, on any node.
#[utoipa::path(
    get, path = "/changes", operation_id = "followChanges", tag = "checks",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was received")),
    responses((status = 200, body = String, content_type = "text/event-stream"), (status = 400), (status = 429)),
    extensions(("x-required-permission" = json!(ReadTokens::PERMISSION))),
)]
pub(in crate::routes) async fn changes(
    State(app): State<ApiState>,
    caller: Caller<ReadTokens>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    _: NoBody,
) -> Answer {
    Params::none(query.as_deref())?;
    let from = start(&headers)?;
    // The stream is followed before the first read, so that no change is lost in between.
    let news = app.news.follow().ok_or_else(stopping)?;
    let &Actor { tenant, token, .. } = caller.actor();
    let seat = app.streams().acquire(tenant, token);
    let seat = seat.ok_or_else(too_many)?;
    let turn = app.streams().turn().await;
    let first = first(&app, &from).await?;
    drop(turn);
    // The rest of the head is not kept while the stream lasts.
    let presented = app.gate.token_headers().picked(&headers);
    let mut stream = Stream {
        app,
        tenant,
        _seat: seat,
        caller: token,
        address: caller.exchange.address,
        headers: presented,
        news,
        pending: VecDeque::new(),
        beat: Instant::now(),
        judged: Instant::now(),
    };
    stream.take(&first);
    let ready = sign("ready", &first.position).retry(RETRY);
    stream.pending.push_back(ready);
    let events = unfold(stream, async |mut stream| {
        let event = stream.next().await?;
        Some((Ok::<_, Infallible>(event), stream))
    });
    let mut response: Response = Sse::new(events).into_response();
    // For nginx, which otherwise holds data back until there is enough for a packet.
    let at_once = HeaderValue::from_static("no");
    response.headers_mut().insert(ACCEL_BUFFERING, at_once);
    response.extensions_mut().insert(Streaming);
    Ok(response)
}

/// The position from which a client wants to follow.
#[derive(Debug, PartialEq, Eq)]
enum Start {
    /// From now on: the client has no position.
    Now,
    Behind(FeedPosition),
    /// After an event that this stream does not know, as after a restore or a change of the
    /// database.
    Unknown,
}

fn start(headers: &HeaderMap) -> Result<Start, Problem> {
    let mut values = headers.get_all(LAST_EVENT_ID).iter();
    let (value, None) = (values.next(), values.next()) else {
        let detail = "it can be given only once";
        let fault = FieldError::in_parameter(LAST_EVENT_ID.as_str(), "several-values", detail);
        return Err(Problem::invalid_parameters(vec![fault]));
    };
    let Some(value) = value else {
        return Ok(Start::Now);
    };
    let position = value.to_str().ok().and_then(|text| text.parse().ok());
    Ok(position.map_or(Start::Unknown, Start::Behind))
}

/// The first batch for the client. A position that the store does not know is treated as one from
/// which too much was missed: an `EventSource` gives up for good after any status other than 200.
async fn first(app: &ApiState, start: &Start) -> Result<ChangeBatch, StoreError> {
    if let Start::Behind(position) = start {
        match app.feed.since(position, MOST).await {
            Ok(news) => return Ok(news),
            Err(FeedError::Store(fault)) => return Err(fault),
            Err(FeedError::Position(_)) => {}
        }
    }
    Ok(ChangeBatch {
        changes: (*start == Start::Now).then(Vec::new),
        position: app.feed.position().await?,
    })
}

fn too_many() -> Problem {
    let detail = "As many streams of changes are open as there may be, or as one tenant may have.";
    Problem::new(Code::TooManyRequests, detail).with_header(header::RETRY_AFTER, "5")
}

fn stopping() -> Problem {
    StoreError::Unavailable("the service is about to stop".into()).into()
}

/// The stream of one client.
struct Stream {
    app: ApiState,
    tenant: TenantId,
    _seat: StreamPermit,
    /// The token of the client.
    caller: Option<TokenId>,
    address: Option<std::net::IpAddr>,
    /// The client's headers, so that its credential can be judged again while the stream lasts.
    headers: HeaderMap,
    news: Receiver<Arc<ChangeBatch>>,
    pending: VecDeque<Event>,
    /// The instant of the last event or heartbeat.
    beat: Instant,
    /// The instant at which the caller was last admitted. It does not move with events: a busy
    /// tenant must not keep a revoked caller here.
    judged: Instant,
}

impl Stream {
    /// The next event; `None` once the service stops or the caller is no longer admitted.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                self.beat = Instant::now();
                return Some(event);
            }
            match self.news.recv().await {
                Ok(news) => {
                    if self.concerns_the_caller(&news) || self.judged.elapsed() >= PULSE {
                        if !self.still_admitted().await {
                            return None;
                        }
                        self.judged = Instant::now();
                    }
                    self.take(&news);
                    if self.pending.is_empty() && self.beat.elapsed() >= PULSE {
                        self.pending.push_back(sign("heartbeat", &news.position));
                    }
                }
                Err(RecvError::Lagged(_)) => {
                    self.pending
                        .push_back(Event::default().event("reset").data("{}"));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Queues the events that concern the caller's tenant.
    fn take(&mut self, news: &ChangeBatch) {
        let Some(changes) = &news.changes else {
            self.pending.push_back(sign("reset", &news.position));
            return;
        };
        let own = changes.iter().filter(|change| change.tenant == self.tenant);
        self.pending.extend(own.map(told));
        if !self.pending.is_empty() && !changes.is_empty() {
            // Only the position after the last of them is right to resume from.
            self.pending.push_back(sign("heartbeat", &news.position));
        }
    }

    /// Whether the caller's own token changed, or may have changed.
    fn concerns_the_caller(&self, news: &ChangeBatch) -> bool {
        news.changes.as_ref().is_none_or(|changes| {
            let own = |change: &TokenChanged| Some(change.token) == self.caller;
            changes.iter().any(own)
        })
    }

    async fn still_admitted(&self) -> bool {
        let Ok(presented) = self.app.gate.token_headers().read(&self.headers) else {
            return false;
        };
        let permission = ReadTokens::PERMISSION;
        let checked = self
            .app
            .gate
            .check(&presented, self.address, permission.as_ref());
        checked.await.is_ok()
    }
}

fn told(change: &TokenChanged) -> Event {
    let record = ChangeRecord {
        id: change.token,
        version: change.version,
        kind: change.kind,
    };
    // The record has texts and numbers under text keys, so serialization cannot fail.
    let data = serde_json::to_string(&record).unwrap_or_default();
    Event::default().event("change").data(data)
}

/// An event that only has a position.
fn sign(name: &str, position: &FeedPosition) -> Event {
    Event::default()
        .event(name)
        .id(position.as_str())
        .data("{}")
}
