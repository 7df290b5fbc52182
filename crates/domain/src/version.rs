//! Versions of a record, by which two writers notice each other (optimistic concurrency control).

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The number of stored changes of one record: 1 at its creation, and one more with every stored
/// change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Version(i64);

/// The number is not 1 or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a version is a whole number from 1 to 9223372036854775807")]
pub struct InvalidVersion;

impl Version {
    /// The version of a new record.
    pub const FIRST: Self = Self(1);

    /// The number itself, 1 or more.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The version after one more stored change. The largest number stays as it is; the history has
    /// one event for each version of a token and refuses a second one. No record lives through 2⁶³
    /// changes.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl TryFrom<i64> for Version {
    type Error = InvalidVersion;

    fn try_from(number: i64) -> Result<Self, InvalidVersion> {
        if number >= 1 {
            Ok(Self(number))
        } else {
            Err(InvalidVersion)
        }
    }
}

impl From<Version> for i64 {
    fn from(version: Version) -> Self {
        version.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_at_one_and_grows_by_one() {
        assert_eq!(Version::FIRST.get(), 1);
        assert_eq!(Version::FIRST.next().get(), 2);
        assert_eq!(Version::try_from(0), Err(InvalidVersion));
        assert_eq!(Version::try_from(-1), Err(InvalidVersion));
    }
}
