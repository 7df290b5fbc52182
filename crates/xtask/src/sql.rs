//! Statements past the service: to create a database, to look at its tables, to tamper with them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::{cluster::find_or_install, python};

/// Runs a statement on PostgreSQL and returns its rows, one per line, with columns split by `|`.
///
/// # Errors
/// Returns the server's message.
pub fn postgres(url: &str, statement: &str) -> Result<String> {
    let options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"];
    answer(client("psql", &options, url)?.args(["-c", statement]))
}

/// One of PostgreSQL's client programs with the database as its first argument that is not an
/// option, which all of them accept.
pub(crate) fn client(program: &str, options: &[&str], url: &str) -> Result<Command> {
    let (open, password) = apart(url).context("the URL has no password")?;
    let mut client = Command::new(find_or_install()?.join(program));
    client.args(options).arg(open).env("PGPASSWORD", password);
    Ok(client)
}

/// Runs statements on an SQLite file and returns the first column of the last one's rows, one per
/// line.
///
/// # Errors
/// Returns the library's message.
pub fn sqlite(file: &Path, statements: &str) -> Result<String> {
    const SCRIPT: &str = "import sqlite3, sys\n\
        database = sqlite3.connect(sys.argv[1], timeout=30)\n\
        for one in filter(str.strip, sys.argv[2].split(';')): rows = database.execute(one).fetchall()\n\
        database.commit()\n\
        print(*(row[0] for row in rows), sep='\\n')";
    answer(python()?.args(["-c", SCRIPT]).arg(file).arg(statements))
}

/// The URL without its password, which a process list would show, and the password.
pub(crate) fn apart(url: &str) -> Option<(String, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (account, place) = rest.split_once('@')?;
    let (user, password) = account.split_once(':')?;
    Some((format!("{scheme}://{user}@{place}"), password))
}

pub(crate) fn answer(command: &mut Command) -> Result<String> {
    let output = command.output().context("cannot run the client")?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_out_of_its_url() {
        assert_eq!(
            apart("postgres://u:p@h:1/d"),
            Some(("postgres://u@h:1/d".to_owned(), "p"))
        );
        assert_eq!(apart("postgres://h/d"), None);
    }

    #[test]
    fn statements_run_and_answer() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        sqlite(&file, "CREATE TABLE t (n); INSERT INTO t VALUES (1), (2)").unwrap();
        assert_eq!(sqlite(&file, "SELECT n FROM t").unwrap(), "1\n2");
        assert!(sqlite(&file, "SELECT m FROM t").is_err());
    }
}
