//! Lists of tokens and events, paged to their end.

use std::collections::HashSet;

use countersign_client::{Client, Open};
use serde_json::{Value, json};

use super::find_id;
use crate::{
    args::{EventsArgs, ListArgs},
    failure::{Failure, Outcome},
    output::{Columns, Format, ListWriter},
};

const TOKENS: Columns = &[
    ("ID", "/id"),
    ("NAME", "/name"),
    ("EXPIRY", "/expiry"),
    ("LAST USED", "/lastUsedDate"),
    ("ADDRESSES", "/allowedAddresses"),
    ("PERMISSIONS", "/permissions"),
];

const EVENTS: Columns = &[
    ("DATE", "/date"),
    ("TYPE", "/type"),
    ("VERSION", "/version"),
    ("TOKEN", "/tokenName"),
    ("BY", "/userInfo"),
    ("FROM", "/address"),
    ("CHANGES", "/changed"),
];

const EVENTS_OF_ONE: Columns = &[
    ("DATE", "/date"),
    ("TYPE", "/type"),
    ("VERSION", "/version"),
    ("BY", "/userInfo"),
    ("FROM", "/address"),
    ("CHANGES", "/changed"),
];

pub(crate) async fn list(client: &Client, args: ListArgs, format: Format) -> Outcome {
    let is_by_number = args.name.is_some() || args.filter.is_some() || args.sort.is_some();
    let mut pages = match (args.name, args.filter, args.sort) {
        (None, None, None) => client.tokens(args.revoked),
        (name, filter, sort) => {
            let filter = match (name, filter) {
                (Some(name), _) => json!({"name": {"$isubstr": name}}),
                (None, Some(text)) => serde_json::from_str(&text)
                    .map_err(|error| Failure::Usage(format!("the filter is not JSON: {error}")))?,
                (None, None) => json!({}),
            };
            client.find_tokens(&filter, sort.as_deref())
        }
    };
    let mut writer = ListWriter::new(format, TOKENS);
    if !is_by_number {
        while let Some(page) = pages.next().await? {
            writer.add(page.into_iter().map(Open::into_raw).collect())?;
        }
        return writer.finish();
    }
    // Pages by number shift if tokens leave the result, so a program that acts on the first rows
    // must not see them before the last page is read.
    let (mut seen, mut rows) = (HashSet::new(), Vec::new());
    while let Some(page) = pages.next().await? {
        let new = page
            .into_iter()
            .filter(|token| seen.insert(token.id.clone()));
        rows.extend(new.map(Open::into_raw));
    }
    writer.add(rows)?;
    writer.finish()
}

pub(crate) async fn events(client: &Client, args: EventsArgs, format: Format) -> Outcome {
    let (mut pages, columns) = match &args.token {
        None => (client.events(), EVENTS),
        Some(token) => (
            client.token_events(&find_id(client, token).await?),
            EVENTS_OF_ONE,
        ),
    };
    let mut writer = ListWriter::new(format, columns);
    let mut left = args.limit.unwrap_or(usize::MAX);
    while left > 0
        && let Some(page) = pages.next().await?
    {
        let rows: Vec<Value> = page.into_iter().take(left).map(Open::into_raw).collect();
        left -= rows.len();
        let is_table = format == Format::Table;
        writer.add(
            rows.into_iter()
                .map(|row| if is_table { summarized(row) } else { row })
                .collect(),
        )?;
    }
    writer.finish()
}

/// An event with the names of its changed fields in one list.
fn summarized(mut event: Value) -> Value {
    let changes = event.get("changes").and_then(Value::as_object);
    let names: Vec<Value> = changes
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone().into())
        .collect();
    event["changed"] = names.into();
    event
}
