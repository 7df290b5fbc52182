//! `cargo xtask …`: the project's own commands.
//!
//! What a developer types and what the build machine runs are the same program, so that neither
//! knows a trick that the other lacks.

#![expect(
    clippy::print_stderr,
    reason = "progress is what these commands are read for"
)]

mod prepare;
mod step;

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
    /// Describes every query of the database adapters anew, into their `.sqlx` folders
    Prepare {
        /// Only this adapter
        adapter: Option<prepare::Adapter>,
        /// Change nothing; fail where the committed descriptions differ
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = step::stop_children_on_signals().and_then(|()| match arguments.command {
        Command::Prepare { adapter, check } => prepare::prepare(adapter, check),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
