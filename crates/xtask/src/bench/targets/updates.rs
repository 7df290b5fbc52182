//! What was to be reached by changes of tokens.

use super::{P50, P99, RATE, Target, at_least, at_most, count};
use crate::bench::lean;
use crate::bench::parts::outage;
use crate::bench::parts::update::{self, Kind};
use crate::bench::results::{Key, OURS, Results};

const MICROS_PER_MILLI: f64 = 1e3;

pub(super) fn updates(results: &Results, all: &mut Vec<Target>) {
    on_postgres(results, all);
    on_sqlite(results, all);
    waits(results, all);
    sizes(results, all);
    all.push(at_least(
        "checks within an outage of 20 s while all tokens are being updated: answered",
        0.99,
        "of them",
        results.median(Key {
            part: outage::PART,
            what: outage::WHAT,
            subject: OURS,
            x: outage::TOKENS,
            unit: outage::ANSWERED,
        }),
    ));
}

fn key<'a>(what: &'a str, clients: u64, unit: &'a str) -> Key<'a> {
    Key {
        part: update::PART,
        what,
        subject: OURS,
        x: clients,
        unit,
    }
}

fn on_postgres(results: &Results, all: &mut Vec<Target>) {
    for (kind, clients, wanted) in [
        (Kind::Grants, 64, 0.6),
        (Kind::Name, 64, 0.45),
        (Kind::Grants, 16, 0.5),
        (Kind::Grants, 1, 0.35),
        (Kind::Create, 64, 0.4),
    ] {
        let what = kind.on(update::POSTGRES);
        let lean = Key {
            subject: lean::NAME,
            ..key(update::ALONE, clients, RATE)
        };
        let found = results.ratio(key(&what, clients, RATE), lean);
        let named = format!("{what}, {}: requests/s", by(clients));
        all.push(at_least(
            named,
            wanted,
            "of pgbench's lean statement",
            found,
        ));
    }
}

/// Of the slowest kind: a bare transaction is one update, whatever it writes.
fn on_sqlite(results: &Results, all: &mut Vec<Target>) {
    let bare = Key {
        subject: update::BARE,
        ..key(update::ALONE, 1, RATE)
    };
    for (clients, wanted) in [(64, 3.0), (1, 0.6)] {
        let ratios = Kind::UPDATES.iter().filter_map(|kind| {
            let what = kind.on(update::SQLITE);
            results.ratio(key(&what, clients, RATE), bare)
        });
        let slowest = ratios.min_by(f64::total_cmp);
        let named = format!(
            "PUT, the slowest kind, on SQLite, {}: requests/s",
            by(clients)
        );
        all.push(at_least(named, wanted, "of the bare transaction", slowest));
    }
}

fn waits(results: &Results, all: &mut Vec<Target>) {
    let stores = [update::POSTGRES, update::SQLITE];
    for store in stores {
        let ratios = Kind::UPDATES.iter().filter_map(|kind| {
            let what = kind.on(store);
            results.ratio(key(&what, 1, P99), key(&what, 1, P50))
        });
        let named = format!("PUT, the worst kind, on {store}, 1 client: p99");
        all.push(at_most(
            named,
            6.0,
            "times p50",
            ratios.max_by(f64::total_cmp),
        ));
    }
    for store in stores {
        let medians = Kind::UPDATES.iter().filter_map(|kind| {
            let what = update::half(&kind.on(store));
            results.median(key(&what, 64, P99))
        });
        let named =
            format!("PUT, the worst kind, on {store}, half of the peak, 64 connections: p99");
        let worst = medians
            .max_by(f64::total_cmp)
            .map(|micros| micros / MICROS_PER_MILLI);
        all.push(at_most(named, 25.0, "ms", worst));
    }
}

fn sizes(results: &Results, all: &mut Vec<Target>) {
    let places = results.places(update::SIZES, update::AT_SIZES);
    let (least, most) = (
        places.first().copied().unwrap_or(10_000),
        places.last().copied().unwrap_or(1_000_000),
    );
    let kept = |subject| {
        let at = |x| Key {
            part: update::SIZES,
            what: update::AT_SIZES,
            subject,
            x,
            unit: RATE,
        };
        (least < most).then(|| results.ratio(at(most), at(least)))?
    };
    let beside = kept(lean::NAME).map_or(String::new(), |share| {
        format!(" (the lean statement keeps {share:.2})")
    });
    let named = format!(
        "{}, at {} stored tokens: requests/s",
        update::AT_SIZES,
        count(most)
    );
    let unit = format!("of those at {}{beside}", count(least));
    all.push(at_least(named, 0.9, unit, kept(OURS)));
}

fn by(clients: u64) -> String {
    let plural = if clients == 1 { "" } else { "s" };
    format!("{clients} client{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_kind_and_the_worst_wait_decide() {
        let mut results = Results::default();
        let bare = Key {
            subject: update::BARE,
            ..key(update::ALONE, 1, RATE)
        };
        results.add(bare, 0, 100.0);
        for (kind, rate, p99) in [
            (Kind::Expiry, 400.0, 2.0),
            (Kind::Grants, 250.0, 9.0),
            (Kind::Name, 500.0, 1.0),
        ] {
            let what = kind.on(update::SQLITE);
            results.add(key(&what, 64, RATE), 0, rate);
            results.add(key(&what, 1, P50), 0, 1.0);
            results.add(key(&what, 1, P99), 0, p99);
        }
        let mut all = Vec::new();
        updates(&results, &mut all);
        let found = |part: &str| {
            let target = all
                .iter()
                .find(|target| target.what.contains(part))
                .unwrap();
            (target.found, target.reached())
        };
        assert_eq!(found("on SQLite, 64 clients"), (Some(2.5), Some(false)));
        assert_eq!(found("on SQLite, 1 client: p99"), (Some(9.0), Some(false)));
        assert_eq!(found("on SQLite, 1 client: requests"), (None, None));
    }
}
