//! The binary `countersign`: it reads its settings, wires the parts, and runs one command.

mod commands;
mod connection_limits;
mod credential_cache;
mod database;
mod fd_limit;
mod first_start;
mod hardening;
mod instrumented;
mod invalidation;
mod log_queue;
mod metrics;
mod process_metrics;
mod reachable;
mod service;
mod settings;
mod shutdown;
mod single_instance;
mod skew;
mod system;
mod telemetry;
mod traces;
mod usage_buffer;
mod writes;

use std::{
    env,
    ffi::OsString,
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::{Context as _, Result, ensure};
use clap::{CommandFactory, FromArgMatches as _};
use countersign_application::{error_chain, ports::MigrationFault};

use self::commands::{Cli, Command};

/// A check is short, and much of its work is the allocation of memory; this allocator is faster
/// than the system's own (see `docs/benchmarks.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FAILED: u8 = 1;
/// The usual exit code of a command with wrong arguments.
const MISUSED: u8 = 2;
/// The exit code of a verification without a result; 1 is its finding.
const UNTOLD: u8 = 3;
/// The exit code if there is no such database, or its server refuses this role: a restart does not
/// help (`EX_CONFIG` of sysexits.h).
const REFUSED: u8 = 78;
/// The database belongs to a newer version.
const NEWER: u8 = 5;

fn main() -> ExitCode {
    hardening::begin();
    let line: Vec<OsString> = env::args_os().collect();
    if countersign_cli::has_command(&line) {
        // It reads no settings of the service, so that none of them can stop it.
        return countersign_cli::run(&line, documented);
    }
    match prepared(&line) {
        Ok((command, settings)) => run(command, settings),
        Err(error) => {
            print_error(&error);
            ExitCode::from(MISUSED)
        }
    }
}

/// The binary's own commands with their settings, for completions and man pages.
fn documented() -> clap::Command {
    settings::describe(<Cli as CommandFactory>::command())
}

fn prepared(line: &[OsString]) -> Result<(Command, settings::Settings)> {
    let command = <Cli as CommandFactory>::command().subcommands(countersign_cli::commands());
    let (matches, settings) = settings::load(command, line)?;
    let name = matches.subcommand_name().unwrap_or_default();
    ensure!(
        !countersign_cli::has_name(name),
        "the settings of the service mean nothing to `{name}`: \
         begin the line with `countersign {name}`"
    );
    Ok((Cli::from_arg_matches(&matches)?.wanted(), settings))
}

fn run(command: Command, mut settings: settings::Settings) -> ExitCode {
    let serves = matches!(command, Command::Serve);
    let collector = settings.otlp_endpoint.as_ref().filter(|_| serves);
    let log = std::mem::take(&mut settings.log);
    if let Err(error) = telemetry::start(log, settings.log_format, collector) {
        print_error(&error);
        return ExitCode::from(MISUSED);
    }
    if settings.database.is_exposed() {
        tracing::warn!(
            database = %settings.database,
            "others on the network can read or redirect the connection to the database: add sslmode=verify-full to its URL"
        );
    }
    let audits = matches!(command, Command::Audit(_));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = runtime
        .context("cannot start the runtime")
        .and_then(|runtime| {
            let outcome = runtime.block_on(commands::run(command, settings));
            // Whatever still runs in it had its time.
            runtime.shutdown_background();
            outcome
        });
    let code = match outcome {
        Ok(code) => code,
        Err(error) => {
            if serves {
                tracing::error!(error = error_chain(error.as_ref()), "cannot serve");
            } else {
                print_error(&error);
            }
            ExitCode::from(if audits { UNTOLD } else { code_of(&error) })
        }
    };
    log_queue::finish();
    code
}

/// The exit code of a failed command, by which a supervisor can see that a restart does not help.
fn code_of(error: &anyhow::Error) -> u8 {
    match error.downcast_ref() {
        Some(MigrationFault::Refused(_)) => REFUSED,
        Some(MigrationFault::Newer { .. }) => NEWER,
        Some(MigrationFault::Away(_) | MigrationFault::Failed(_)) | None => FAILED,
    }
}

fn print_error(error: &anyhow::Error) {
    // If nobody reads standard error, there is nobody to inform.
    let _ = writeln!(io::stderr(), "countersign: {}", error_chain(error.as_ref()));
}
