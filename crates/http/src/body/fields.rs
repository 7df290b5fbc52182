//! The fields of a body. Each is parsed by itself, so that an answer lists all mistakes and not
//! only the first.

use std::{borrow::Cow, net::IpAddr, str::FromStr};

use countersign_domain::{Overlap, Timestamp, Version, WrittenAnnotations};
use serde_json::value::RawValue;

use super::json::{Json, check};
use crate::problem::{Code, FieldError, Problem, nearest, pointer_to};

/// Parses one value, or records its faults.
pub(crate) type Read<T> = fn(&RawValue, &str, &mut Vec<FieldError>) -> Option<T>;

/// The fields of an object that have not been parsed yet, and the faults so far.
pub(crate) struct Fields<'a> {
    entries: Vec<(Cow<'a, str>, &'a RawValue)>,
    known: Vec<&'static str>,
    faults: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    /// The fields of a body.
    pub(crate) fn of(body: &'a [u8]) -> Result<Self, Problem> {
        let fault = match Json::of(check(body)?) {
            Ok(Json::Object(entries)) => {
                return Ok(Self {
                    entries,
                    known: Vec::new(),
                    faults: Vec::new(),
                });
            }
            Ok(other) => wrong_type("", "an object", &other),
            Err(error) => return Err(Problem::new(Code::MalformedJson, error.to_string())),
        };
        Err(invalid(vec![fault]))
    }

    /// Parses an optional field.
    pub(crate) fn optional<T>(&mut self, name: &'static str, read: Read<T>) -> Option<T> {
        self.known.push(name);
        let value = self.take(name)?;
        read(value, &format!("/{name}"), &mut self.faults)
    }

    /// Parses a required field.
    pub(crate) fn required<T>(&mut self, name: &'static str, read: Read<T>) -> Option<T> {
        self.required_because(name, read, "the field is required")
    }

    /// Parses a required field; `detail` explains its absence.
    pub(crate) fn required_because<T>(
        &mut self,
        name: &'static str,
        read: Read<T>,
        why: &str,
    ) -> Option<T> {
        if !self.has(name) {
            self.known.push(name);
            let fault = FieldError::at(format!("/{name}"), "missing-field", why);
            self.faults.push(fault);
            return None;
        }
        self.optional(name, read)
    }

    /// Ignores read-only fields of a record, whatever they hold.
    pub(crate) fn ignore(&mut self, names: &[&str]) {
        self.entries.retain(|(key, _)| !names.contains(&&**key));
    }

    /// Ends the parsing: the remaining fields are unknown.
    pub(crate) fn finish(mut self) -> Result<(), Problem> {
        let unknown = self.entries.iter().map(|(key, _)| {
            let suggestions = nearest(key, &self.known);
            FieldError::at(
                pointer_to("", key),
                "unknown-field",
                "there is no such field",
            )
            .with_suggestions(suggestions)
        });
        self.faults.extend(unknown);
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(invalid(self.faults))
        }
    }

    fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| key == name)
    }

    fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let place = self.entries.iter().position(|(key, _)| key == name)?;
        Some(self.entries.remove(place).1)
    }
}

/// Parses a text.
pub(crate) fn text(raw: &RawValue, pointer: &str, faults: &mut Vec<FieldError>) -> Option<String> {
    match Json::of(raw.get()) {
        Ok(Json::Text(text)) => Some(text),
        other => reject(faults, pointer, "a text", other, raw),
    }
}

/// Parses an RFC 3339 date-time.
pub(crate) fn instant(
    raw: &RawValue,
    pointer: &str,
    faults: &mut Vec<FieldError>,
) -> Option<Timestamp> {
    let text = text(raw, pointer, faults)?;
    text.parse()
        .map_err(|error| {
            let fault = FieldError::at(pointer, "invalid-date-time", format!("{error}"));
            faults.push(fault.with_value(&text));
        })
        .ok()
}

/// Parses a list of texts.
pub(crate) fn texts(
    raw: &RawValue,
    pointer: &str,
    faults: &mut Vec<FieldError>,
) -> Option<Vec<String>> {
    match Json::of(raw.get()) {
        Ok(Json::List(items)) => {
            let read = items
                .iter()
                .enumerate()
                .map(|(index, item)| text(item, &format!("{pointer}/{index}"), faults));
            // All items are parsed before the result is judged, so that each faulty one is named.
            let read: Vec<_> = read.collect();
            read.into_iter().collect()
        }
        other => reject(faults, pointer, "an array of texts", other, raw),
    }
}

