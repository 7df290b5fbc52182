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

/// Returns whether an update can change a field of this name.
pub(super) fn is_editable(name: &str) -> bool {
    EDITABLE.contains(&name)
}

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

/// The fields that hold a text, so that a number is one, too.
const TEXTS: [&str; 4] = ["name", "expiry", "owner", "description"];

/// Reads `FIELD=VALUE`. The value of a text field is a text as it stands; that of any other field
/// is JSON, or a text if it is not JSON.
pub(super) fn assignment(text: &str) -> Result<Assignment, String> {
    let (field, value) = text.split_once('=').ok_or("a field, = and a value")?;
    let read = serde_json::from_str(value).ok();
    let read = read.filter(|_| !TEXTS.contains(&field));
    Ok(Assignment {
        field: field.to_owned(),
        value: read.unwrap_or_else(|| value.into()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_field_is_a_text_whatever_it_looks_like() {
        for (text, value) in [
            ("owner=17", json!("17")),
            ("name=2026", json!("2026")),
            ("description=true", json!("true")),
            ("owner=", json!("")),
            ("metadata={\"plan\":\"gold\"}", json!({"plan": "gold"})),
            ("allowedAddresses=[]", json!([])),
        ] {
            assert_eq!(assignment(text).unwrap().value, value, "{text}");
        }
    }
}
