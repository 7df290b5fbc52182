//! Log lines on standard error: for people on a terminal, for programs otherwise. Standard output stays free for
//! what a command is asked for.

use std::{
    env,
    io::{self, IsTerminal as _},
    panic,
};

use tracing_subscriber::{EnvFilter, fmt};

use crate::settings::LogFormat;

/// Starts logging for the rest of the process.
pub(crate) fn start(filter: EnvFilter, format: LogFormat) {
    let terminal = io::stderr().is_terminal();
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr);
    let human = match format {
        LogFormat::Auto => terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    if human {
        // https://no-color.org
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        lines.with_ansi(terminal && !plain).init();
    } else {
        lines.json().flatten_event(true).init();
    }
    panic::set_hook(Box::new(|panic| {
        // The message stays out: a panic at a text quotes the text, which may be a secret.
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}
