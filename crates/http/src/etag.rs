//! Entity tags: `"<version>"`, and the preconditions that clients build from them (RFC 9110,
//! sections 8.8.3 and 13.1).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use countersign_domain::Version;

use crate::problem::{FieldError, Problem};

/// The condition of an `If-Match` or `If-None-Match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// `*`: any version.
    Any,
    /// One of these.
    Tags(Vec<Tag>),
}

/// An entity tag, without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    weak: bool,
    opaque: String,
}

/// The entity tag of a version.
pub(crate) fn etag(version: Version) -> String {
    format!("\"{version}\"")
}

impl Condition {
    /// Parses a condition; `None` if the header is absent.
    pub(crate) fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, Problem> {
        let mut lines = Vec::new();
        for value in headers.get_all(name) {
            lines.push(value.to_str().map_err(|_| malformed(name))?);
        }
        if lines.is_empty() {
            return Ok(None);
        }
        let text = lines.join(",");
        if text.trim() == "*" {
            return Ok(Some(Self::Any));
        }
        match tags(&text) {
            Some(tags) if !tags.is_empty() => Ok(Some(Self::Tags(tags))),
            _ => Err(malformed(name)),
        }
    }

    /// Whether the version matches by weak comparison, for `If-None-Match`.
    pub(crate) fn matches_weak(&self, version: Version) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| tag.opaque == version.to_string()),
        }
    }

    /// Whether the version matches by strong comparison, for `If-Match`. A weak tag never matches.
    pub(crate) fn matches_strong(&self, version: Version) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags
                .iter()
                .any(|tag| !tag.weak && tag.opaque == version.to_string()),
        }
    }

    /// Whether a representation with this entity tag matches by strong comparison. Without a tag
    /// only `*` matches.
    pub(crate) fn matches(&self, etag: Option<&HeaderValue>) -> bool {
        let etag = etag.and_then(|etag| etag.to_str().ok());
        let opaque = etag.and_then(|etag| etag.strip_prefix('"')?.strip_suffix('"'));
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags
                .iter()
                .any(|tag| !tag.weak && Some(&*tag.opaque) == opaque),
        }
    }

    /// Whether the condition matches no version at all, because it only has weak tags.
    pub(crate) fn never_holds(&self) -> bool {
        matches!(self, Self::Tags(tags) if tags.iter().all(|tag| tag.weak))
    }

    /// The explanation for a failed condition with weak tags: a proxy that compresses answers
    /// weakens theirs.
    pub(crate) fn weakness(&self) -> Option<&'static str> {
        let weak = matches!(self, Self::Tags(tags) if tags.iter().any(|tag| tag.weak));
        weak.then_some("A weak entity tag (W/) never matches in If-Match.")
    }
}

/// Refuses a precondition that an operation does not support, instead of ignoring it.
pub(crate) fn refuse(headers: &HeaderMap, name: &HeaderName) -> Result<(), Problem> {
    if !headers.contains_key(name) {
        return Ok(());
    }
    let detail = "this operation does not take the precondition";
    Err(invalid(name, "unexpected-header", detail))
}

fn malformed(name: &HeaderName) -> Problem {
    let detail = "* or entity tags such as \"3\", in their quotes, are expected";
    invalid(name, "invalid-value", detail)
}

fn invalid(name: &HeaderName, code: &'static str, detail: &str) -> Problem {
    let shown = if name == header::IF_MATCH {
        "If-Match"
    } else {
        "If-None-Match"
    };
    Problem::invalid_parameters(vec![FieldError::in_parameter(shown, code, detail)])
}

/// A list of entity tags; commas between quotes are part of a tag, and empty elements are ignored.
fn tags(text: &str) -> Option<Vec<Tag>> {
    let (mut tags, mut rest) = (Vec::new(), text);
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(tags);
        }
        let strong = rest.strip_prefix("W/");
        let (opaque, behind) = strong.unwrap_or(rest).strip_prefix('"')?.split_once('"')?;
        let plain = opaque
            .bytes()
            .all(|byte| byte == 0x21 || (0x23..=0x7e).contains(&byte));
        let behind = behind.trim_start_matches([' ', '\t']);
        if !plain || !(behind.is_empty() || behind.starts_with(',')) {
            return None;
        }
        tags.push(Tag {
            weak: strong.is_some(),
            opaque: opaque.to_owned(),
        });
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Result<Option<Condition>, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, value.parse().unwrap());
        }
        Condition::read(&headers, &header::IF_MATCH)
    }

    #[test]
    fn strong_and_weak_comparison() {
        let version = Version::try_from(3).unwrap();
        for (values, strong, weak) in [
            (&["*"][..], true, true),
            (&["\"3\""], true, true),
            (&["W/\"3\""], false, true),
            (&["\"1\", \"3\""], true, true),
            (&["\"1\"", "W/\"2\" , \"3\""], true, true),
            (&["\"03\""], false, false),
            (&["\"a,3\""], false, false),
            (&["\"\""], false, false),
            (&[",,\"3\","], true, true),
        ] {
            let condition = read(values).unwrap().unwrap();
            assert_eq!(condition.matches_strong(version), strong, "{values:?}");
            assert_eq!(condition.matches_weak(version), weak, "{values:?}");
        }
        assert_eq!(read(&[]).unwrap(), None);
        assert!(read(&["W/\"3\", W/\"4\""]).unwrap().unwrap().never_holds());
        assert!(!read(&["W/\"3\", \"4\""]).unwrap().unwrap().never_holds());
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for value in [
            "3",
            "",
            ",",
            "\"3",
            "3\"",
            "w/\"3\"",
            "\"3\" \"4\"",
            "\"3\";",
            "*, \"3\"",
            "\"a b\"",
        ] {
            assert!(read(&[value]).is_err(), "{value}");
        }
    }
}
