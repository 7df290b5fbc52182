//! The pictures of the page.

mod bars;
mod labels;
mod lines;

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::style::RGBColor;

pub(super) use self::bars::grouped;
use self::bars::{Bars, Group};
use self::labels::{at_whole, percentile, stored, trimmed};
use self::lines::{Line, Lines};
use super::lean;
use super::load::{PERCENTILES, as_f64};
use super::parts::{RATE, check, growth, memory, update};
use super::pgbench;
use super::results::{Key, OURS, Results};

const SIZE: (u32, u32) = (860, 420);
/// Told apart also by who sees few colours, and in grey.
const COLOURS: [RGBColor; 4] = [
    RGBColor(0, 90, 160),
    RGBColor(230, 159, 0),
    RGBColor(0, 140, 100),
    RGBColor(200, 70, 100),
];
const INK: RGBColor = RGBColor(40, 40, 40);
const FAINT: RGBColor = RGBColor(225, 225, 225);

/// A picture, with the words for who cannot see it.
#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) part: &'static str,
    pub(super) file: &'static str,
    pub(super) words: &'static str,
}

/// Draws what was measured, and says which pictures there are.
pub(super) fn draw(results: &Results, folder: &Path) -> Result<Vec<Drawn>> {
    let mut drawn = Vec::new();
    let mut note = |there: bool, part, file, words| {
        if there {
            drawn.push(Drawn { part, file, words });
        }
    };
    let there = checks(results).draw(&folder.join("check.svg"))?;
    note(
        there,
        check::PART,
        "check.svg",
        "Checks per second, beside the references",
    );
    let there = waits(results).draw(&folder.join("latency.svg"))?;
    note(
        there,
        check::PART,
        "latency.svg",
        "Time to the answer at half of the peak, by percentile",
    );
    let there = updates(results).draw(&folder.join("update.svg"))?;
    note(
        there,
        update::PART,
        "update.svg",
        "Durable updates per second by number of clients, beside the databases alone",
    );
    let there = sizes(results).draw(&folder.join("growth.svg"))?;
    note(
        there,
        growth::PART,
        "growth.svg",
        "Speed at growing numbers of stored tokens, as a share of that at the smallest",
    );
    let there = pages(results).draw(&folder.join("pages.svg"))?;
    note(
        there,
        growth::PART,
        "pages.svg",
        "Time for one page at growing numbers of stored tokens",
    );
    let there = held(results).draw(&folder.join("memory.svg"))?;
    note(
        there,
        memory::PART,
        "memory.svg",
        "Resident memory by number of cached credentials",
    );
    Ok(drawn)
}

fn checks(results: &Results) -> Bars {
    let mut groups = Vec::new();
    for what in [
        "GET /auth",
        "POST /api/v1/api-tokens/verify",
        "GET /api/v1/api-tokens/current",
        check::COLD,
    ] {
        let values = [OURS, check::BARE, pgbench::NAME].map(|subject| {
            results.median(Key {
                part: check::PART,
                what,
                subject,
                x: 64,
                unit: RATE,
            })
        });
        let label = what.replace("/api/v1/api-tokens", "…");
        groups.push(Group {
            label,
            values: values.to_vec(),
        });
    }
    Bars {
        title: "Checks per second, 64 connections",
        axis: "requests per second",
        series: vec![OURS, check::BARE, "pgbench, one select"],
        groups,
    }
}

fn updates(results: &Results) -> Bars {
    let mut groups = Vec::new();
    for store in [update::POSTGRES, update::SQLITE] {
        for clients in update::CLIENTS {
            let x = u64::try_from(clients).unwrap_or(u64::MAX);
            let rate = |what: &str, subject, x| {
                results.median(Key {
                    part: update::PART,
                    what,
                    subject,
                    x,
                    unit: RATE,
                })
            };
            let references = if store == update::POSTGRES {
                [lean::NAME, pgbench::OWN_STATEMENT].map(|by| rate(update::ALONE, by, x))
            } else {
                [rate(update::ALONE, update::BARE, 1), None]
            };
            let ours = [update::Kind::Grants, update::Kind::Name]
                .map(|kind| rate(&kind.on(store), OURS, x));
            let plural = if clients == 1 { "" } else { "s" };
            groups.push(Group {
                label: format!("{store}, {clients} client{plural}"),
                values: [ours, references].concat(),
            });
        }
    }
    // A reference alone says nothing.
    groups.retain(|group| group.values[0].is_some());
    Bars {
        title: "Durable updates per second",
        axis: "updates per second",
        series: vec![
            "PUT, addresses and permissions",
            "PUT, name",
            "lean statement (SQLite: bare transaction)",
            "own statement",
        ],
        groups,
    }
}

