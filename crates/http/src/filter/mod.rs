//! The filter language: a JSON object becomes the typed query that stores answer. Each part is
//! parsed by itself and bounded, and all faults are reported together, each with its place.

mod metadata;
mod schema;
mod terms;
#[cfg(test)]
mod tests;
mod values;

use countersign_application::query::Filter;
use serde_json::value::RawValue;

pub(crate) use self::{
    metadata::{add_metadata_tests, close_to_metadata, open_to_metadata},
    schema::FilterBody,
};
use crate::{
    body::{Json, check},
    problem::{Code, FieldError, Problem, nearest, pointer_to},
};

/// The maximum depth of nested objects, including the outermost.
const DEEPEST: usize = 8;

/// The maximum number of tests in a filter.
const MOST_TERMS: usize = 64;

/// The maximum number of values in a list.
const MOST_VALUES: usize = 100;

/// Parses a filter.
pub(crate) fn read(body: &[u8]) -> Result<Filter, Problem> {
    let text = check(body)?;
    let mut reader = Reader {
        faults: Vec::new(),
        terms: 0,
    };
    match (reader.object(text, "", 1), reader.faults) {
        (Some(filter), faults) if faults.is_empty() => Ok(filter),
        (_, faults) => {
            let detail = "The errors name each part of the filter that cannot be taken.";
            Err(Problem::new(Code::InvalidParameter, detail).with_faults(faults))
        }
    }
}

/// The state of the parser: the faults so far, and the number of tests.
struct Reader {
    faults: Vec<FieldError>,
    terms: usize,
}

impl Reader {
    /// All parts of an object have to match.
    fn object(&mut self, text: &str, pointer: &str, depth: usize) -> Option<Filter> {
        if depth > DEEPEST {
            return self.fault(pointer, "too-deep", "at most 8 objects inside each other");
        }
        let Ok(Json::Object(entries)) = Json::of(text) else {
            return self.fault(pointer, "wrong-type", "an object is expected");
        };
        let parts: Vec<_> = entries
            .iter()
            .map(|(key, raw)| self.part(key, raw, &pointer_to(pointer, key), depth))
            .collect();
        parts.into_iter().collect::<Option<_>>().map(all)
    }

    /// A filter within another one. An empty one means that a client has lost its content, and
    /// would match every token.
    fn nested(&mut self, text: &str, pointer: &str, depth: usize) -> Option<Filter> {
        match Json::of(text) {
            Ok(Json::Object(entries)) if entries.is_empty() && depth <= DEEPEST => {
                values::empty(pointer, &mut self.faults)
            }
            _ => self.object(text, pointer, depth),
        }
    }

    fn part(&mut self, key: &str, raw: &RawValue, pointer: &str, depth: usize) -> Option<Filter> {
        match key {
            "$and" => match self.list(raw, pointer, depth)? {
                none if none.is_empty() => values::empty(pointer, &mut self.faults),
                filters => Some(Filter::All(filters)),
            },
            "$or" => self.list(raw, pointer, depth).map(Filter::Any),
            _ => self.field(key, raw, pointer),
        }
    }

    fn list(&mut self, raw: &RawValue, pointer: &str, depth: usize) -> Option<Vec<Filter>> {
        let Ok(Json::List(items)) = Json::of(raw.get()) else {
            return self.fault(pointer, "wrong-type", "an array of filters is expected");
        };
        if items.len() > MOST_VALUES {
            return self.fault(
                pointer,
                "too-many-values",
                "at most 100 filters in an array",
            );
        }
        let read: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.nested(item.get(), &format!("{pointer}/{index}"), depth + 1))
            .collect();
        read.into_iter().collect()
    }

    /// A bare value means `$eq`.
    fn field(&mut self, name: &str, raw: &RawValue, pointer: &str) -> Option<Filter> {
        let Some(field) = terms::Field::named(name) else {
            let known = terms::Field::NAMES;
            let fault = FieldError::at(
                pointer,
                "unknown-field",
                "there is no such field to filter by",
            )
            .with_suggestions(nearest(name, known));
            self.faults.push(fault);
            return None;
        };
        let Ok(Json::Object(entries)) = Json::of(raw.get()) else {
            return self.term(field, "$eq", raw, pointer, pointer);
        };
        if entries.is_empty() {
            return values::empty(pointer, &mut self.faults);
        }
        let tests: Vec<_> = entries
            .iter()
            .map(|(operator, raw)| {
                let place = pointer_to(pointer, operator);
                self.term(field, operator, raw, &place, pointer)
            })
            .collect();
        tests.into_iter().collect::<Option<_>>().map(all)
    }

    fn term(
        &mut self,
        field: terms::Field<'_>,
        operator: &str,
        raw: &RawValue,
        pointer: &str,
        of_field: &str,
    ) -> Option<Filter> {
        self.terms += 1;
        if self.terms > MOST_TERMS {
            // Reported once: the rest is not parsed.
            if self.terms == MOST_TERMS + 1 {
                self.fault::<()>(of_field, "too-many-terms", "at most 64 tests in a filter");
            }
            return None;
        }
        field.test(operator, raw, pointer, &mut self.faults)
    }

    fn fault<T>(&mut self, pointer: &str, code: &'static str, detail: &str) -> Option<T> {
        self.faults.push(FieldError::at(pointer, code, detail));
        None
    }
}

/// A single part needs no group around it.
fn all(mut parts: Vec<Filter>) -> Filter {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            parts.extend(last);
            Filter::All(parts)
        }
    }
}
