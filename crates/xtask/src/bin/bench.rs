//! `cargo xtask bench` itself: a separate program, because it is built in release and with
//! dependencies that only it needs.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use countersign_xtask::bench::{Options, run};

fn main() -> ExitCode {
    let Err(error) = run(Options::parse()) else {
        return ExitCode::SUCCESS;
    };
    // If nobody reads standard error, there is nobody to inform.
    let _ = writeln!(std::io::stderr(), "bench: {error:#}");
    ExitCode::FAILURE
}
