//! What a token was at an earlier version, told from its history: so that whoever changed it from there can see what
//! somebody else did meanwhile. Nothing of it is taken from the form, which may say anything.

use countersign_application::ports::EventView;
use countersign_domain::{Actor, Timestamp, Token, Version};

use crate::{error::PageError, state::ConsoleState};

/// How many events are read at a time.
const BATCH: u8 = 100;
/// How far back is looked, in batches: nobody keeps a form open for longer than that.
const FARTHEST: usize = 10;

/// The fields that a form changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseValues {
    pub(crate) name: String,
    pub(crate) expiry: Timestamp,
    pub(crate) addresses: Vec<String>,
    pub(crate) permissions: Vec<String>,
}

impl From<&Token> for BaseValues {
    fn from(token: &Token) -> Self {
        Self {
            name: token.name.as_str().into(),
            expiry: token.expiry,
            addresses: token.addresses.iter().collect(),
            permissions: token.permissions.iter().map(ToString::to_string).collect(),
        }
    }
}

/// What happened since a version.
#[derive(Debug, Clone)]
pub(crate) struct MergeBase {
    /// What the token was then.
    pub(crate) base: BaseValues,
    /// What was done to it since, newest first.
    pub(crate) events: Vec<EventView>,
}

/// Walks back from what is stored now to what a version was.
///
/// # Errors
/// That it was too long ago, or a store's fault.
pub(crate) async fn since(
    app: &ConsoleState,
    actor: &Actor,
    current: &Token,
    version: Version,
) -> Result<MergeBase, PageError> {
    let mut events = Vec::new();
    // Later ones than the record that is shown do not count here.
    let mut before = Some(current.version.next());
    for _ in 0..FARTHEST {
        let batch = app.tokens.events(actor, current.id, before, BATCH).await?;
        let full = batch.len() == usize::from(BATCH);
        let later = |view: &EventView| view.event.content.version_after > version;
        let whole = batch.last().is_some_and(later);
        before = batch.last().map(|view| view.event.content.version_after);
        events.extend(batch.into_iter().filter(later));
        if !whole || !full {
            let base = undone(BaseValues::from(current), &events);
            return Ok(MergeBase { base, events });
        }
    }
    Err(PageError::OldForm)
}

/// Takes changes back, the newest first.
fn undone(mut values: BaseValues, events: &[EventView]) -> BaseValues {
    for view in events {
        let changes = &view.event.content.changes;
        if let Some(name) = changes.name.as_ref().and_then(|name| name.before.as_ref()) {
            values.name = name.as_str().into();
        }
        if let Some(expiry) = changes.expiry.as_ref().and_then(|expiry| expiry.before) {
            values.expiry = expiry;
        }
        let addresses = changes.allowed_addresses.as_ref();
        if let Some(before) = addresses.and_then(|changed| changed.before.as_ref()) {
            values.addresses = before.iter().collect();
        }
        let permissions = changes.permissions.as_ref();
        if let Some(before) = permissions.and_then(|changed| changed.before.as_ref()) {
            values.permissions = before.iter().map(ToString::to_string).collect();
        }
    }
    values
}
