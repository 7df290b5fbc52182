//! The tests of single fields: the operators of each kind of field, and the parsing of their
//! values. Needles are converted to the form that stores compare with, so that no store has to know
//! how names fold.

use countersign_application::query::{
    Compare, Filter, ListField, ListTest, MetadataTest, TextField, TextTest, TimeField,
};
use countersign_domain::{Metadata, Timestamp, caseless_key};
use serde_json::value::RawValue;

use super::values::{
    canonical, element, id, normal, number, some_normal, some_text, some_values, switch, values,
};
use crate::{
    body::{self, Json, Read},
    problem::{FieldError, nearest},
};

/// A field that can be tested.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field<'a> {
    Id,
    UserId,
    CreatedBy,
    Revoked,
    Version,
    Time(TimeField),
    Text(TextField),
    List(ListField),
    Metadata(&'a str),
}

/// What comes before a key of the metadata in the name of a field.
const METADATA: &str = "metadata.";
const METADATA_TESTS: &[&str] = &["$eq", "$in", "$exists"];
const COMPARISONS: &[&str] = &["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin"];
const TEXT_TESTS: &[&str] = &[
    "$eq",
    "$ne",
    "$gt",
    "$gte",
    "$lt",
    "$lte",
    "$in",
    "$nin",
    "$ieq",
    "$isubstr",
    "$iprefix",
    "$niprefix",
];
const USE_TESTS: &[&str] = &[
    "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists",
];
const LIST_TESTS: &[&str] = &["$contains", "$ncontains", "$empty"];
const SWITCH_TESTS: &[&str] = &["$eq", "$ne"];

impl<'a> Field<'a> {
    /// All names of fields, and the two operators that join filters.
    pub(super) const NAMES: &'static [&'static str] = &[
        "id",
        "name",
        "userId",
        "createdUserInfo.userId",
        "revoked",
        "revokedDate",
        "expiry",
        "creationDate",
        "lastModifiedDate",
        "lastUsedDate",
        "version",
        "permissions",
        "allowedAddresses",
        "partialToken",
        "owner",
        "metadata.<key>",
        "$and",
        "$or",
    ];

    /// The field of that name.
    pub(super) fn named(name: &'a str) -> Option<Self> {
        Some(match name {
            "id" => Self::Id,
            "userId" => Self::UserId,
            "createdUserInfo.userId" => Self::CreatedBy,
            "revoked" => Self::Revoked,
            "revokedDate" => Self::Time(TimeField::RevokedDate),
            "version" => Self::Version,
            "expiry" => Self::Time(TimeField::Expiry),
            "creationDate" => Self::Time(TimeField::CreationDate),
            "lastModifiedDate" => Self::Time(TimeField::LastModifiedDate),
            "lastUsedDate" => Self::Time(TimeField::LastUsedDate),
            "name" => Self::Text(TextField::Name),
            "partialToken" => Self::Text(TextField::PartialToken),
            "permissions" => Self::List(ListField::Permissions),
            "allowedAddresses" => Self::List(ListField::AllowedAddresses),
            "owner" => Self::Text(TextField::Owner),
            _ => {
                let key = name.strip_prefix(METADATA)?;
                return Metadata::is_key(key).then_some(Self::Metadata(key));
            }
        })
    }

    /// One test of the field.
    pub(super) fn test(
        self,
        operator: &str,
        raw: &RawValue,
        pointer: &str,
        faults: &mut Vec<FieldError>,
    ) -> Option<Filter> {
        let place = (operator, raw, pointer);
        match self {
            Self::Id => compare(place, faults, id, COMPARISONS).map(Filter::Id),
            Self::UserId => compare(place, faults, id, COMPARISONS).map(Filter::UserId),
            Self::CreatedBy => compare(place, faults, id, COMPARISONS).map(Filter::CreatedBy),
            Self::Revoked => match operator {
                "$eq" => switch(raw, pointer, faults).map(Filter::Revoked),
                "$ne" => switch(raw, pointer, faults).map(|value| Filter::Revoked(!value)),
                _ => unknown(operator, pointer, faults, SWITCH_TESTS),
            },
            Self::Version => compare(place, faults, number, COMPARISONS).map(Filter::Version),
            Self::Time(TimeField::LastUsedDate) if operator == "$exists" => {
                exists(raw, pointer, faults).map(Filter::Used)
            }
            Self::Time(TimeField::LastUsedDate) if is_null(raw) => used(place, faults),
            Self::Time(TimeField::LastUsedDate) => {
                compare::<Timestamp>(place, faults, body::instant, USE_TESTS)
                    .map(|test| Filter::Time(TimeField::LastUsedDate, test))
            }
            Self::Time(field) => compare::<Timestamp>(place, faults, body::instant, COMPARISONS)
                .map(|test| Filter::Time(field, test)),
            Self::Text(field) => text(field, place, faults).map(|test| Filter::Text(field, test)),
            Self::List(field) => list(field, place, faults).map(|test| Filter::List(field, test)),
            Self::Metadata(key) => {
                metadata(place, faults).map(|test| Filter::Metadata(key.to_owned(), test))
            }
        }
    }
}

