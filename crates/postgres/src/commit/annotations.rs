//! The annotations of a token in one value. A change that leaves them alone sends none, and the
//! columns keep what they hold.

use countersign_domain::{Change, Changes, Owner};
use serde_json::json;

/// All annotations of the changed token as a JSON object; `None` if the change touches none.
pub(super) fn annotations(change: &Change) -> Option<String> {
    let Changes {
        owner,
        description,
        metadata,
        ..
    } = &change.event().content.changes;
    if owner.is_none() && description.is_none() && metadata.is_none() {
        return None;
    }
    let next = change.next();
    let mut all = json!({
        "owner": next.owner,
        "ownerKey": next.owner.as_ref().map(Owner::key),
        "description": next.description,
    });
    if let Some(metadata) = next.metadata.filled() {
        all["metadata"] = json!(metadata);
    }
    Some(all.to_string())
}