/// Parses an object of texts.
pub(crate) fn pairs(
    raw: &RawValue,
    pointer: &str,
    faults: &mut Vec<FieldError>,
) -> Option<Vec<(String, String)>> {
    match Json::of(raw.get()) {
        Ok(Json::Object(members)) => {
            let read = members.iter().map(|(key, value)| {
                let value = text(value, &pointer_to(pointer, key), faults)?;
                Some((key.to_string(), value))
            });
            // All members are parsed before the result is judged, so that each faulty one is named.
            let read: Vec<_> = read.collect();
            read.into_iter().collect()
        }
        other => reject(faults, pointer, "an object of texts", other, raw),
    }
}

/// Parses the fields of annotations, which are the same in each body.
pub(crate) fn annotations(fields: &mut Fields<'_>) -> WrittenAnnotations {
    WrittenAnnotations {
        owner: fields.optional("owner", text),
        description: fields.optional("description", text),
        metadata: fields.optional("metadata", pairs),
    }
}

/// Parses an IPv4 or IPv6 address, without a prefix or a zone.
pub(crate) fn address(
    raw: &RawValue,
    pointer: &str,
    faults: &mut Vec<FieldError>,
) -> Option<IpAddr> {
    let text = text(raw, pointer, faults)?;
    text.parse()
        .map_err(|error| {
            let fault = FieldError::at(pointer, "invalid-address", format!("{error}"));
            faults.push(fault.with_value(&text));
        })
        .ok()
}

/// Parses a version.
pub(crate) fn version(
    raw: &RawValue,
    pointer: &str,
    faults: &mut Vec<FieldError>,
) -> Option<Version> {
    let wanted = "a whole number from 1 to 9223372036854775807";
    number::<i64, _>(raw, pointer, faults, wanted)
}

/// Parses an overlap: how long a replaced secret works on.
pub(crate) fn overlap(
    raw: &RawValue,
    pointer: &str,
    faults: &mut Vec<FieldError>,
) -> Option<Overlap> {
    let wanted = "a whole number of seconds from 0 to 604800";
    number::<u32, _>(raw, pointer, faults, wanted)
}

/// Parses a whole number, and converts it.
fn number<N: FromStr, T: TryFrom<N>>(
    raw: &RawValue,
    pointer: &str,
    faults: &mut Vec<FieldError>,
    wanted: &str,
) -> Option<T> {
    let found = Json::of(raw.get());
    let made = match &found {
        Ok(Json::Number(number)) => number.parse::<N>().ok(),
        _ => None,
    };
    made.and_then(|number| number.try_into().ok())
        .or_else(|| match found {
            // The type is right, but the number is out of range.
            Ok(Json::Number(_)) => {
                let fault = FieldError::at(pointer, "wrong-type", format!("{wanted} is expected"));
                faults.push(fault.with_value(raw.get()));
                None
            }
            found => reject(faults, pointer, wanted, found, raw),
        })
}

fn reject<T>(
    faults: &mut Vec<FieldError>,
    pointer: &str,
    wanted: &str,
    found: Result<Json<'_>, serde_json::Error>,
    raw: &RawValue,
) -> Option<T> {
    let fault = match found {
        Ok(found) => wrong_type(pointer, wanted, &found),
        Err(_) => FieldError::at(pointer, "wrong-type", format!("{wanted} is expected")),
    };
    faults.push(fault.with_value(raw.get()));
    None
}

/// The problem of a body that is not an array.
pub(crate) fn no_array(found: &Json<'_>) -> Problem {
    invalid(vec![wrong_type("", "an array", found)])
}

fn wrong_type(pointer: &str, wanted: &str, found: &Json<'_>) -> FieldError {
    let detail = format!("{wanted} is expected, not {}", found.kind());
    FieldError::at(pointer, "wrong-type", detail)
}

fn invalid(faults: Vec<FieldError>) -> Problem {
    Problem::new(
        Code::InvalidBody,
        "The errors name each field that cannot be taken.",
    )
    .with_faults(faults)
}
