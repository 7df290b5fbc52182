//! Instants and amounts for people. All times are in UTC, and say so.

use countersign_domain::Timestamp;
use maud::{Markup, html};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// `23 Nov 2027, 00:00 UTC`; with seconds only if they are not zero.
pub(crate) fn instant(at: Timestamp) -> String {
    let utc = at.to_utc();
    let seconds = at.as_micros().rem_euclid(MINUTE * 1_000_000) != 0;
    let format = if seconds {
        "%-d %b %Y, %H:%M:%S UTC"
    } else {
        "%-d %b %Y, %H:%M UTC"
    };
    utc.format(format).to_string()
}

/// The distance from now: `in 3 months`, `5 minutes ago`.
pub(crate) fn distance(at: Timestamp, now: Timestamp) -> String {
    let seconds = (at.as_micros() - now.as_micros()) / 1_000_000;
    let length = seconds.abs();
    let (count, unit) = match length {
        0..MINUTE if seconds <= 0 => return "just now".into(),
        0..MINUTE => return "in less than a minute".into(),
        MINUTE..HOUR => (length / MINUTE, "minute"),
        HOUR..DAY => (length / HOUR, "hour"),
        _ if length < 60 * DAY => (length / DAY, "day"),
        _ if length < 730 * DAY => (length / (30 * DAY), "month"),
        _ => (length / (365 * DAY), "year"),
    };
    let end = if count == 1 { "" } else { "s" };
    if seconds > 0 {
        format!("in {count} {unit}{end}")
    } else {
        format!("{count} {unit}{end} ago")
    }
}

/// An instant, spelt out.
pub(crate) fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (instant(at)) } }
}

/// The distance of an instant, with the full time as a tooltip.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title=(instant(at)) { (distance(at, now)) } }
}

/// An instant with its distance.
pub(crate) fn both(at: Timestamp, now: Timestamp) -> Markup {
    html! { (time(at)) " " span.faint { "(" (distance(at, now)) ")" } }
}

/// The form of a browser's field for date and time.
pub(crate) fn field(at: Timestamp) -> String {
    let seconds = at.as_micros().rem_euclid(MINUTE * 1_000_000) >= 1_000_000;
    let format = if seconds {
        "%Y-%m-%dT%H:%M:%S"
    } else {
        "%Y-%m-%dT%H:%M"
    };
    at.to_utc().format(format).to_string()
}

/// `1 token`, `2 tokens`, `100,000 tokens`.
pub(crate) fn count(number: u64, word: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{} {word}{end}", grouped(number))
}

/// Groups thousands with commas.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_said_as_people_say_them() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(
            instant(at("2027-11-23T00:00:00Z")),
            "23 Nov 2027, 00:00 UTC"
        );
        assert_eq!(
            instant(at("2027-01-03T09:05:07.000001Z")),
            "3 Jan 2027, 09:05:07 UTC"
        );
        let now = at("2026-06-01T12:00:00Z");
        for (then, said) in [
            ("2026-06-01T12:00:00Z", "just now"),
            ("2026-06-01T11:59:01Z", "just now"),
            ("2026-06-01T12:00:59Z", "in less than a minute"),
            ("2026-06-01T11:59:00Z", "1 minute ago"),
            ("2026-06-02T11:59:00Z", "in 23 hours"),
            ("2026-06-02T12:00:00Z", "in 1 day"),
            ("2026-05-01T12:00:00Z", "31 days ago"),
            ("2026-09-01T12:00:00Z", "in 3 months"),
            ("2028-06-02T12:00:00Z", "in 2 years"),
        ] {
            assert_eq!(distance(at(then), now), said, "{then}");
        }
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, said) in [
            (0, "0 tokens"),
            (1, "1 token"),
            (999, "999 tokens"),
            (1000, "1,000 tokens"),
            (1_234_567, "1,234,567 tokens"),
        ] {
            assert_eq!(count(number, "token"), said);
        }
    }
}
