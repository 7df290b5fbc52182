//! The values of a token at an earlier version, computed from its history, so that a person who
//! edited that version can see what somebody else changed in the meantime. Nothing is taken from
//! the form, which may say anything.

use countersign_application::ports::EventView;
use countersign_domain::{Authorized, Description, Owner, ReadTokens, Timestamp, Token, Version};

use crate::{
    annotations_form::{AnnotationsForm, lines},
    error::PageError,
    state::ConsoleState,
};

/// The number of events that are read at a time.
const BATCH: u8 = 100;
/// The maximum number of batches: nobody keeps a form open for longer than that.
const FARTHEST: usize = 10;

/// The fields that a form edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseValues {
    pub(crate) name: String,
    pub(crate) expiry: Timestamp,
    pub(crate) addresses: Vec<String>,
    pub(crate) permissions: Vec<String>,
    pub(crate) annotations: AnnotationsForm,
}

impl From<&Token> for BaseValues {
    fn from(token: &Token) -> Self {
        Self {
            name: token.name.as_str().into(),
            expiry: token.expiry,
            addresses: token.addresses.iter().collect(),
            permissions: token.permissions.iter().map(ToString::to_string).collect(),
            annotations: AnnotationsForm::stored(token),
        }
    }
}

/// The changes since a version.
#[derive(Debug, Clone)]
pub(crate) struct MergeBase {
    /// The values at that version.
    pub(crate) base: BaseValues,
    /// The events since then, newest first.
    pub(crate) events: Vec<EventView>,
}

/// Computes the values at a version, backwards from the stored ones.
///
/// # Errors
/// Fails if the version is too old, or with the store.
pub(crate) async fn since(
    app: &ConsoleState,
    by: &Authorized<ReadTokens>,
    current: &Token,
    version: Version,
) -> Result<MergeBase, PageError> {
    let mut events = Vec::new();
    // Events after the record that is shown do not count here.
    let mut before = Some(current.version.next());
    for _ in 0..FARTHEST {
        let batch = app.tokens.events(by, current.id, before, BATCH).await?;
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

/// Undoes changes, the newest first.
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
        let annotations = &mut values.annotations;
        if let Some(owner) = &changes.owner {
            let before = owner.before.as_ref().map_or("", Owner::as_str);
            annotations.owner = Some(before.to_owned());
        }
        if let Some(description) = &changes.description {
            let before = description.before.as_ref();
            let before = before.map_or("", Description::as_str);
            annotations.description = Some(before.to_owned());
        }
        if let Some(metadata) = &changes.metadata {
            let before = metadata.before.as_ref().map(lines);
            annotations.metadata = Some(before.unwrap_or_default());
        }
    }
    values
}
