//! PostgreSQL's own load generator, with the statements that the service sends: what the database gives to one who
//! only asks. What it could give at best is in [`super::lean`].

use std::fs;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use countersign_domain::Secret;
use serde_json::Value;

use super::load::as_f64;
use super::seed::{PERMISSIONS, TOKEN};
use super::setup::{BenchSetup, Database};
use super::top;
use crate::sql::{self, client};

pub(super) const NAME: &str = "pgbench";
/// Among the subjects, for an update.
pub(super) const OWN_STATEMENT: &str = "pgbench, own statement";

/// Behind which of the [`places`] its own tokens lie, beside those that the service changes.
const OFFSET: u64 = 1;

/// How many tokens each client changes in turn.
pub(super) const OWN: u64 = 50;

/// How many changes a second, and how many there were.
pub(super) struct Tally {
    pub(super) rate: f64,
    pub(super) count: u64,
}

/// Prepared selects of one row by its primary key, per second.
pub(super) fn select(
    setup: &BenchSetup,
    database: &Database,
    clients: usize,
    seconds: f64,
) -> Result<f64> {
    let script = format!(
        "\\set n random(0, {})\n\
         SELECT tenant_id, token_id, partial_token, created_at, retires_at FROM reference.token_secrets \
         WHERE digest = sha256(:n::bigint::text::bytea);\n",
        database.stored - 1
    );
    Ok(pgbench(setup, &database.url, &script, clients, seconds, &[])?.rate)
}

/// The service's one statement for an update, per second: durable, from the same number of clients.
pub(super) fn update(
    setup: &BenchSetup,
    database: &Database,
    clients: usize,
    seconds: f64,
) -> Result<f64> {
    let (stride, places) = places(database, clients)?;
    // Neighbours of those that the service changes.
    let mine = format!(
        "id IN (SELECT ('{TOKEN}' || lpad((n * {stride} + {OFFSET})::text, 12, '0'))::uuid \
                        FROM generate_series(0, {}) n)",
        places - 1
    );
    let script = update_script(database, stride)?;
    // All at one version, so that a client knows each by counting.
    let version = format!("SELECT max(version) FROM api_tokens WHERE {mine}");
    let version = sql::postgres(&database.url, &version)?;
    let set =
        format!("UPDATE api_tokens SET version = {version} WHERE {mine} AND version <> {version}");
    sql::postgres(&database.url, &set)?;
    sql::postgres(&database.url, "CHECKPOINT")?;
    let count = || -> Result<u64> {
        let sum = format!("SELECT sum(version) FROM api_tokens WHERE {mine}");
        Ok(sql::postgres(&database.url, &sum)?.parse()?)
    };
    let before = count()?;
    let now = sql::postgres(&database.url, "SELECT extract(epoch FROM now())::bigint")?;
    let variables = [("base", version), ("now", now), ("i", "-1".to_owned())];
    let tally = pgbench(setup, &database.url, &script, clients, seconds, &variables)?;
    let written = count()? - before;
    ensure!(
        written == tally.count,
        "of {} updates {written} were written",
        tally.count
    );
    Ok(tally.rate)
}

/// Between how many tokens one is changed, so that they lie all over the tables; and how many are.
pub(super) fn places(database: &Database, clients: usize) -> Result<(u64, u64)> {
    let places = OWN * u64::try_from(clients)?;
    let stride = database.stored / (OWN * 64);
    ensure!(stride >= 2, "too few tokens to change");
    Ok((stride, places))
}

/// The statement as the adapter sends it, each parameter cast as there and given what a change of the expiry gives.
fn update_script(database: &Database, stride: u64) -> Result<String> {
    let (statement, types) = statement()?;
    let token = format!("'{TOKEN}' || lpad((:n)::text, 12, '0')");
    let name = "'bench token ' || lpad((:n)::text, 12, '0')";
    let instant = "to_timestamp(:now + :i / 1000000.0)";
    let none = "nullif(:none::text, '-')".to_owned();
    let tenant = &database.owner.tenant;
    let digest = Secret::parse(&database.root)?.digest().to_hex();
    let root = format!(
        "SELECT concat_ws(',', t.id, t.user_id, s.digest) FROM api_tokens t \
         JOIN token_secrets s ON s.tenant_id = t.tenant_id AND s.token_id = t.id \
         WHERE s.digest = decode('{digest}', 'hex')"
    );
    let root = sql::postgres(&database.url, &root)?;
    let (actor, rest) = root.split_once(',').context("there is no root token")?;
    let (actor_user, secret) = rest.split_once(',').context("it has no secret")?;
    let changes = r#"{"expiry":{"before":"2027-05-01T00:00:00.000001Z","after":"2027-05-01T00:00:00.000002Z"}}"#;
    let permissions = format!("{{{}}}", PERMISSIONS.join(","));
    let quoted = |text: &str| format!("'{text}'");
    let values = [
        quoted(tenant),
        quoted(actor),
        quoted(actor_user),
        instant.to_owned(),
        quoted("{api.api-tokens.write}"),
        quoted(secret),
        token,
        ":v + 1".to_owned(),
        ":v".to_owned(),
        quoted("updated"),
        quoted("127.0.0.1"),
        quoted("01985000-0000-7000-8000-000000000000"),
        quoted(changes),
        quoted(&format!("\\x{}", "5a".repeat(32))),
        "1".to_owned(),
        "NULL".to_owned(),
        "NULL".to_owned(),
        ":v".to_owned(),
        name.to_owned(),
        name.to_owned(),
        "to_timestamp(:now + 20000000 + (:v % 1000000) / 1000000.0)".to_owned(),
        quoted("{}"),
        quoted(&permissions),
        none.clone(),
        none,
        "NULL".to_owned(),
    ];
    ensure!(
        values.len() == types.len(),
        "the update has {} parameters and not {}",
        types.len(),
        values.len()
    );
    let mut text = statement;
    // From the last, so that $1 is not found in $10.
    for (index, (value, kind)) in values.iter().zip(&types).enumerate().rev() {
        text = text.replace(&format!("${}", index + 1), &format!("({value})::{kind}"));
    }
    Ok(format!(
        "\\set i :i + 1\n\\set n (:client_id * {OWN} + :i % {OWN}) * {stride} + {OFFSET}\n\\set v :base + :i / {OWN}\n{text};\n"
    ))
}

