//! One row of the table of settings. Its name gives the flag, the environment variable and the key
//! of the file, so that the three can never drift apart.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use clap::{Arg, ArgMatches, builder::Resettable, parser::ValueSource, value_parser};
use countersign_application::error_chain;
use countersign_domain::may_hold_secret;

use super::{
    bootstrap::read_secret_file,
    environment::{variable, with_variable},
};

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
    /// The setting that names a file with the value, if the value may hold a password: it is never
    /// repeated then. Its name is this one's with `-file` behind it.
    pub(crate) secret_file: Option<&'static str>,
}

/// A setting of any type, as the table lists it.
pub(crate) trait Row {
    fn name(&self) -> &'static str;

    /// The setting that names a file with this one's value.
    fn secret_file(&self) -> Option<&'static str>;

    /// The names of its flags.
    fn names(&self) -> Vec<&'static str> {
        [Some(self.name()), self.secret_file()]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Its flags, each with its environment variable and its default.
    fn args(&self) -> Vec<Arg>;

    /// The mistake in the value that takes precedence.
    fn mistake(&self, matches: &ArgMatches, file: Option<&Path>) -> Option<String>;
}

impl<T> Row for Setting<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn secret_file(&self) -> Option<&'static str> {
        self.secret_file
    }

    fn args(&self) -> Vec<Arg> {
        let arg = Arg::new(self.name)
            .long(self.name)
            .hide_env_values(self.secret_file.is_some())
            .default_value(self.default)
            .hide_default_value(self.default.is_empty())
            .value_name(self.shape)
            .help(format!("{}. Takes {}", self.help, self.accepted))
            .help_heading("Settings")
            // Also after a subcommand.
            .global(true)
            .action(clap::ArgAction::Set)
            .value_delimiter(Resettable::Reset);
        let file = self.secret_file.map(|file| {
            let arg = Arg::new(file)
                .long(file)
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help(format!(
                    "A file that holds the value of --{} alone",
                    self.name
                ))
                .help_heading("Settings")
                .global(true);
            with_variable(arg, file)
        });
        let mut args = vec![with_variable(arg, self.name)];
        args.extend(file);
        args
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
        let given = matches.get_one::<String>(self.name);
        let text = given.map_or(self.default, String::as_str);
        if let Some((option, path)) = self.named_file(matches) {
            let by_default = matches.value_source(self.name) == Some(ValueSource::DefaultValue);
            ensure!(
                by_default && text == self.default,
                "{} and {option} are both given; leave one of them out",
                self.name
            );
            return self.read_file(option, path);
        }
        (self.parse)(text).map_err(|cause| {
            let cause = error_chain(cause.as_ref());
            let source = self.source(matches, file);
            let refused = if self.secret_file.is_some() {
                format!("the value is not accepted ({cause})")
            } else if may_hold_secret(text) || text.contains("://") && text.contains('@') {
                // It may be a token or the database's URL under a wrong name, and the cause may
                // repeat it.
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

    fn read_file(&self, option: &str, path: &Path) -> Result<T> {
        let value = read_secret_file(path).and_then(|value| (self.parse)(&value));
        // The path is not repeated: it may be the value itself.
        value.map_err(|cause| {
            anyhow!(
                "{option}: the file that it names is not accepted ({}); it has to hold {}",
                error_chain(cause.as_ref()),
                self.accepted
            )
        })
    }

    /// The setting that names a file with the value, and that file.
    fn named_file<'a>(&self, matches: &'a ArgMatches) -> Option<(&'static str, &'a PathBuf)> {
        let option = self.secret_file?;
        Some((option, matches.get_one(option)?))
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
