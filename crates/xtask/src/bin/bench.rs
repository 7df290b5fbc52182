//! `cargo xtask bench` itself: a program of its own, because it is built in release and with what only it needs.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use countersign_xtask::bench::{Options, run};

fn main() -> ExitCode {
    let Err(error) = run(Options::parse()) else {
        return ExitCode::SUCCESS;
    };
    // Where nobody reads there is nobody to tell that.
    let _ = writeln!(std::io::stderr(), "bench: {error:#}");
    ExitCode::FAILURE
}
