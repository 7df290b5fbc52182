//! `cargo xtask bench` itself: a program of its own, because it is built in release and with what only it needs.

use anyhow::Result;
use clap::Parser as _;
use countersign_xtask::bench::{Options, run};

fn main() -> Result<()> {
    run(Options::parse())
}
