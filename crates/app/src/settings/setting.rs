//! One row of the table of settings. Its name gives the flag, the environment variable and the key
//! of the file, so that the three can never drift apart.

use std::path::Path;

use anyhow::{Result, anyhow};
use clap::{Arg, ArgMatches, builder::Resettable, parser::ValueSource};
use countersign_application::error_chain;

use super::environment::{variable, with_variable};

/// A setting with its default and its parser.
pub(crate) struct Setting<T> {
    /// The name, in lowercase with hyphens.
    pub(crate) name: &'static str,
    /// The default; empty = not set.
    pub(crate) default: &'static str,
    /// The placeholder of the value in `--help`.
    pub(crate) shape: &'static str,
    /// The effect of the setting.
    pub(crate) help: &'static str,
    /// The values that the parser accepts, for `--help` and for the message about another value.
    pub(crate) accepted: &'static str,
    pub(crate) parse: fn(&str) -> Result<T>,
    /// Whether the value may hold a password, and so must never be repeated.
    pub(crate) confidential: bool,
}

/// A setting of any type, as the table lists it.
pub(crate) trait Row {
    fn name(&self) -> &'static str;

    /// The flag, with its environment variable and its default.
    fn arg(&self) -> Arg;

    /// The mistake in the value that takes precedence.
    fn mistake(&self, matches: &ArgMatches, file: Option<&Path>) -> Option<String>;
}

impl<T> Row for Setting<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn arg(&self) -> Arg {
        let arg = Arg::new(self.name)
            .long(self.name)
            .hide_env_values(self.confidential)
            .default_value(self.default)
            .hide_default_value(self.default.is_empty())
            .value_name(self.shape)
            .help(format!("{}. Takes {}", self.help, self.accepted))
            .help_heading("Settings")
            // Also after a subcommand.
            .global(true)
            .action(clap::ArgAction::Set)
            .value_delimiter(Resettable::Reset);
        with_variable(arg, self.name)
    }

    fn mistake(&self, matches: &ArgMatches, file: Option<&Path>) -> Option<String> {
        self.read(matches, file)
            .err()
            .map(|error| error_chain(error.as_ref()))
    }
}

impl<T> Setting<T> {
    /// The value that takes precedence.
    ///
    /// # Errors
    /// Names the setting, the source of its value, and the accepted values.
    pub(crate) fn read(&self, matches: &ArgMatches, file: Option<&Path>) -> Result<T> {
        let text = matches
            .get_one::<String>(self.name)
            .map_or(self.default, String::as_str);
        (self.parse)(text).map_err(|cause| {
            let cause = error_chain(cause.as_ref());
            let source = self.source(matches, file);
            let refused = if self.confidential {
                format!("the value is not accepted ({cause})")
            } else if text.contains("://") && text.contains('@') {
                // It may be the database's URL under a wrong name, and the cause may repeat it.
                "the value is not accepted".to_owned()
            } else {
                format!("{text:?} is not accepted ({cause})")
            };
            anyhow!(
                "{}: {refused}; it came from {source}, and has to be {}",
                self.name,
                self.accepted
            )
        })
    }

    fn source(&self, matches: &ArgMatches, file: Option<&Path>) -> String {
        match (matches.value_source(self.name), file) {
            (Some(ValueSource::CommandLine), _) => format!("the flag --{}", self.name),
            (Some(ValueSource::EnvVariable), _) => {
                format!("the environment variable {}", variable(self.name))
            }
            (_, Some(file)) => format!("the file {}", file.display()),
            (_, None) => "the default".to_owned(),
        }
    }
}
