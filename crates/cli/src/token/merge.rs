//! Three-way merge of two edits of one token. A field that only one of them changed has that value;
//! lists are merged entry by entry; what both changed otherwise is left to a person.

use std::fmt::Write as _;

use serde_json::Value;

use super::fields::Fields;
use crate::{failure::sanitized, table::cell};

const PERMISSIONS: &str = "permissions";
const ADDRESSES: &str = "allowedAddresses";

/// One field in three versions.
#[derive(Debug)]
pub(super) struct MergedField {
    name: String,
    base: Option<Value>,
    stored: Option<Value>,
    yours: Value,
    /// The merged value; `None` if both changed it, and differently.
    merged: Option<Value>,
}

/// Merges the fields that you changed.
pub(super) fn merge(base: &Fields, stored: &Fields, yours: &Fields) -> Vec<MergedField> {
    let merged = |(name, yours): (&String, &Value)| {
        let (base, stored) = (base.get(name), stored.get(name));
        MergedField {
            name: name.clone(),
            base: base.cloned(),
            stored: stored.cloned(),
            yours: yours.clone(),
            merged: value(name, base, stored, yours),
        }
    };
    yours.iter().map(merged).collect()
}

fn value(name: &str, base: Option<&Value>, stored: Option<&Value>, yours: &Value) -> Option<Value> {
    if stored == base || stored == Some(yours) {
        return Some(yours.clone());
    }
    if base == Some(yours) {
        return stored.cloned();
    }
    if name != PERMISSIONS && name != ADDRESSES {
        return None;
    }
    let (base, stored, yours) = (base?.as_array()?, stored?.as_array()?, yours.as_array()?);
    // There is no middle between some addresses and any address.
    if base.is_empty() || stored.is_empty() || yours.is_empty() {
        return None;
    }
    let kept = stored
        .iter()
        .filter(|entry| yours.contains(entry) || !base.contains(entry));
    let added = yours
        .iter()
        .filter(|entry| !base.contains(entry) && !stored.contains(entry));
    let merged: Vec<Value> = kept.chain(added).cloned().collect();
    // Two narrowed lists must not become one that admits every address, or nothing.
    (!merged.is_empty()).then(|| merged.into())
}

/// The merged values that differ from what is stored.
pub(super) fn resolved(fields: &[MergedField]) -> Fields {
    let wanted = |field: &&MergedField| field.merged.is_some() && field.merged != field.stored;
    let resolved = fields.iter().filter(wanted);
    let pair = |field: &MergedField| Some((field.name.clone(), field.merged.clone()?));
    resolved.filter_map(pair).collect()
}

/// The names of the fields that a person has to decide about.
pub(super) fn clashing(fields: &[MergedField]) -> Vec<&str> {
    let clashing = fields.iter().filter(|field| field.merged.is_none());
    clashing.map(|field| field.name.as_str()).collect()
}

/// The three versions of each field, and whose change counts.
pub(super) fn view(fields: &[MergedField]) -> String {
    let mut text = String::new();
    for field in fields {
        let note = match &field.merged {
            None => "both changed it: choose one",
            Some(_) if field.stored == field.base => "only you changed it",
            Some(_) if field.stored.as_ref() == Some(&field.yours) => "both want this",
            Some(_) => "both changed it, in ways that can be joined",
        };
        let joined = field
            .merged
            .as_ref()
            .filter(|merged| **merged != field.yours);
        // A `String` takes everything.
        let _ = write!(
            text,
            "{}: {note}\n  before:  {}\n  stored:  {}\n  yours:   {}\n",
            field.name,
            cell(field.base.as_ref()),
            cell(field.stored.as_ref()),
            cell(Some(&field.yours)),
        );
        if let Some(joined) = joined {
            let _ = writeln!(text, "  merged:  {}", cell(Some(joined)));
        }
    }
    sanitized(&text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_counts_unless_both_changed_it() {
        for (name, base, stored, yours, expected) in [
            ("name", json!("a"), json!("a"), json!("b"), Some(json!("b"))),
            ("name", json!("a"), json!("b"), json!("a"), Some(json!("b"))),
            ("name", json!("a"), json!("b"), json!("b"), Some(json!("b"))),
            ("name", json!("a"), json!("b"), json!("c"), None),
            (
                PERMISSIONS,
                json!(["p", "q"]),
                json!(["p", "r"]),
                json!(["p", "q", "s"]),
                Some(json!(["p", "r", "s"])),
            ),
            (
                PERMISSIONS,
                json!(["p", "q"]),
                json!(["p"]),
                json!(["q"]),
                None,
            ),
            (
                ADDRESSES,
                json!(["x", "y"]),
                json!(["x"]),
                json!(["y"]),
                None,
            ),
            (ADDRESSES, json!(["x"]), json!(["x", "y"]), json!([]), None),
            (ADDRESSES, json!([]), json!(["x"]), json!(["y"]), None),
            (
                "metadata",
                json!({"a": 1}),
                json!({"a": 2}),
                json!({"a": 3}),
                None,
            ),
        ] {
            let merged = value(name, Some(&base), Some(&stored), &yours);
            assert_eq!(merged, expected, "{name}: {base} {stored} {yours}");
        }
    }

    #[test]
    fn the_view_shows_all_three_and_what_is_left_to_decide() {
        let of = |name: &str, addresses: &[&str]| {
            let fields = json!({"name": name, ADDRESSES: addresses});
            fields.as_object().cloned().unwrap_or_default()
        };
        let (base, stored, yours) = (of("a", &["x"]), of("b", &["x", "y"]), of("c", &["x", "z"]));
        let fields = merge(&base, &stored, &yours);
        assert_eq!(clashing(&fields), ["name"]);
        assert_eq!(resolved(&fields)[ADDRESSES], json!(["x", "y", "z"]));
        let shown = view(&fields);
        for line in [
            "name: both changed it: choose one",
            "  before:  a",
            "  stored:  b",
            "  yours:   c",
            "  merged:  x, y, z",
        ] {
            assert!(shown.contains(line), "{shown}");
        }
    }
}
