//! What a run measures, for how long and at which size.

use std::fmt;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// A part of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    Check,
    Update,
    Growth,
    Memory,
    Start,
    Rules,
    Console,
    Outage,
}

impl Part {
    const ALL: [Self; 8] = [
        Self::Check,
        Self::Update,
        Self::Growth,
        Self::Memory,
        Self::Start,
        Self::Rules,
        Self::Console,
        Self::Outage,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Update => "update",
            Self::Growth => "growth",
            Self::Memory => "memory",
            Self::Start => "start",
            Self::Rules => "rules",
            Self::Console => "console",
            Self::Outage => "outage",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The options of `cargo xtask bench`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
#[derive(Debug, Clone, Parser)]
#[command(
    name = "cargo xtask bench",
    about = "Measures the service beside its references, and writes docs/benchmarks.md"
)]
pub struct Options {
    /// Grow up to 10 million tokens; asks for 20 GB of disk
    #[arg(long)]
    pub(super) full: bool,
    /// Short rounds over little data: to try the measuring itself
    #[arg(long, conflicts_with = "full")]
    pub(super) quick: bool,
    /// Only these parts
    only: Vec<Part>,
    /// Keep what earlier runs measured of the other parts
    #[arg(long)]
    pub(super) keep: bool,
    /// How often the service and its reference take turns
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) rounds: u32,
    /// How long one measurement takes, after its warm-up [default: 10, with --quick 1]
    #[arg(long)]
    seconds: Option<f64>,
    /// A setting for the service, as NAME=VALUE of its environment
    #[arg(long = "env", value_parser = pair)]
    pub(super) environment: Vec<(String, String)>,
    /// A further setting for the service while it holds a million cached credentials
    #[arg(long = "memory-env", value_parser = pair, default_value = "COUNTERSIGN_CACHE_MEGABYTES=1024")]
    pub(super) memory_environment: Vec<(String, String)>,
    /// Measure this program instead of building the service
    #[arg(long)]
    pub(super) service: Option<PathBuf>,
    /// Take the programs as they were built last
    #[arg(long)]
    pub(super) no_build: bool,
    /// Measure nothing; write the page anew from results.json
    #[arg(long)]
    pub(super) render: bool,
    /// Write into this folder instead of docs
    #[arg(long)]
    pub(super) out: Option<PathBuf>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or("has to be NAME=VALUE")?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

impl Options {
    pub(super) fn parts(&self) -> Vec<Part> {
        let wanted = |part: &Part| self.only.is_empty() || self.only.contains(part);
        Part::ALL.into_iter().filter(wanted).collect()
    }

    pub(super) fn seconds(&self) -> f64 {
        self.seconds.unwrap_or(if self.quick { 1.0 } else { 10.0 })
    }

    pub(super) fn warm_up(&self) -> f64 {
        (self.seconds() / 5.0).clamp(0.3, 2.0)
    }

    /// How many tokens are stored where growth is not the question.
    pub(super) fn stored(&self) -> u64 {
        if self.quick { 20_000 } else { 100_000 }
    }

    /// How many tokens ask in rotation.
    pub(super) fn in_rotation(&self) -> u64 {
        if self.quick { 2_000 } else { 10_000 }
    }

    pub(super) fn growth(&self) -> Vec<u64> {
        match (self.quick, self.full) {
            (true, _) => vec![10_000, 20_000],
            (false, false) => vec![10_000, 100_000, 1_000_000],
            (false, true) => vec![10_000, 100_000, 1_000_000, 10_000_000],
        }
    }

    /// Between which sizes updates are compared.
    pub(super) fn update_sizes(&self) -> [u64; 2] {
        let most = if self.quick { 40_000 } else { 1_000_000 };
        [10_000, most]
    }

    /// How many credentials are held while memory is weighed.
    pub(super) fn cached(&self) -> u64 {
        if self.quick { 20_000 } else { 1_000_000 }
    }

    pub(super) fn told(&self) -> Vec<(String, String)> {
        let mut told = vec![
            ("rounds".to_owned(), self.rounds.to_string()),
            (
                "seconds per measurement".to_owned(),
                format!("{} after {} of warm-up", self.seconds(), self.warm_up()),
            ),
        ];
        let given = self
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let given: Vec<_> = given.collect();
        told.push((
            "settings of the service".to_owned(),
            if given.is_empty() {
                "its defaults".to_owned()
            } else {
                given.join(" ")
            },
        ));
        told
    }
}
