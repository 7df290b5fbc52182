//! The fields of a record that people change.

use serde_json::{Map, Value};

/// Names and values of fields.
pub(super) type Fields = Map<String, Value>;

/// The fields that an update can change, if the record has them.
const EDITABLE: [&str; 7] = [
    "name",
    "expiry",
    "allowedAddresses",
    "permissions",
    "owner",
    "description",
    "metadata",
];

/// The editable fields of a record.
pub(super) fn editable(record: &Value) -> Fields {
    let has = |name: &&str| {
        record
            .get(name)
            .map(|value| ((*name).to_owned(), value.clone()))
    };
    EDITABLE.iter().filter_map(has).collect()
}

/// The fields that differ, with their new values.
pub(super) fn changed(before: &Fields, after: &Fields) -> Fields {
    let differs = |(name, value): &(&String, &Value)| before.get(*name) != Some(value);
    let differing = after.iter().filter(differs);
    differing
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// A field with a new value, from the command line.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    pub(crate) field: String,
    pub(crate) value: Value,
}

/// Reads `FIELD=VALUE`; a value that is not JSON is a text.
pub(super) fn assignment(text: &str) -> Result<Assignment, String> {
    let (field, value) = text.split_once('=').ok_or("a field, = and a value")?;
    let read = serde_json::from_str(value);
    Ok(Assignment {
        field: field.to_owned(),
        value: read.unwrap_or_else(|_| value.into()),
    })
}
