//! `cargo xtask …`: the project's own commands.
//!
//! Developers and the build machine run the same program, so that neither has a trick that the
//! other lacks.

#![expect(
    clippy::print_stderr,
    reason = "progress is what these commands are read for"
)]

mod bench;
mod ci;
mod clients;
mod deployment;
mod dist;
mod openapi;
mod prepare;
mod schemathesis;
mod screenshots;
mod step;
mod test;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs all tests, with a private PostgreSQL, and Schemathesis
    Test {
        /// Arguments for `cargo test`; then only the selected tests run
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Runs every check that a change must pass
    Ci,
    /// Compares the dependencies with the list of known vulnerabilities, which it fetches
    Advisories,
    /// Measures the service beside its references, and writes `docs/benchmarks.md`
    #[command(disable_help_flag = true)]
    Bench {
        /// `--help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Tests the running service with generated requests, on both databases
    Schemathesis,
    /// Tries generated clients and libraries against the service, and writes `docs/clients.md`
    Clients,
    /// Makes the packages of this commit, in `target/dist/`
    Dist {
        /// Also start each of them as its users would; as root, on Debian
        #[arg(long)]
        test: bool,
    },
    /// Checks the files in `docs/deploy/`
    Deployment,
    /// Writes `docs/openapi.json`
    Openapi,
    /// Takes screenshots of the console's pages, into `docs/screenshots/`
    Screenshots,
    /// Describes every query of the database adapters again, in their `.sqlx` folders
    Prepare {
        /// Only for this adapter
        adapter: Option<prepare::Adapter>,
        /// Change nothing; fail if the committed descriptions differ
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = step::stop_children_on_signals().and_then(|()| match arguments.command {
        Command::Test { arguments } => test::test(&arguments),
        Command::Ci => ci::ci(),
        Command::Advisories => ci::advisories(),
        Command::Bench { arguments } => bench::bench(&arguments),
        Command::Schemathesis => schemathesis::on_both(),
        Command::Clients => clients::clients(),
        Command::Dist { test } => dist::dist(test),
        Command::Deployment => deployment::check(),
        Command::Openapi => openapi::openapi(),
        Command::Screenshots => screenshots::screenshots(),
        Command::Prepare { adapter, check } => prepare::prepare(adapter, check),
    });
    match outcome {
        Ok(()) => {
            eprintln!("\nxtask: all went well");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
