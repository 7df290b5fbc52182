//! Query parameters: each must be known, given once, and of its type. A misspelt one is an error
//! and never ignored: a dry run that is not one would do harm.

use std::{borrow::Cow, convert::Infallible, str::FromStr};

use axum::{
    RequestPartsExt,
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use countersign_application::query::{Order, OrderField};

use crate::problem::{FieldError, Problem};

/// The `{id}` of a path, whatever its text is: a text that is not an id names nothing, and is not
/// an error by itself.
#[derive(Debug)]
pub(crate) struct Id(Option<String>);

impl Id {
    /// The id, if the text is one.
    pub(crate) fn parse<T: FromStr>(&self) -> Option<T> {
        self.0.as_ref()?.parse().ok()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let path = parts.extract::<Path<String>>().await;
        Ok(Self(path.ok().map(|Path(id)| id)))
    }
}

/// The parameters of a request that have not been parsed yet, and the faults so far.
pub(crate) struct Params<'a> {
    entries: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    faults: Vec<FieldError>,
}

impl<'a> Params<'a> {
    /// The parameters of a query.
    pub(crate) fn of(query: Option<&'a str>) -> Self {
        Self {
            entries: form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect(),
            faults: Vec::new(),
        }
    }

    /// Returns an error if there is any parameter.
    pub(crate) fn none(query: Option<&str>) -> Result<(), Problem> {
        Params::of(query).finish()
    }

    /// Parses a switch, which is off if it is left out.
    pub(crate) fn flag(&mut self, name: &'static str) -> bool {
        let read = |text: &str| match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        self.single(name, "true or false", read).unwrap_or(false)
    }

    /// Parses a whole number within bounds.
    pub(crate) fn number<T: TryFrom<u32>>(
        &mut self,
        name: &'static str,
        (least, most): (u32, u32),
    ) -> Option<T> {
        let wanted = format!("a whole number from {least} to {most}");
        self.single(name, &wanted, |text| {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit())
                && (text == "0" || !text.starts_with('0'));
            let number = text.parse::<u32>().ok().filter(|_| plain)?;
            (least..=most)
                .contains(&number)
                .then_some(number)?
                .try_into()
                .ok()
        })
    }

    /// Parses a parameter that occurs at most once.
    pub(crate) fn single<T>(
        &mut self,
        name: &'static str,
        wanted: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let mut values = self.take(name);
        let (value, more) = (values.pop()?, !values.is_empty());
        if more {
            let fault =
                FieldError::in_parameter(name, "several-values", "it can be given only once");
            self.faults.push(fault);
            return None;
        }
        let read = read(&value);
        if read.is_none() {
            let fault =
                FieldError::in_parameter(name, "invalid-value", format!("{wanted} is expected"));
            self.faults.push(fault.with_value(&value));
        }
        read
    }

    /// Parses a parameter that may occur several times.
    pub(crate) fn several<T>(
        &mut self,
        name: &'static str,
        wanted: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let mut all = Vec::new();
        for value in self.take(name) {
            if let Some(read) = read(&value) {
                all.push(read);
            } else {
                let detail = format!("{wanted} is expected");
                let fault = FieldError::in_parameter(name, "invalid-value", detail);
                self.faults.push(fault.with_value(&value));
            }
        }
        all
    }

    /// Parses a required text.
    pub(crate) fn required(&mut self, name: &'static str) -> Option<String> {
        self.needed(name, "a text", |text| Some(text.to_owned()))
    }

    /// Parses a required parameter.
    pub(crate) fn needed<T>(
        &mut self,
        name: &'static str,
        wanted: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        if self.entries.iter().all(|(key, _)| key != name) {
            let fault = FieldError::in_parameter(name, "missing-parameter", "it is required");
            self.faults.push(fault);
            return None;
        }
        self.single(name, wanted, read)
    }

    /// Records a parameter that has no meaning without another one.
    pub(crate) fn depends(&mut self, name: &'static str, on: &str) {
        let detail = format!("it has a meaning beside {on} only");
        self.faults.push(FieldError::in_parameter(
            name,
            "contradicting-parameters",
            detail,
        ));
    }

    /// Parses the order: `sort=field,direction`, with several pairs in one value and several
    /// values. The default direction is ascending; a repeated field adds nothing.
    pub(crate) fn order(&mut self) -> Vec<Order> {
        let mut order: Vec<Order> = Vec::new();
        for value in self.take("sort") {
            let Some(pairs) = pairs(&value) else {
                let detail = "pairs of name, expiry, creationDate, lastModifiedDate, lastUsedDate or revokedDate and asc or desc are expected";
                let fault = FieldError::in_parameter("sort", "invalid-value", detail);
                self.faults.push(fault.with_value(&value));
                continue;
            };
            for pair in pairs {
                if order.iter().all(|earlier| earlier.field != pair.field) {
                    order.push(pair);
                }
            }
        }
        order
    }

    /// Ends the parsing of an OAuth form; the remaining parameters are ignored (RFC 6749, section
    /// 3.2).
    pub(crate) fn finish_form(mut self) -> Result<(), Problem> {
        self.entries.clear();
        self.finish()
    }

    /// Ends the parsing: the remaining parameters are unknown.
    pub(crate) fn finish(mut self) -> Result<(), Problem> {
        // The values of unknown parameters are not repeated, because some clients put credentials
        // there.
        self.faults.extend(self.entries.iter().map(|(name, _)| {
            FieldError::in_parameter(name, "unknown-parameter", "there is no such parameter")
        }));
        if self.faults.is_empty() {
            return Ok(());
        }
        Err(Problem::invalid_parameters(self.faults))
    }

    fn take(&mut self, name: &str) -> Vec<Cow<'a, str>> {
        let entries = std::mem::take(&mut self.entries);
        let (found, rest) = entries.into_iter().partition(|(key, _)| key == name);
        self.entries = rest;
        let found: Vec<(_, _)> = found;
        found.into_iter().map(|(_, value)| value).collect()
    }
}

fn pairs(value: &str) -> Option<Vec<Order>> {
    let mut words = value.split(',').peekable();
    let mut pairs = Vec::new();
    while let Some(word) = words.next() {
        let field = match word {
            "name" => OrderField::Name,
            "expiry" => OrderField::Expiry,
            "creationDate" => OrderField::CreationDate,
            "lastModifiedDate" => OrderField::LastModifiedDate,
            "lastUsedDate" => OrderField::LastUsedDate,
            "revokedDate" => OrderField::RevokedDate,
            _ => return None,
        };
        let direction = words.next_if(|word| matches!(*word, "asc" | "desc"));
        pairs.push(Order {
            field,
            descending: direction == Some("desc"),
        });
    }
    Some(pairs)
}

#[cfg(test)]
#[path = "params_tests.rs"]
mod tests;
