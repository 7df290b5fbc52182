//! Instants as people write them.

use std::time::{SystemTime, UNIX_EPOCH};

use countersign_domain::Timestamp;

use crate::failure::{Failure, Outcome};

const SECONDS_PER_DAY: u32 = 86_400;

/// An expiry: an instant (RFC 3339), a date, or a time from now such as `90d`, `12w`, `6mo` or `1y`.
pub(crate) fn expiry(text: &str) -> Outcome<String> {
    read(text, now()).ok_or_else(|| {
        Failure::Usage(format!(
            "the expiry {text:?} is none of: 90d, 12w, 6mo, 1y, 2027-06-30, 2027-06-30T12:00:00Z"
        ))
    })
}

/// A span such as `30s`, `15m`, `12h` or `7d`, in seconds.
pub(crate) fn seconds(text: &str) -> Result<u32, String> {
    let (number, unit) = split(text).ok_or("a number and a unit, such as 12h")?;
    let factor = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => SECONDS_PER_DAY,
        _ => return Err("the units are s, m, h and d".to_owned()),
    };
    number
        .checked_mul(factor)
        .ok_or_else(|| "too long".to_owned())
}

fn read(text: &str, now: Timestamp) -> Option<String> {
    if let Some((number, unit)) = split(text) {
        let at = match unit {
            "h" => now.plus_seconds(number.checked_mul(3600)?),
            "d" => now.plus_seconds(number.checked_mul(SECONDS_PER_DAY)?),
            "w" => now.plus_seconds(number.checked_mul(7 * SECONDS_PER_DAY)?),
            "mo" => now.plus_months(number),
            "y" => now.plus_months(number.checked_mul(12)?),
            _ => return None,
        };
        return Some(at.to_string());
    }
    let is_date = text.len() == 10 && text.matches('-').count() == 2;
    if is_date && format!("{text}T00:00:00Z").parse::<Timestamp>().is_ok() {
        return Some(format!("{text}T00:00:00Z"));
    }
    // The service judges everything else that has a date in it.
    text.contains('T').then(|| text.to_owned())
}

fn split(text: &str) -> Option<(u32, &str)> {
    let digits = text
        .find(|one: char| !one.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let is_unit = unit.len() <= 2 && unit.bytes().all(|byte| byte.is_ascii_lowercase());
    Some((number.parse().ok()?, unit)).filter(|_| is_unit)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a person's `90d` counts from that person's own clock"
)]
fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let micros = i64::try_from(since.as_secs()).unwrap_or(0) * 1_000_000;
    Timestamp::from_micros(micros).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_count_from_now_and_instants_stay() {
        let now: Timestamp = "2026-01-31T10:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("36h", Some("2026-02-01T22:00:00Z")),
            ("90d", Some("2026-05-01T10:00:00Z")),
            ("2w", Some("2026-02-14T10:00:00Z")),
            ("1mo", Some("2026-02-28T10:00:00Z")),
            ("1y", Some("2027-01-31T10:00:00Z")),
            ("2027-06-30", Some("2027-06-30T00:00:00Z")),
            (
                "2027-06-30T12:00:00+02:00",
                Some("2027-06-30T12:00:00+02:00"),
            ),
            ("2027-13-30", None),
            ("90", None),
            ("1x", None),
            ("soon", None),
            ("99999999999y", None),
        ] {
            assert_eq!(read(text, now).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn an_overlap_has_a_unit() {
        assert_eq!(seconds("12h"), Ok(43_200));
        assert_eq!(seconds("60"), Ok(60));
        assert!(seconds("1w").is_err() && seconds("x").is_err() && seconds("4294967295d").is_err());
    }
}
