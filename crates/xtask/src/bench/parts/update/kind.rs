//! The kinds of change that are measured, each on tokens of its own, so that what one does to a row
//! slows no other.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, Result, ensure};

use crate::bench::load::Request;
use crate::bench::pgbench;
use crate::bench::reference::by_root;
use crate::bench::seed::TOKEN;
use crate::bench::setup::{BenchSetup, Database};
use crate::sql;

/// What a change writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bench) enum Kind {
    Expiry,
    Grants,
    Name,
    Create,
}

impl Kind {
    pub(in crate::bench) const ALL: [Self; 4] =
        [Self::Expiry, Self::Grants, Self::Name, Self::Create];
    pub(in crate::bench) const UPDATES: [Self; 3] = [Self::Expiry, Self::Grants, Self::Name];

    /// What is measured, as the page names it.
    pub(in crate::bench) fn on(self, store: &str) -> String {
        let what = match self {
            Self::Expiry => "PUT, expiry only",
            Self::Grants => "PUT, addresses and permissions",
            Self::Name => "PUT, name",
            Self::Create => "create",
        };
        format!("{what}, on {store}")
    }

    /// Which of the tokens at each place is its own; [`pgbench`] has the one at 1.
    fn offset(self) -> u64 {
        match self {
            Self::Expiry => 0,
            Self::Grants | Self::Create => 2,
            Self::Name => 3,
        }
    }

    /// A request that changes something at every version, and a name that nobody has.
    pub(in crate::bench::parts) fn request(self, database: &Database) -> Result<Request> {
        let day = day(database)?;
        let body = match self {
            Self::Expiry => format!(
                r#"{{"version":{{version}},"name":"bench token {{value}}",
                "expiry":"{day}T00:00:00.{{micros}}Z"}}"#
            ),
            Self::Grants => r#"{"version":{version},"name":"bench token {value}",
                "allowedAddresses":["192.0.2.{octet}"],
                "permissions":["api.analyses.read","api.tasks.read"<,"api.tasks.write"|>]}"#
                .to_owned(),
            Self::Name => {
                r#"{"version":{version},"name":"bench token {value} {micros}"}"#.to_owned()
            }
            Self::Create => {
                // Names of earlier rounds are taken.
                let serial = UNIX_EPOCH.elapsed()?.as_millis();
                return Ok(by_root(
                    database,
                    "POST",
                    "/api/v1/api-tokens",
                    Some(&format!(
                        r#"{{"name":"made token {serial} {{value}} {{version}}",
                        "expiry":"{day}T00:00:00Z",
                        "permissions":["api.analyses.read","api.tasks.read"]}}"#
                    )),
                ));
            }
        };
        let path = format!("/api/v1/api-tokens/{TOKEN}{{value}}");
        Ok(by_root(database, "PUT", &path, Some(&body)))
    }

    /// The file of the tokens that each client changes in turn, with their versions.
    pub(super) fn values(
        self,
        setup: &BenchSetup,
        database: &Database,
        clients: usize,
    ) -> Result<PathBuf> {
        let values = setup.file("own");
        let lines = match self {
            Self::Create => {
                let lines: Vec<_> = (0..clients).map(|client| format!("{client}\t1")).collect();
                lines.join("\n")
            }
            _ => self.tokens(database, clients)?,
        };
        fs::write(&values, lines)?;
        Ok(values)
    }

    fn tokens(self, database: &Database, clients: usize) -> Result<String> {
        let (stride, places) = pgbench::places(database, clients)?;
        let offset = self.offset();
        ensure!(
            offset < stride,
            "too few tokens for each kind to have its own"
        );
        let numbers = (0..places).map(|place| place * stride + offset);
        let mut lines = String::new();
        let mut count = 0;
        for (number, version) in versions(database, numbers)? {
            writeln!(lines, "{number}\t{version}")?;
            count += 1;
        }
        ensure!(count == places, "of {places} tokens {count} are there");
        Ok(lines)
    }
}

/// The last twelve digits of these tokens' ids, with their versions, in the order of the ids.
pub(in crate::bench) fn versions(
    database: &Database,
    numbers: impl Iterator<Item = u64>,
) -> Result<Vec<(String, u64)>> {
    let wanted: Vec<String> = numbers.map(|number| format!("'{number:012}'")).collect();
    let wanted = wanted.join(",");
    let found = match file(database) {
        None => sql::postgres(
            &database.url,
            &format!(
                "SELECT right(id::text, 12) || ',' || version FROM api_tokens \
                 WHERE id IN (SELECT ('{TOKEN}' || n)::uuid FROM unnest(ARRAY[{wanted}]) n) \
                 ORDER BY id"
            ),
        )?,
        Some(file) => sql::sqlite(
            &file,
            &format!(
                "SELECT substr(hex(id), 21) || ',' || version FROM api_tokens \
                 WHERE substr(hex(id), 21) IN ({wanted}) ORDER BY id"
            ),
        )?,
    };
    let version = |line: &str| {
        let (number, version) = line.split_once(',').context("no version")?;
        Ok((number.to_owned(), version.parse()?))
    };
    found.lines().map(version).collect()
}

/// Some months from now, and so within every lifetime.
fn day(database: &Database) -> Result<String> {
    match file(database) {
        None => sql::postgres(
            &database.url,
            "SELECT (now() AT TIME ZONE 'UTC' + interval '200 days')::date",
        ),
        Some(file) => sql::sqlite(&file, "SELECT date('now', '+200 days')"),
    }
}

/// The file of a database of SQLite.
pub(super) fn file(database: &Database) -> Option<PathBuf> {
    database.url.strip_prefix("sqlite:").map(PathBuf::from)
}
