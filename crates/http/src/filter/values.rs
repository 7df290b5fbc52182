//! Parsing of the values in filters.

use countersign_domain::AllowedAddresses;
use serde_json::value::RawValue;
use unicode_normalization::UnicodeNormalization;

use super::MOST_VALUES;
use crate::{
    body::{self, Json, Read},
    problem::FieldError,
};

/// The form in which lists hold addresses; a text that is not an address is in no list.
pub(super) fn canonical(written: String) -> String {
    let parsed = AllowedAddresses::parse([&written]).ok();
    parsed
        .and_then(|addresses| addresses.iter().next())
        .unwrap_or(written)
}

pub(super) fn values<T>(
    raw: &RawValue,
    pointer: &str,
    faults: &mut Vec<FieldError>,
    read: Read<T>,
) -> Option<Vec<T>> {
    let Ok(Json::List(items)) = Json::of(raw.get()) else {
        faults.push(FieldError::at(
            pointer,
            "wrong-type",
            "an array is expected",
        ));
        return None;
    };
    if items.len() > MOST_VALUES {
        let detail = "at most 100 values in an array";
        faults.push(FieldError::at(pointer, "too-many-values", detail));
        return None;
    }
    let read: Vec<_> = items
        .iter()
        .enumerate()
        .map(|(index, item)| read(item, &format!("{pointer}/{index}"), faults))
        .collect();
    read.into_iter().collect()
}

/// Notes a test that could only hold for every token, because it is empty. A client has lost what
/// stood there, and would ask for everything.
pub(super) fn empty<T>(pointer: &str, faults: &mut Vec<FieldError>) -> Option<T> {
    let detail = "what is empty matches every token, and only {} as the whole filter may";
    faults.push(FieldError::at(pointer, "empty-filter", detail));
    None
}

/// The values of a test that holds for every token if there are none.
pub(super) fn some_values<T>(
    raw: &RawValue,
    pointer: &str,
    faults: &mut Vec<FieldError>,
    read: Read<T>,
) -> Option<Vec<T>> {
    let values = values(raw, pointer, faults, read)?;
    if values.is_empty() {
        return empty(pointer, faults);
    }
    Some(values)
}

/// The text of a test that holds for every token if it is empty.
pub(super) fn some_text(
    text: String,
    pointer: &str,
    faults: &mut Vec<FieldError>,
) -> Option<String> {
    if text.is_empty() {
        return empty(pointer, faults);
    }
    Some(text)
}

/// An element that cannot be empty, of a list of texts.
pub(super) fn element(
    raw: &RawValue,
    pointer: &str,
    faults: &mut Vec<FieldError>,
) -> Option<String> {
    let text = body::text(raw, pointer, faults)?;
    some_text(text, pointer, faults)
}

/// A text in NFC that cannot be empty.
pub(super) fn some_normal(
    raw: &RawValue,
    pointer: &str,
    faults: &mut Vec<FieldError>,
) -> Option<String> {
    let text = normal(raw, pointer, faults)?;
    some_text(text, pointer, faults)
}

/// Names are stored in NFC.
pub(super) fn normal(
    raw: &RawValue,
    pointer: &str,
    faults: &mut Vec<FieldError>,
) -> Option<String> {
    Some(body::text(raw, pointer, faults)?.nfc().collect())
}

pub(super) fn id<T: std::str::FromStr>(
    raw: &RawValue,
    pointer: &str,
    faults: &mut Vec<FieldError>,
) -> Option<T> {
    let text = body::text(raw, pointer, faults)?;
    let id = text.parse().ok();
    if id.is_none() {
        let fault = FieldError::at(pointer, "invalid-id", "a UUID is expected");
        faults.push(fault.with_value(&text));
    }
    id
}

pub(super) fn switch(raw: &RawValue, pointer: &str, faults: &mut Vec<FieldError>) -> Option<bool> {
    let value = match raw.get().trim() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    if value.is_none() {
        faults.push(FieldError::at(
            pointer,
            "wrong-type",
            "true or false is expected",
        ));
    }
    value
}

pub(super) fn number(raw: &RawValue, pointer: &str, faults: &mut Vec<FieldError>) -> Option<i64> {
    let number = match Json::of(raw.get()) {
        Ok(Json::Number(number)) => number.parse().ok(),
        _ => None,
    };
    if number.is_none() {
        let detail = "a whole number of at most 64 bits is expected";
        faults.push(FieldError::at(pointer, "wrong-type", detail).with_value(raw.get()));
    }
    number
}
