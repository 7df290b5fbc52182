//! Permissions: names that a deployment chooses, not a closed list that a release fixes.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use crate::standard;

/// A dotted name such as `api.engagements.read`: at least two segments of `a` to `z`, digits and
/// `-`, each beginning with a letter, and at most [`Permission::MAX`] bytes.
///
/// Permissions are compared, ordered and hashed by their text. A clone is cheap.
#[derive(Clone)]
pub struct Permission(Text);

#[derive(Clone)]
enum Text {
    Static(&'static str),
    Shared(Arc<str>),
}

/// The text is not a permission's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a dotted permission name such as api.engagements.read")]
pub struct InvalidPermission;

impl Permission {
    /// The maximum number of bytes of a name.
    pub const MAX: usize = 128;

    pub(crate) const fn from_static(name: &'static str) -> Self {
        Self(Text::Static(name))
    }

    /// Checks a name.
    ///
    /// # Errors
    /// Returns an error if the name does not have the form that the type specifies.
    pub fn parse(name: &str) -> Result<Self, InvalidPermission> {
        let mut segments = 0;
        for segment in name.split('.') {
            segments += 1;
            let mut bytes = segment.bytes();
            let well_formed = bytes.next().is_some_and(|b| b.is_ascii_lowercase())
                && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !well_formed {
                return Err(InvalidPermission);
            }
        }
        if segments < 2 || name.len() > Self::MAX {
            return Err(InvalidPermission);
        }
        Ok(standard::find(name).unwrap_or_else(|| Self(Text::Shared(name.into()))))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Static(name) => name,
            Text::Shared(name) => name,
        }
    }

    /// The area of the permission: all but the last segment.
    #[must_use]
    pub fn area(&self) -> &str {
        self.as_str().rsplit_once('.').map_or("", |(area, _)| area)
    }

    /// The verb of the permission: the last segment.
    #[must_use]
    pub fn verb(&self) -> &str {
        self.as_str().rsplit_once('.').map_or("", |(_, verb)| verb)
    }
}

impl PartialEq for Permission {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Permission {}

impl PartialOrd for Permission {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Permission {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Permission {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Permission {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn prints_and_parses_back(name in "[a-z][a-z0-9-]{0,9}(\\.[a-z][a-z0-9-]{0,9}){1,4}") {
            prop_assert_eq!(Permission::parse(&name).unwrap().to_string(), name);
        }

        #[test]
        fn nothing_else_parses(text in any::<String>()) {
            if let Ok(permission) = Permission::parse(&text) {
                prop_assert_eq!(permission.as_str(), &text);
                prop_assert!(text.contains('.') && text.is_ascii() && !text.contains(char::is_whitespace));
            }
        }
    }

    #[test]
    fn malformed_names_are_refused() {
        for name in [
            "",
            "api",
            ".",
            "api.",
            ".read",
            "api..read",
            "api.*",
            "*",
            "Api.read",
            "api.read ",
            "api.1read",
            "api.-read",
            "api.réad",
            "api.read\n",
        ] {
            assert_eq!(Permission::parse(name), Err(InvalidPermission), "{name:?}");
        }
        assert!(Permission::parse(&format!("api.{}", "a".repeat(124))).is_ok());
        assert!(Permission::parse(&format!("api.{}", "a".repeat(125))).is_err());
    }

    #[test]
    fn area_and_verb_split_at_the_last_dot() {
        let permission = Permission::parse("api.analyses.deep.run").unwrap();
        assert_eq!(
            (permission.area(), permission.verb()),
            ("api.analyses.deep", "run")
        );
    }
}
