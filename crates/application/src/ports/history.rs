//! The history of a tenant: the events of all its tokens, in one order.

use std::sync::Arc;

use countersign_domain::{EventKind, TenantId, Timestamp, TokenId, UserId, uuid::Uuid};

use super::{EVENT_BYTES, EventView, StoreError, Unreadable};

/// The maximum number of events that one page of a filtered history examines.
pub const HISTORY_STEP: u16 = 5_000;

/// A filter of a tenant's events; without any condition, all of them match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Events at or after this instant.
    pub since: Option<Timestamp>,
    /// Events that this user caused.
    pub actor: Option<UserId>,
    /// Events of these kinds; if it is empty, of any kind.
    pub kinds: Vec<EventKind>,
}

impl EventFilter {
    /// Whether the filter may leave out an examined event.
    #[must_use]
    pub fn leaves_out(&self) -> bool {
        self.actor.is_some() || !self.kinds.is_empty()
    }

    /// The names of the kinds, in the form that stores keep.
    #[must_use]
    pub fn kind_names(&self) -> Vec<&'static str> {
        self.kinds.iter().map(|kind| kind.as_str()).collect()
    }
}

/// A position in the history of a tenant, newest first: the events after it are older, or equally
/// old with a smaller token or version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPlace {
    /// The instant of an event.
    pub at: Timestamp,
    /// Its token.
    pub token: TokenId,
    /// The version after the event, whatever number is stored.
    pub version: i64,
}

impl EventPlace {
    /// The position after all events of that instant and token.
    #[must_use]
    pub const fn end_of(at: Timestamp, token: TokenId) -> Self {
        let version = i64::MIN;
        Self { at, token, version }
    }

    /// The position before all possible events.
    #[must_use]
    pub fn newest() -> Self {
        Self {
            at: Timestamp::MAX,
            token: TokenId::from_uuid(Uuid::max()),
            version: i64::MAX,
        }
    }
}

/// An event in the history of a tenant, which covers many tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantEvent {
    /// The event.
    pub view: EventView,
    /// The current name of its token, or the last one before its revocation.
    pub token_name: Arc<str>,
}

/// One page of the history of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The matching events.
    pub content: Vec<TenantEvent>,
    /// The tokens with unreadable events on this page.
    pub unreadable: Vec<Unreadable>,
    /// The position after which the next page begins; `None` at the end of the history.
    pub next: Option<EventPlace>,
}

/// An event in the form that a store read it for a page.
#[derive(Debug)]
pub struct HistoryRow {
    /// The position of the event.
    pub place: EventPlace,
    /// The size in bytes of the page's changes so far, including its own.
    pub bytes: i64,
    /// The event, if it could be read.
    pub event: Result<TenantEvent, StoreError>,
}

impl History {
    /// Builds a page of up to `limit` of the matching rows. `examined_to` is the position up to
    /// which events were examined, if there are older ones. Stores read one row more than the page
    /// holds, if there is one, and end it after [`EVENT_BYTES`](super::EVENT_BYTES).
    ///
    /// # Errors
    /// Returns the store's error, if it concerns more than one row.
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
