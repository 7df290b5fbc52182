//! The metadata of a token: pairs of text that mean something to the deployment alone.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use super::{InvalidText, text};

/// Pairs of a key and a value, in the order of the keys; possibly none. No key occurs twice.
///
/// ```
/// use countersign_domain::Metadata;
/// let metadata = Metadata::parse([("plan", "gold"), ("env", "production")]).unwrap();
/// assert_eq!(metadata.get("plan"), Some("gold"));
/// assert_eq!(metadata.iter().next(), Some(("env", "production")));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata(Option<Arc<[Pair]>>);

type Pair = (Box<str>, Box<str>);

/// One reason why pairs are not metadata.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidMetadata {
    /// There are more pairs than [`Metadata::MAX_PAIRS`].
    #[error("at most {max} pairs are allowed, these are {count}", max = Metadata::MAX_PAIRS)]
    TooMany {
        /// The number of pairs.
        count: usize,
    },
    /// Keys and values together have more bytes than [`Metadata::MAX_BYTES`].
    #[error("keys and values have at most {max} bytes together, these have {bytes}", max = Metadata::MAX_BYTES)]
    TooLarge {
        /// The number of bytes.
        bytes: usize,
    },
    /// A key does not have the form of keys.
    #[error(
        "a key is a lower-case letter and up to 62 more of lower-case letters, digits, '.', '_' and '-'"
    )]
    Key {
        /// The key.
        key: String,
    },
    /// A value is not valid.
    #[error("{reason}")]
    Value {
        /// The value's key.
        key: String,
        /// The reason why the value is not valid.
        reason: InvalidText,
    },
}

impl InvalidMetadata {
    /// The key of the pair at fault; `None` if the fault is not in one pair.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::TooMany { .. } | Self::TooLarge { .. } => None,
            Self::Key { key } | Self::Value { key, .. } => Some(key),
        }
    }
}

impl Metadata {
    /// The maximum number of pairs.
    pub const MAX_PAIRS: usize = 32;
    /// The maximum number of characters of a value (Unicode scalar values in NFC).
    pub const MAX_VALUE: usize = 256;
    /// The maximum number of bytes of all keys and values together, in UTF-8.
    pub const MAX_BYTES: usize = 4096;

    /// Whether a text has the form of a key: a lower-case letter, then up to 62 lower-case letters,
    /// digits, `.`, `_` or `-`.
    #[must_use]
    pub fn is_key(text: &str) -> bool {
        let inner = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        text.len() <= 63
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(inner)
    }

    /// Normalises and checks pairs. Of two pairs with one key the later counts.
    ///
    /// # Errors
    /// Returns all reasons why the pairs are not metadata.
    pub fn parse<K: AsRef<str>, V: AsRef<str>>(
        written: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, Vec<InvalidMetadata>> {
        let mut faults = Vec::new();
        let mut pairs: BTreeMap<Box<str>, Box<str>> = BTreeMap::new();
        for (key, value) in written {
            let (key, value) = (key.as_ref(), text::normal(value.as_ref()));
            if !Self::is_key(key) {
                faults.push(InvalidMetadata::Key { key: key.into() });
            }
            if let Err(reason) = text::check(&value, Self::MAX_VALUE, None) {
                let key = key.into();
                faults.push(InvalidMetadata::Value { key, reason });
            }
            pairs.insert(key.into(), value.into());
        }
        let count = pairs.len();
        if count > Self::MAX_PAIRS {
            faults.push(InvalidMetadata::TooMany { count });
        }
        let bytes = pairs.iter().map(|(key, value)| key.len() + value.len());
        let bytes = bytes.sum();
        if bytes > Self::MAX_BYTES {
            faults.push(InvalidMetadata::TooLarge { bytes });
        }
        if faults.is_empty() {
            Ok(Self((count > 0).then(|| pairs.into_iter().collect())))
        } else {
            Err(faults)
        }
    }

    /// The pairs, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.as_deref().unwrap_or_default();
        pairs.iter().map(|(key, value)| (&**key, &**value))
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter()
            .find_map(|(known, value)| (known == key).then_some(value))
    }

    /// Whether there are no pairs.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The metadata, if there are pairs.
    #[must_use]
    pub fn filled(&self) -> Option<&Self> {
        (!self.is_empty()).then_some(self)
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = BTreeMap::<String, String>::deserialize(deserializer)?;
        Self::parse(pairs).map_err(|_| de::Error::custom("not metadata"))
    }
}
