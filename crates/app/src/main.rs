//! The binary `countersign`: reads its settings, puts the parts together, and runs one command.

mod commands;
mod database;
mod first_start;
mod lock;
mod nature;
mod reachable;
mod service;
mod settings;
mod stop;
mod telemetry;

use std::{
    env,
    ffi::OsString,
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use clap::{CommandFactory, FromArgMatches as _};

use self::commands::{Command, Line};

/// What a shell takes for a command that was called wrongly.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    match prepared() {
        Ok((command, settings)) => run(command, settings),
        Err(error) => {
            tell(&error);
            ExitCode::from(MISUSED)
        }
    }
}

fn prepared() -> Result<(Command, settings::Settings)> {
    let line: Vec<OsString> = env::args_os().collect();
    let (matches, settings) = settings::load(<Line as CommandFactory>::command(), &line)?;
    Ok((Line::from_arg_matches(&matches)?.wanted(), settings))
}

fn run(command: Command, mut settings: settings::Settings) -> ExitCode {
    telemetry::start(std::mem::take(&mut settings.log), settings.log_format);
    for name in &settings.unknown_variables {
        tracing::warn!(name, "this environment variable is no setting");
    }
    let serves = matches!(command, Command::Serve);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = runtime
        .context("cannot start the runtime")
        .and_then(|runtime| runtime.block_on(commands::run(command, settings)));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            if serves {
                tracing::error!(error = format!("{error:#}"), "cannot serve");
            } else {
                tell(&error);
            }
            ExitCode::FAILURE
        }
    }
}

fn tell(error: &anyhow::Error) {
    // Where nobody reads there is nobody to tell that.
    let _ = writeln!(io::stderr(), "countersign: {error:#}");
}
