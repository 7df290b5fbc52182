//! What was to be reached, and whether it was.

mod updates;

use super::load::as_f64;
use super::parts::{check, growth, memory, rules, start};
use super::pgbench;
use super::results::{Key, OURS, Results};

/// A line of the table of targets.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target {
    pub(super) what: String,
    pub(super) wanted: f64,
    pub(super) bound: Bound,
    pub(super) unit: String,
    /// `None` where it was not measured.
    pub(super) found: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    AtLeast,
    AtMost,
}

impl Target {
    pub(super) fn reached(&self) -> Option<bool> {
        self.found.map(|found| match self.bound {
            Bound::AtLeast => found >= self.wanted,
            Bound::AtMost => found <= self.wanted,
        })
    }
}

const RATE: &str = "requests/s";
const P50: &str = "p50 µs";
const P99: &str = "p99 µs";

pub(super) fn targets(results: &Results) -> Vec<Target> {
    let mut all = Vec::new();
    checks(results, &mut all);
    updates::updates(results, &mut all);
    sizes(results, &mut all);
    itself(results, &mut all);
    all
}

fn at_least(
    what: impl Into<String>,
    wanted: f64,
    unit: impl Into<String>,
    found: Option<f64>,
) -> Target {
    Target {
        what: what.into(),
        wanted,
        bound: Bound::AtLeast,
        unit: unit.into(),
        found,
    }
}

fn at_most(
    what: impl Into<String>,
    wanted: f64,
    unit: impl Into<String>,
    found: Option<f64>,
) -> Target {
    Target {
        bound: Bound::AtMost,
        ..at_least(what, wanted, unit, found)
    }
}

fn checks(results: &Results, all: &mut Vec<Target>) {
    let of = |what, other, unit| {
        let ours = Key {
            part: check::PART,
            what,
            subject: OURS,
            x: 64,
            unit,
        };
        results.ratio(
            ours,
            Key {
                subject: other,
                ..ours
            },
        )
    };
    let (auth, verify) = ("GET /auth", "POST /api/v1/api-tokens/verify");
    let bare = "of bare axum";
    all.push(at_least(
        "`GET /auth`, warm, 64 connections: requests/s",
        0.75,
        bare,
        of(auth, check::BARE, RATE),
    ));
    all.push(at_most(
        "`GET /auth`, warm, 64 connections: p99",
        1.5,
        bare,
        of(auth, check::BARE, P99),
    ));
    all.push(at_least(
        "`POST …/verify`, warm, 64 connections: requests/s",
        0.6,
        bare,
        of(verify, check::BARE, RATE),
    ));
    let found = of(check::COLD, pgbench::NAME, RATE);
    all.push(at_least(
        "check, cold, 64 connections: requests/s",
        0.5,
        "of pgbench's selects",
        found,
    ));
}

fn sizes(results: &Results, all: &mut Vec<Target>) {
    let key = |what, x, unit| Key {
        part: growth::PART,
        what,
        subject: OURS,
        x,
        unit,
    };
    let places = results.places(growth::PART, growth::WARM);
    let (least, most) = (
        places.first().copied().unwrap_or(10_000),
        places.last().copied().unwrap_or(1_000_000),
    );
    let found = if least < most {
        results.ratio(
            key(growth::WARM, most, RATE),
            key(growth::WARM, least, RATE),
        )
    } else {
        None
    };
    let named = format!(
        "{}, at {} stored tokens: requests/s",
        growth::WARM,
        count(most)
    );
    all.push(at_least(named, 0.9, "of those at 10 thousand", found));
    let ratio = |x: &u64| results.ratio(key(growth::DEEP, *x, P50), key(growth::FIRST, *x, P50));
    let worst = places.iter().filter_map(ratio).max_by(f64::total_cmp);
    all.push(at_most(
        "keyset page 1000, at the worst size: time",
        1.2,
        "of page 1",
        worst,
    ));
}

fn itself(results: &Results, all: &mut Vec<Target>) {
    let rest = memory::REST.iter().filter_map(|what| {
        let place = *results.places(memory::PART, what).first()?;
        results.median(Key {
            part: memory::PART,
            what,
            subject: OURS,
            x: place,
            unit: memory::MIB,
        })
    });
    all.push(at_most(
        "memory at rest, the higher of both stores",
        30.0,
        "MiB",
        rest.max_by(f64::total_cmp),
    ));
    let most = results
        .places(memory::PART, memory::PER_CREDENTIAL)
        .last()
        .copied();
    let each = most.and_then(|x| {
        results.median(Key {
            part: memory::PART,
            what: memory::PER_CREDENTIAL,
            subject: OURS,
            x,
            unit: memory::BYTES,
        })
    });
    let named = format!(
        "memory per cached credential, at {}",
        count(most.unwrap_or(1_000_000))
    );
    all.push(at_most(named, 400.0, "bytes", each));
    let starts = start::ON.iter().filter_map(|what| {
        let place = *results.places(start::PART, what).first()?;
        results.median(Key {
            part: start::PART,
            what,
            subject: OURS,
            x: place,
            unit: start::SECONDS,
        })
    });
    all.push(at_most(
        "start to the first answer, the slower of both stores",
        0.3,
        "s",
        starts.max_by(f64::total_cmp),
    ));
    let whole = Key {
        part: rules::PART,
        what: rules::WHOLE,
        subject: OURS,
        x: 0,
        unit: rules::NANOS,
    };
    let micros = results.median(whole).map(|nanos| nanos / 1e3);
    all.push(at_most(
        "parse, digest of a secret, and `admit`",
        1.0,
        "µs",
        micros,
    ));
}

/// A count as one would say it.
pub(super) fn count(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => format!("{} thousand", as_f64(number) / 1e3),
        _ => format!("{} million", as_f64(number) / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_reached_at_its_bound() {
        let target = at_most("a", 1.5, "x", Some(1.5));
        assert_eq!(target.reached(), Some(true));
        assert_eq!(
            Target {
                found: Some(1.51),
                ..target.clone()
            }
            .reached(),
            Some(false)
        );
        assert_eq!(
            Target {
                found: None,
                ..target.clone()
            }
            .reached(),
            None
        );
        assert_eq!(
            Target {
                bound: Bound::AtLeast,
                found: Some(1.4),
                ..target
            }
            .reached(),
            Some(false)
        );
    }

    #[test]
    fn without_results_nothing_is_reached_and_nothing_missed() {
        let targets = targets(&Results::default());
        assert_eq!(targets.len(), 23);
        assert!(targets.iter().all(|target| target.reached().is_none()));
        assert_eq!(count(10_000), "10 thousand");
    }
}
