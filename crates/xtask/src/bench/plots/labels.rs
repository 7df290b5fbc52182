//! What stands at the marks of an axis.

use crate::bench::targets::count;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count on an axis is whole and positive"
)]
pub(super) fn stored(x: f64) -> String {
    count(x.round() as u64)
}

pub(super) fn percentile(nines: f64) -> String {
    at_whole(nines, || {
        format!("p{}", trimmed(100.0 * (1.0 - 10_f64.powf(-nines))))
    })
}

pub(super) fn at_whole(x: f64, words: impl Fn() -> String) -> String {
    if (x - x.round()).abs() < 0.001 {
        words()
    } else {
        String::new()
    }
}

/// At most two digits behind the point, and no zeros at the end.
pub(super) fn trimmed(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
