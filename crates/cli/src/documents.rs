//! Completions and man pages of the whole binary.

use std::{io, path::Path};

use clap::Command;
use clap_complete::Shell;

use crate::{
    commands,
    failure::{Outcome, mistake},
};

fn whole(service: Command) -> Command {
    service.subcommands(commands())
}

pub(crate) fn completions(service: Command, shell: Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut whole(service), "countersign", &mut script);
    Ok(io::Write::write_all(&mut io::stdout().lock(), &script)?)
}

pub(crate) fn man_pages(service: Command, folder: &Path) -> Outcome {
    clap_mangen::generate_to(whole(service), folder)
        .map_err(|error| mistake(format!("cannot write into {}: {error}", folder.display())))
}