fn waits(results: &Results) -> Lines {
    let mut lines = Vec::new();
    for (door, name) in [
        ("GET /auth", "/auth"),
        ("POST /api/v1/api-tokens/verify", "…/verify"),
        ("GET /api/v1/api-tokens/current", "…/current"),
    ] {
        let what = check::half(door);
        for subject in [OURS, check::BARE] {
            let points = PERCENTILES.iter().filter_map(|percentile| {
                let unit = &format!("p{percentile} µs");
                let wait = results.median(Key {
                    part: check::PART,
                    what: &what,
                    subject,
                    x: 64,
                    unit,
                })?;
                // How many nines: where the tail is, there is room.
                Some((-(1.0 - percentile / 100.0).log10(), wait / 1e3))
            });
            lines.push(Line {
                name: format!("{subject} {name}"),
                points: points.collect(),
            });
        }
    }
    // The doors that are asked for come first; of the third only where the others are not.
    lines.retain(|line| !line.points.is_empty());
    lines.truncate(COLOURS.len());
    Lines {
        title: "Time to the answer at half of each one's peak, 64 connections",
        x_axis: "percentile",
        y_axis: "milliseconds",
        x_label: percentile,
        logarithmic: false,
        all: lines,
    }
}

fn sizes(results: &Results) -> Lines {
    let line = |what: &str| {
        let places = results.places(growth::PART, what);
        let key = |x| Key {
            part: growth::PART,
            what,
            subject: OURS,
            x,
            unit: RATE,
        };
        let least = places.first().copied().unwrap_or(0);
        let points = places
            .iter()
            .filter_map(|x| Some((as_f64(*x), results.ratio(key(*x), key(least))?)));
        Line {
            name: what.to_owned(),
            points: points.collect(),
        }
    };
    Lines {
        title: "Speed at growing numbers of stored tokens, 64 connections",
        x_axis: "stored tokens",
        y_axis: "share of the speed at the smallest",
        x_label: |x| at_whole(x, || stored(10_f64.powf(x))),
        logarithmic: true,
        all: [growth::WARM, growth::COLD, growth::UPDATE]
            .map(line)
            .to_vec(),
    }
}

fn pages(results: &Results) -> Lines {
    let line = |what: &str| {
        let places = results.places(growth::PART, what);
        let key = |x| Key {
            part: growth::PART,
            what,
            subject: OURS,
            x,
            unit: "p50 µs",
        };
        let points = places
            .iter()
            .filter_map(|x| Some((as_f64(*x), results.median(key(*x))? / 1e3)));
        Line {
            name: what.to_owned(),
            points: points.collect(),
        }
    };
    Lines {
        title: "Time for one page, one connection, median",
        x_axis: "stored tokens",
        y_axis: "milliseconds",
        x_label: |x| at_whole(x, || stored(10_f64.powf(x))),
        logarithmic: true,
        all: [growth::FIRST, growth::DEEP, growth::QUERY]
            .map(line)
            .to_vec(),
    }
}

fn held(results: &Results) -> Lines {
    let key = |x| Key {
        part: memory::PART,
        what: memory::CACHED,
        subject: OURS,
        x,
        unit: memory::MIB,
    };
    let places = results.places(memory::PART, memory::CACHED);
    let points = places
        .iter()
        .filter_map(|x| Some((as_f64(*x), results.median(key(*x))?)));
    Lines {
        title: "Memory by number of cached credentials",
        x_axis: "cached credentials",
        y_axis: "MiB resident",
        x_label: stored,
        logarithmic: false,
        all: vec![Line {
            name: OURS.to_owned(),
            points: points.collect(),
        }],
    }
}

/// The library's errors borrow what was drawn on.
fn told(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("cannot draw: {error}")
}
