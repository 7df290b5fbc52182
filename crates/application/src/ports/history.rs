//! The history of a tenant: the events of all its tokens, in one order.

use std::sync::Arc;

use countersign_domain::{EventKind, TenantId, Timestamp, TokenId, UserId, uuid::Uuid};

use super::{EVENT_BYTES, EventView, StoreError, Unreadable};

/// How many events one page of a filtered history examines at most.
pub const HISTORY_STEP: u16 = 5_000;

/// Which events of a tenant match; without any condition, all of them do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Those at or after this instant.
    pub since: Option<Timestamp>,
    /// Those that this user caused.
    pub actor: Option<UserId>,
    /// Those of these kinds; if there are none, of any kind.
    pub kinds: Vec<EventKind>,
}

impl EventFilter {
    /// Whether an event may have to be examined and left out.
    #[must_use]
    pub fn leaves_out(&self) -> bool {
        self.actor.is_some() || !self.kinds.is_empty()
    }

    /// The names of the kinds, as stores keep them.
    #[must_use]
    pub fn kind_names(&self) -> Vec<&'static str> {
        self.kinds.iter().map(|kind| kind.as_str()).collect()
    }
}

/// A place in the history of a tenant, newest first: the events before it are older, or equally old
/// with a smaller token or version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPlace {
    /// The instant of an event.
    pub at: Timestamp,
    /// Its token.
    pub token: TokenId,
    /// The version after it, whatever number is stored.
    pub version: i64,
}

impl EventPlace {
    /// Behind which all events of that instant and token are older.
    #[must_use]
    pub const fn end_of(at: Timestamp, token: TokenId) -> Self {
        let version = i64::MIN;
        Self { at, token, version }
    }

    /// Ahead of all events that there can be.
    #[must_use]
    pub fn newest() -> Self {
        Self {
            at: Timestamp::MAX,
            token: TokenId::from_uuid(Uuid::max()),
            version: i64::MAX,
        }
    }
}

/// An event of the history of a tenant, which is about many tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantEvent {
    /// The event.
    pub view: EventView,
    /// The name of its token: the one it has now, or had when it was revoked.
    pub token_name: Arc<str>,
}

/// One page of the history of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The events that match.
    pub content: Vec<TenantEvent>,
    /// The tokens of events of this page that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// The place that the next page begins behind; `None` at the end of the history.
    pub next: Option<EventPlace>,
}

/// An event as a store read it for a page.
#[derive(Debug)]
pub struct HistoryRow {
    /// Where it stands.
    pub place: EventPlace,
    /// How many bytes the changes of the page have so far, its own included.
    pub bytes: i64,
    /// What can be read of it.
    pub event: Result<TenantEvent, StoreError>,
}

impl History {
    /// A page of up to `limit` of the rows that match. `examined_to` is the place up to which
    /// events were examined, if there are older ones. Stores read one row more than the page holds,
    /// if there is one, and end it after [`EVENT_BYTES`](super::EVENT_BYTES).
    ///
    /// # Errors
    /// The store's fault, if it is about more than one row.
    pub fn of_rows(
        tenant: TenantId,
        mut rows: Vec<HistoryRow>,
        limit: u8,
        examined_to: Option<EventPlace>,
    ) -> Result<Self, StoreError> {
        let more = rows.len() > usize::from(limit);
        rows.truncate(limit.into());
        let last = rows.last().map(|row| (row.place, row.bytes));
        let next = match last {
            Some((place, bytes)) if more || bytes >= i64::from(EVENT_BYTES) => Some(place),
            _ => examined_to,
        };
        let mut page = Self {
            next,
            ..Self::default()
        };
        for row in rows {
            match row.event {
                Ok(event) => page.content.push(event),
                Err(StoreError::Corrupt { table, column }) => page.unreadable.push(Unreadable {
                    tenant,
                    token: row.place.token,
                    table,
                    column,
                }),
                Err(fault) => return Err(fault),
            }
        }
        Ok(page)
    }
}
