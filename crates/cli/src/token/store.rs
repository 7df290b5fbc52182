//! Sending of a change for the version that it was made from, and what follows a conflict.

use super::{
    fields::{Fields, editable, is_editable},
    merge,
};
use crate::{
    failure::{Failure, Outcome},
    output::remark,
};
use countersign_client::{Client, Error, Open, Token, TokenEdit, UpdateOptions};

/// A change of a record.
pub(super) struct Change {
    /// The record that was read.
    pub(super) record: Open<Token>,
    /// The version that the change was made from.
    pub(super) version: i64,
    /// The new values of the changed fields.
    pub(super) fields: Fields,
    pub(super) options: UpdateOptions,
    /// Whether what does not clash is applied to a later version.
    pub(super) merge: bool,
}

/// Stores a change, and returns the new record.
pub(super) async fn store(client: &Client, change: Change) -> Outcome<Open<Token>> {
    let sent = send(
        client,
        &change.record,
        change.version,
        &change.fields,
        change.options,
    )
    .await;
    let problem = match sent {
        Err(Error::Problem(problem)) if problem.code() == "version-conflict" => problem,
        other => return Ok(other?),
    };
    // Without the stored record, which the caller may not read, there is nothing to compare with.
    let Some(current) = problem.current.clone() else {
        return Err(Error::Problem(problem).into());
    };
    let stored = editable(current.raw());
    let base = if change.record.version == change.version {
        editable(change.record.raw())
    } else {
        since(client, &current, change.version).await?
    };
    let fields = merge::merge(&base, &stored, &change.fields);
    remark(&headline(&current, change.version));
    remark(merge::view(&fields).trim_end());
    let clashing = merge::clashing(&fields).join(", ");
    if !change.merge {
        let hint = if clashing.is_empty() {
            "add --merge to apply your change to the stored version".to_owned()
        } else {
            format!(
                "{clashing} cannot be merged; --merge applies the rest, --if-version {} all",
                current.version
            )
        };
        return Err(Failure::Conflict(format!("nothing is stored; {hint}")));
    }
    let resolved = merge::resolved(&fields);
    let is_change = !resolved.is_empty();
    let merged = if is_change {
        send(client, &current, current.version, &resolved, change.options).await?
    } else {
        current
    };
    if clashing.is_empty() {
        return Ok(merged);
    }
    let rest = match (is_change, change.options.dry_run) {
        (false, _) => "",
        (true, false) => "; the rest of your change is applied",
        (true, true) => "; nothing is stored, and --merge without a dry run applies the rest",
    };
    Err(Failure::Conflict(format!(
        "both changed {clashing}, which stays as it is stored{rest}"
    )))
}

async fn send(
    client: &Client,
    record: &Token,
    version: i64,
    fields: &Fields,
    options: UpdateOptions,
) -> Result<Open<Token>, Error> {
    // An update has to have a name.
    let mut edit = TokenEdit::of_version(version, record.name.as_deref().unwrap_or_default());
    for (name, value) in fields {
        edit.set(name, value.clone());
    }
    client.update_token(&record.id, &edit, options).await
}

/// The editable fields of an earlier version: the later events are undone, newest first.
async fn since(client: &Client, current: &Open<Token>, version: i64) -> Outcome<Fields> {
    let mut fields = editable(current.raw());
    let mut pages = client.token_events(&current.id);
    while let Some(page) = pages.next().await? {
        for event in page {
            if event.version <= version {
                return Ok(fields);
            }
            if event.version > current.version {
                continue;
            }
            for (name, change) in &event.changes {
                if !is_editable(name) {
                    continue;
                }
                match change.get("before").filter(|before| !before.is_null()) {
                    Some(before) => fields.insert(name.clone(), before.clone()),
                    None => fields.remove(name),
                };
            }
        }
    }
    Ok(fields)
}

fn headline(current: &Token, version: i64) -> String {
    let by = current
        .last_modified_user_info
        .as_ref()
        .map(|user| user.user_name.as_str());
    let at = current.last_modified_date.as_deref();
    format!(
        "version-conflict: your change was made from version {version}, and version {} is stored, by {} at {}",
        current.version,
        by.unwrap_or("somebody"),
        at.unwrap_or("an unknown instant"),
    )
}
