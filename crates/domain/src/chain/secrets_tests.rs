//! Tests of the ends of secrets, by the rotations alone.

use super::{
    comparison_tests::{minute, shown},
    tests::{content, made, secret},
    *,
};
use crate::{Changes, EventContent, samples};

/// A node's clock may step back, so a rotation can end a secret whose end is long past by other
/// clocks.
#[test]
fn a_rotation_ends_all_that_still_work_by_its_own_clock() {
    let mut secrets = Secrets::default();
    let mut take = |n: i64, kind, at, ends: Option<Timestamp>| {
        let changes = Changes {
            replaced_retires_at: ends.map(made),
            ..Changes::default()
        };
        let event = EventContent {
            at,
            ..content(samples::token_id(1), kind, n, changes)
        };
        assert!(secrets.take(&event));
    };
    take(1, EventKind::Created, minute(50), None);
    take(2, EventKind::Rotated, minute(51), Some(minute(58)));
    take(3, EventKind::Rotated, minute(52), Some(minute(59)));
    take(4, EventKind::Rotated, minute(40), Some(minute(45)));
    let ends = [Some(minute(40)), Some(minute(40)), Some(minute(45)), None];
    let at = [50, 51, 52, 40].map(minute);
    let rows: Vec<_> = (1..)
        .zip(at)
        .zip(ends)
        .map(|((n, created), valid_until)| SecretSnapshot {
            created,
            valid_until,
            ..secret(n, shown(4))
        })
        .collect();
    assert_eq!(secrets.compare(&rows, &shown(4)), Ok(()));
}