type Place<'a> = (&'a str, &'a RawValue, &'a str);

fn compare<T>(
    (operator, raw, pointer): Place<'_>,
    faults: &mut Vec<FieldError>,
    read: Read<T>,
    known: &[&str],
) -> Option<Compare<T>> {
    Some(match operator {
        "$eq" => Compare::Eq(read(raw, pointer, faults)?),
        "$ne" => Compare::Ne(read(raw, pointer, faults)?),
        "$gt" => Compare::Gt(read(raw, pointer, faults)?),
        "$gte" => Compare::Gte(read(raw, pointer, faults)?),
        "$lt" => Compare::Lt(read(raw, pointer, faults)?),
        "$lte" => Compare::Lte(read(raw, pointer, faults)?),
        "$in" => Compare::In(values(raw, pointer, faults, read)?),
        "$nin" => Compare::Nin(some_values(raw, pointer, faults, read)?),
        _ => return unknown(operator, pointer, faults, known),
    })
}

/// The last use is the one field that can be null, for tokens that were never used.
fn used((operator, raw, pointer): Place<'_>, faults: &mut Vec<FieldError>) -> Option<Filter> {
    match operator {
        "$eq" => Some(Filter::Used(false)),
        "$ne" => Some(Filter::Used(true)),
        _ => compare::<Timestamp>((operator, raw, pointer), faults, body::instant, COMPARISONS)
            .map(|test| Filter::Time(TimeField::LastUsedDate, test)),
    }
}

/// Whether the field must have a value, for clients that drop every null.
fn exists(raw: &RawValue, pointer: &str, faults: &mut Vec<FieldError>) -> Option<bool> {
    let read = raw.get().parse().ok();
    if read.is_none() {
        let fault = FieldError::at(pointer, "wrong-type", "true or false is expected");
        faults.push(fault.with_value(raw.get()));
    }
    read
}

fn is_null(raw: &RawValue) -> bool {
    matches!(Json::of(raw.get()), Ok(Json::Null))
}

fn text(field: TextField, place: Place<'_>, faults: &mut Vec<FieldError>) -> Option<TextTest> {
    let (operator, raw, pointer) = place;
    let mut needle = || {
        let words = body::text(raw, pointer, faults)?;
        Some(match field {
            // Names and owners are stored without blanks at their ends.
            TextField::Name | TextField::Owner if operator == "$ieq" => caseless_key(words.trim()),
            TextField::Name | TextField::Owner => caseless_key(&words),
            TextField::PartialToken => words.to_lowercase(),
        })
    };
    Some(match operator {
        "$ieq" => TextTest::Equals(needle()?),
        "$isubstr" => TextTest::Contains(needle().and_then(|it| some_text(it, pointer, faults))?),
        "$iprefix" => TextTest::StartsWith(needle().and_then(|it| some_text(it, pointer, faults))?),
        "$niprefix" => TextTest::NotStartsWith(needle()?),
        // No text is empty, so that every one differs from the empty text and comes behind it.
        "$ne" | "$gt" | "$gte" | "$nin" => {
            TextTest::Compare(compare(place, faults, some_normal, TEXT_TESTS)?)
        }
        _ => TextTest::Compare(compare(place, faults, normal, TEXT_TESTS)?),
    })
}

fn list(
    field: ListField,
    (operator, raw, pointer): Place<'_>,
    faults: &mut Vec<FieldError>,
) -> Option<ListTest> {
    if !LIST_TESTS.contains(&operator) {
        return unknown(operator, pointer, faults, LIST_TESTS);
    }
    if operator == "$empty" {
        return switch(raw, pointer, faults).map(ListTest::Empty);
    }
    let written = match operator {
        "$contains" => some_values(raw, pointer, faults, body::text)?,
        // Every list lacks the empty text.
        _ => values(raw, pointer, faults, element)?,
    };
    let needles = match field {
        ListField::Permissions => written,
        ListField::AllowedAddresses => written.into_iter().map(canonical).collect(),
    };
    Some(match operator {
        "$contains" => ListTest::ContainsAll(needles),
        _ => ListTest::LacksAny(needles),
    })
}

/// Values of metadata are stored in NFC, and may be empty.
fn metadata(
    (operator, raw, pointer): Place<'_>,
    faults: &mut Vec<FieldError>,
) -> Option<MetadataTest> {
    Some(match operator {
        "$eq" => MetadataTest::OneOf(vec![normal(raw, pointer, faults)?]),
        "$in" => MetadataTest::OneOf(values(raw, pointer, faults, normal)?),
        "$exists" => MetadataTest::Exists(exists(raw, pointer, faults)?),
        _ => return unknown(operator, pointer, faults, METADATA_TESTS),
    })
}

fn unknown<T>(
    operator: &str,
    pointer: &str,
    faults: &mut Vec<FieldError>,
    known: &[&str],
) -> Option<T> {
    let detail = format!("the operators of this field are {}", known.join(" "));
    let fault = FieldError::at(pointer, "unknown-operator", detail);
    faults.push(fault.with_suggestions(nearest(operator, known)));
    None
}
