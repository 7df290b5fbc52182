//! What was measured, one number per row, so that a table, a plot and a verdict are each only a question.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// Our own service, among the subjects.
pub const OURS: &str = "Countersign";

/// One number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Of which part of the run.
    pub part: String,
    /// What was done.
    pub what: String,
    /// By whom: [`OURS`] or a reference.
    pub subject: String,
    /// At how many clients or stored tokens.
    pub x: u64,
    /// In which round, from 0.
    pub round: u32,
    /// The unit of the value.
    pub unit: String,
    /// The number.
    pub value: f64,
}

/// Which series of rounds.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    /// See [`Sample::part`].
    pub part: &'a str,
    /// See [`Sample::what`].
    pub what: &'a str,
    /// See [`Sample::subject`].
    pub subject: &'a str,
    /// See [`Sample::x`].
    pub x: u64,
    /// See [`Sample::unit`].
    pub unit: &'a str,
}

/// All of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// What the machine is, by name.
    pub machine: Vec<(String, String)>,
    /// How it was measured, by name.
    pub settings: Vec<(String, String)>,
    /// The commit at which each part was measured.
    pub parts: BTreeMap<String, String>,
    /// What could not be measured, and why.
    pub missing: Vec<(String, String)>,
    /// The numbers.
    pub samples: Vec<Sample>,
}

impl Results {
    /// Reads what a run has written.
    ///
    /// # Errors
    /// When the file is not there or not from a run.
    pub fn read(file: &Path) -> Result<Self> {
        let text = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is from no run", file.display()))
    }

    /// Adds a number.
    pub fn add(&mut self, key: Key<'_>, round: u32, value: f64) {
        self.samples.push(Sample {
            part: key.part.to_owned(),
            what: key.what.to_owned(),
            subject: key.subject.to_owned(),
            x: key.x,
            round,
            unit: key.unit.to_owned(),
            value,
        });
    }

    /// Forgets a part.
    pub fn drop_part(&mut self, part: &str) {
        self.samples.retain(|sample| sample.part != part);
        self.missing.retain(|entry| entry.0 != part);
        self.parts.remove(part);
    }

    /// The median over the rounds.
    #[must_use]
    pub fn median(&self, key: Key<'_>) -> Option<f64> {
        median(self.rounds(key).into_values().collect())
    }

    /// The median of what the first is of the second, round by round: neighbours in time share the machine's mood.
    #[must_use]
    pub fn ratio(&self, first: Key<'_>, second: Key<'_>) -> Option<f64> {
        let others = self.rounds(second);
        let pairs = self.rounds(first).into_iter();
        median(
            pairs
                .filter_map(|(round, value)| Some(value / others.get(&round)?))
                .collect(),
        )
    }

    /// The places at which something was measured.
    #[must_use]
    pub fn places(&self, part: &str, what: &str) -> BTreeSet<u64> {
        let those = self
            .samples
            .iter()
            .filter(|sample| sample.part == part && sample.what == what);
        those.map(|sample| sample.x).collect()
    }

    fn rounds(&self, key: Key<'_>) -> BTreeMap<u32, f64> {
        let those = self.samples.iter().filter(|sample| {
            (
                &*sample.part,
                &*sample.what,
                &*sample.subject,
                sample.x,
                &*sample.unit,
            ) == (key.part, key.what, key.subject, key.x, key.unit)
        });
        those.map(|sample| (sample.round, sample.value)).collect()
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len() % 2 == 1 {
        upper
    } else {
        f64::midpoint(values[middle - 1], upper)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_over_rounds_and_ratios_within_them() {
        let mut results = Results::default();
        let key = |subject| Key {
            part: "check",
            what: "auth",
            subject,
            x: 64,
            unit: "requests/s",
        };
        for (round, (ours, bare)) in [(80.0, 100.0), (30.0, 50.0), (90.0, 100.0)]
            .into_iter()
            .enumerate()
        {
            let round = u32::try_from(round).unwrap();
            results.add(key(OURS), round, ours);
            results.add(key("bare axum"), round, bare);
        }
        assert_eq!(results.median(key(OURS)), Some(80.0));
        assert_eq!(results.ratio(key(OURS), key("bare axum")), Some(0.8));
        assert_eq!(results.median(key("pgbench")), None);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(
            results
                .places("check", "auth")
                .into_iter()
                .collect::<Vec<_>>(),
            [64]
        );
        results.drop_part("check");
        assert_eq!(results, Results::default());
    }
}
