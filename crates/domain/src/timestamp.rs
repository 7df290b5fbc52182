//! Instants that every store keeps exactly: UTC and whole microseconds, so that none comes back
//! rounded.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, Months, SecondsFormat, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// An instant in UTC, in whole microseconds, within the years 0000 to 9999 (RFC 3339, section 1).
///
/// ```
/// use countersign_domain::Timestamp;
/// let at: Timestamp = "2027-01-31T09:30:00.123456789+14:00".parse()?;
/// assert_eq!(at.to_string(), "2027-01-30T19:30:00.123456Z");
/// # Ok::<(), countersign_domain::InvalidTimestamp>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

/// The text is not an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an RFC 3339 date-time with an offset, such as 2027-01-31T09:30:00Z")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// The beginning of the calendar: the first microsecond of the year 0000.
    pub const MIN: Self = Self(
        match DateTime::from_timestamp_micros(-62_167_219_200_000_000) {
            Some(at) => at,
            None => DateTime::<Utc>::MIN_UTC,
        },
    );

    /// The end of the calendar: the last microsecond of the year 9999.
    pub const MAX: Self = Self(
        match DateTime::from_timestamp_micros(253_402_300_799_999_999) {
            Some(at) => at,
            None => DateTime::<Utc>::MAX_UTC,
        },
    );

    /// Truncates an instant to whole microseconds; `None` outside the years 0000 to 9999.
    #[must_use]
    pub fn new(at: DateTime<Utc>) -> Option<Self> {
        // chrono stores a leap second as more than 999,999,999 ns; no store can keep one.
        let kept = at.with_nanosecond(at.nanosecond() / 1000 * 1000)?;
        ((0..=9999).contains(&at.year()) && at.nanosecond() < 1_000_000_000).then_some(Self(kept))
    }

    /// Creates an instant from microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn from_micros(micros: i64) -> Option<Self> {
        Self::new(DateTime::from_timestamp_micros(micros)?)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0.timestamp_micros()
    }

    /// The same instant for libraries that use chrono.
    #[must_use]
    pub const fn to_utc(self) -> DateTime<Utc> {
        self.0
    }

    /// The same day and time some calendar months later, or that month's last day if the month is
    /// shorter; the end of the year 9999 if the result would be after it.
    #[must_use]
    pub fn plus_months(self, months: u32) -> Self {
        self.0
            .checked_add_months(Months::new(months))
            .and_then(Self::new)
            .unwrap_or(Self::MAX)
    }

    /// The instant so many seconds later, or the end of the year 9999 if the result would be after
    /// it.
    #[must_use]
    pub fn plus_seconds(self, seconds: u32) -> Self {
        Self::from_micros(self.as_micros() + i64::from(seconds) * 1_000_000).unwrap_or(Self::MAX)
    }

    /// The instant so many seconds earlier (negative: later), limited to the calendar.
    #[must_use]
    pub fn minus_seconds(self, seconds: i64) -> Self {
        self.as_micros()
            .checked_sub(seconds.saturating_mul(1_000_000))
            .and_then(Self::from_micros)
            .unwrap_or(self)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        // The library also accepts a blank between date and time, which RFC 3339 leaves to
        // agreement, and the mathematical minus sign before an offset.
        if !text.is_ascii() || !matches!(text.as_bytes().get(10), Some(b'T' | b't')) {
            return Err(InvalidTimestamp);
        }
        DateTime::parse_from_rfc3339(text)
            .ok()
            .and_then(|at| Self::new(at.to_utc()))
            .ok_or(InvalidTimestamp)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn prints_and_parses_back(micros in -62_167_219_200_000_000_i64..253_402_300_799_999_999) {
            let at = Timestamp::from_micros(micros).unwrap();
            prop_assert_eq!(at.to_string().parse::<Timestamp>(), Ok(at));
            prop_assert_eq!(at.as_micros(), micros);
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "now",
            "1767225600",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-12-31T23:59:60Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00+25:00",
            "2026-01-01",
            "2026-01-01 00:00:00Z",
            "9999-12-31T23:59:59-14:00",
            "12026-01-01T00:00:00Z",
            "-001-01-01T00:00:00Z",
            "2026-1-1T00:00:00Z",
            "2026-01-01T00:00Z",
            "2026-01-01T00:00:00.Z",
            " 2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00\u{2212}05:00",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp), "{text}");
        }
    }

    #[test]
    fn months_are_calendar_months() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(
            at("2024-02-29T12:00:00Z").plus_months(24),
            at("2026-02-28T12:00:00Z")
        );
        assert_eq!(
            at("2026-11-23T00:00:00.000001Z").plus_months(24),
            at("2028-11-23T00:00:00.000001Z")
        );
        assert_eq!(
            at("9999-01-01T00:00:00Z").plus_months(24),
            at("9999-12-31T23:59:59.999999Z")
        );
    }
}