/// The committed text of the adapter's update, without its comments, and the types of its parameters.
fn statement() -> Result<(String, Vec<String>)> {
    for entry in fs::read_dir(top().join("crates/postgres/.sqlx"))? {
        let query: Value = serde_json::from_slice(&fs::read(entry?.path())?)?;
        let text = query["query"].as_str().unwrap_or_default();
        let parts = [
            "authorize_change(",
            "UPDATE api_tokens",
            "name_key = ",
            "INSERT INTO audit_events",
        ];
        if parts.iter().all(|part| text.contains(part)) {
            let lines = text
                .lines()
                .map(|line| line.split("--").next().unwrap_or_default().trim());
            let types = query["describe"]["parameters"]["Left"]
                .as_array()
                .context("no parameters")?;
            let types = types
                .iter()
                .filter_map(Value::as_str)
                .map(sql_type)
                .collect();
            return Ok((lines.collect::<Vec<_>>().join(" "), types));
        }
    }
    anyhow::bail!("no committed statement changes tokens and adds their event")
}

fn sql_type(name: &str) -> String {
    let name = name.to_lowercase();
    name.strip_suffix("array")
        .map_or(name.clone(), |element| format!("{element}[]"))
}

pub(super) fn pgbench(
    setup: &BenchSetup,
    url: &str,
    script: &str,
    clients: usize,
    seconds: f64,
    variables: &[(&str, String)],
) -> Result<Tally> {
    let file = setup.file("script.sql");
    fs::write(&file, script)?;
    let threads = std::thread::available_parallelism()?.get().min(clients);
    // It counts in whole seconds. The first are those in which each connection plans its statements.
    let warm_up = setup.options.warm_up().ceil();
    let seconds = format!("{:.0}", warm_up + seconds.ceil());
    let (clients, threads) = (clients.to_string(), threads.to_string());
    let options = [
        "-n", "-M", "prepared", "-P", "1", "-c", &clients, "-j", &threads, "-T", &seconds, "-f",
    ];
    let path = file.display().to_string();
    let mut words: Vec<&str> = options.to_vec();
    let defined: Vec<String> = variables
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    words.push(&path);
    for pair in &defined {
        words.extend(["-D", pair.as_str()]);
    }
    words.extend(["-D", "none=-"]);
    let output = client(NAME, &words, url)?
        .stdin(Stdio::null())
        .output()
        .context("cannot run pgbench")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success() && !errors.contains("aborted"),
        "pgbench: {}",
        errors.trim_end()
    );
    let told = String::from_utf8_lossy(&output.stdout);
    let count = told
        .lines()
        .find_map(|line| line.strip_prefix("number of transactions actually processed: "))
        .and_then(|rest| rest.split('/').next());
    Ok(Tally {
        rate: steady(&errors, warm_up).context("pgbench tells no progress")?,
        count: count.context("pgbench tells no result")?.parse()?,
    })
}

/// The mean of the lines `progress: 3.0 s, 852.1 tps, …` after the first seconds.
fn steady(progress: &str, warm_up: f64) -> Option<f64> {
    let rates = progress.lines().filter_map(|line| {
        let (second, rest) = line.strip_prefix("progress: ")?.split_once(" s, ")?;
        let rate = rest.split_once(" tps")?.0.parse::<f64>().ok()?;
        (second.parse::<f64>().ok()? > warm_up + 0.5).then_some(rate)
    });
    let rates: Vec<f64> = rates.collect();
    let sum: f64 = rates.iter().sum();
    (!rates.is_empty()).then(|| sum / as_f64(rates.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_seconds_do_not_count() {
        let progress = "pgbench (17)\nprogress: 1.0 s, 10.0 tps, lat 1 ms\n\
                        progress: 2.0 s, 100.0 tps, lat 1 ms\nprogress: 3.0 s, 200.0 tps, lat 1 ms\n";
        assert_eq!(steady(progress, 1.0), Some(150.0));
        assert_eq!(steady(progress, 3.0), None);
    }

    #[test]
    fn the_update_is_found_with_all_its_parameters() {
        let (text, types) = statement().unwrap();
        assert!(
            text.contains("UPDATE users") && !text.contains("--"),
            "{text}"
        );
        assert!(text.contains(&format!("${}", types.len())));
        assert_eq!(sql_type("TextArray"), "text[]");
        assert_eq!(sql_type("Int8"), "int8");
    }
}
