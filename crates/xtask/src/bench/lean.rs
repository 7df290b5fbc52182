//! The lean statement: an update of a token, its user's name and a row of history, by pgbench on a
//! schema that has nothing else. It checks no actor, keeps no chain and finds nothing by name: no
//! service that sends a statement for each update is faster.

use std::fs;

use anyhow::{Result, ensure};

use super::pgbench::{OWN, pgbench};
use super::say;
use super::setup::BenchSetup;
use crate::sql::{self, client};

/// Among the subjects.
pub(super) const NAME: &str = "pgbench, lean statement";

const SCHEMA: &str = include_str!("lean/schema.sql");
const RESET: &str = include_str!("lean/reset.sql");
const UPDATE: &str = include_str!("lean/update.sql");

/// A database of its own for the lean statement, in the server of the service's database.
#[derive(Debug)]
pub(super) struct Lean {
    url: String,
    stored: u64,
}

impl Lean {
    /// Makes it, with so many tokens.
    pub(super) fn make(setup: &mut BenchSetup, stored: u64) -> Result<Self> {
        say(&format!(
            "    storing {stored} tokens for the lean statement"
        ));
        let url = setup.create_database(&format!("lean_{stored}"))?;
        let lean = Self { url, stored };
        lean.run_file(setup, SCHEMA, &[("n", &stored.to_string())])?;
        lean.run_file(setup, RESET, &[("all", "true")])?;
        Ok(lean)
    }

    /// Durable updates per second. Each client has as many tokens as a client of the service.
    pub(super) fn update(&self, setup: &BenchSetup, clients: usize, seconds: f64) -> Result<f64> {
        self.run_file(setup, RESET, &[("all", "false")])?;
        let variables = [
            ("n", self.stored.to_string()),
            ("span", OWN.to_string()),
            ("i", "0".to_owned()),
            ("v", "1".to_owned()),
        ];
        let tally = pgbench(setup, &self.url, UPDATE, clients, seconds, &variables)?;
        // One that meets no row of its version fails nothing: it only has less to do.
        let written = "SELECT sum(version - 1) FROM api_tokens";
        let written: u64 = sql::postgres(&self.url, written)?.parse()?;
        let told: u64 = sql::postgres(&self.url, "SELECT count(*) FROM audit_log")?.parse()?;
        ensure!(
            written == tally.count && told == tally.count,
            "of {} lean updates {written} were written and {told} told",
            tally.count
        );
        Ok(tally.rate)
    }

    fn run_file(&self, setup: &BenchSetup, text: &str, variables: &[(&str, &str)]) -> Result<()> {
        let file = setup.file("lean.sql");
        fs::write(&file, text)?;
        let file = file.display().to_string();
        let mut psql = client("psql", &["-X", "-q", "-v", "ON_ERROR_STOP=1"], &self.url)?;
        psql.args(["-f", &file]);
        for (name, value) in variables {
            psql.args(["-v", &format!("{name}={value}")]);
        }
        sql::answer(&mut psql)?;
        Ok(())
    }
}
