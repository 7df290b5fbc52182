//! The headers in which forward auth hands values of the metadata over.

use axum::http::HeaderName;
use countersign_domain::Metadata;
use thiserror::Error;

const PREFIX: &str = "x-countersign-meta-";

/// Says that the values were left out because they are too long together.
pub(crate) const OMITTED: HeaderName = HeaderName::from_static("x-countersign-meta-omitted");

/// The keys of metadata that forward auth hands over, each with its header; none by default.
///
/// The header of the key `plan` is `X-Countersign-Meta-Plan`. Proxies and frameworks do not tell `.`,
/// `_` and `-` apart in the name of a header, so each becomes `-`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataHeaders(Vec<(String, HeaderName)>);

/// Reason why keys cannot go out as headers.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidMetadataHeaders {
    /// There are more keys than a token can have.
    #[error("at most {max} keys are possible, these are {count}", max = Metadata::MAX_PAIRS)]
    TooMany {
        /// The number of keys.
        count: usize,
    },
    /// A text is not a key of metadata.
    #[error("{0:?} is not a key of metadata")]
    NoKey(String),
    /// The header of a key has another meaning already.
    #[error("the header of the key {0:?} is that of another key, or of the service")]
    Taken(String),
}

impl MetadataHeaders {
    /// The headers of these keys.
    ///
    /// # Errors
    /// Returns the first key that cannot go out as a header.
    pub fn new<K: AsRef<str>>(
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Self, InvalidMetadataHeaders> {
        let mut headers: Vec<(String, HeaderName)> = Vec::new();
        for key in keys {
            let key = key.as_ref();
            let name = format!("{PREFIX}{}", key.replace(['.', '_'], "-"));
            let header = HeaderName::try_from(name)
                .ok()
                .filter(|_| Metadata::is_key(key))
                .ok_or_else(|| InvalidMetadataHeaders::NoKey(key.to_owned()))?;
            if header == OMITTED || headers.iter().any(|(_, taken)| *taken == header) {
                return Err(InvalidMetadataHeaders::Taken(key.to_owned()));
            }
            headers.push((key.to_owned(), header));
        }
        match headers.len() {
            count if count > Metadata::MAX_PAIRS => Err(InvalidMetadataHeaders::TooMany { count }),
            _ => Ok(Self(headers)),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &HeaderName)> {
        self.0.iter().map(|(key, header)| (key.as_str(), header))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        InvalidMetadataHeaders::{NoKey, Taken, TooMany},
        *,
    };

    #[test]
    fn each_key_has_a_header_of_its_own() {
        let headers = MetadataHeaders::new(["plan", "a.b_c-d"]).unwrap();
        let names: Vec<_> = headers.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(
            names,
            ["x-countersign-meta-plan", "x-countersign-meta-a-b-c-d"]
        );
        for (keys, wrong) in [
            (vec!["Plan"], NoKey("Plan".into())),
            (vec![""], NoKey(String::new())),
            (vec!["a b"], NoKey("a b".into())),
            (vec!["a.b", "a-b"], Taken("a-b".into())),
            (vec!["plan", "plan"], Taken("plan".into())),
            (vec!["omitted"], Taken("omitted".into())),
        ] {
            assert_eq!(MetadataHeaders::new(keys), Err(wrong));
        }
        let many = (0..33).map(|n| format!("k{n}"));
        assert_eq!(MetadataHeaders::new(many), Err(TooMany { count: 33 }));
    }
}
