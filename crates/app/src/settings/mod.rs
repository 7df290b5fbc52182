//! All settings in one table: flags override the environment, which overrides the file.
//!
//! clap parses flags and environment, explains them, and knows where a value came from; the file
//! only supplies its defaults. With a separate layering library every setting would be declared
//! twice.

mod bootstrap;
mod environment;
mod file;
mod limits;
mod line;
mod setting;
mod suggestion;
mod table;
mod tokens;
mod values;

use std::{
    ffi::OsString,
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Result, anyhow, ensure};
use clap::{Arg, ArgMatches, Command, Error, value_parser};
use countersign_application::SessionLimits;
use countersign_domain::{Policy, StoredSecret, TokenFormat};
use countersign_gate::{Proxies, TokenHeaders};
use countersign_http::MetadataHeaders;
use tracing_subscriber::EnvFilter;
use url::Url;

pub(crate) use self::values::{ChangeFeed, DatabaseUrl, LogFormat, beside};
use self::{environment::with_variable, file::ConfigFile};

/// Not a setting: it names the file with the settings.
const CONFIG: &str = "config";

/// The settings of this process.
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) database: DatabaseUrl,
    pub(crate) wait_for_database: bool,
    /// What the store keeps of the root token's secret, if the deployment has chosen it.
    pub(crate) bootstrap_token: Option<StoredSecret>,
    pub(crate) postgres_max_connections: u32,
    pub(crate) proxies: Proxies,
    pub(crate) policy: Policy,
    pub(crate) token_headers: TokenHeaders,
    /// The prefixes in use.
    pub(crate) token_format: TokenFormat,
    pub(crate) max_connections: usize,
    pub(crate) max_connections_per_address: Option<usize>,
    pub(crate) shutdown_grace: Duration,
    pub(crate) change_feed: ChangeFeed,
    pub(crate) cache_megabytes: u32,
    pub(crate) outage_grace: Duration,
    pub(crate) usage_interval: Duration,
    pub(crate) console: bool,
    pub(crate) sessions: SessionLimits,
    pub(crate) changes_per_minute: Option<NonZeroU32>,
    pub(crate) refusals_per_minute: Option<NonZeroU32>,
    pub(crate) cors_origins: Vec<String>,
    pub(crate) auth_metadata: MetadataHeaders,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) public_url: Option<String>,
    pub(crate) otlp_endpoint: Option<Url>,
    pub(crate) log: EnvFilter,
    pub(crate) log_format: LogFormat,
}

fn config_arg() -> Arg {
    let arg = Arg::new(CONFIG)
        .long(CONFIG)
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("TOML file with settings, each key named like its flag; ./countersign.toml where it is there")
        .help_heading("Settings")
        .global(true);
    with_variable(arg, CONFIG)
}

/// Adds the settings to the commands that read them.
pub(crate) fn describe(command: Command) -> Command {
    let rows = table::rows();
    let args = rows.iter().flat_map(|row| row.args());
    let args: Vec<Arg> = args
        .chain([config_arg()])
        .map(|arg| arg.global(false))
        .collect();
    let command = command.mut_subcommands(|command| command.args(args.clone()));
    command.args(args)
}

/// Parses the command line for `command`, and all settings.
///
/// # Errors
/// Returns every flag, variable and key that is wrong, each with its source. `--help`, and a line
/// whose only mistake is one that clap explains, end the process.
pub(crate) fn load(command: Command, line: &[OsString]) -> Result<(ArgMatches, Settings)> {
    let rows = table::rows();
    let known: Vec<&str> = rows.iter().flat_map(|row| row.names()).collect();
    let args = rows.iter().flat_map(|row| row.args());
    let command = command.arg(config_arg()).args(args);
    // The file's name is itself a flag or a variable.
    let (first, errors) = line::read(&command, line);
    let named = first
        .as_ref()
        .and_then(|first| first.get_one::<PathBuf>(CONFIG));
    let file = ConfigFile::read(named.map(PathBuf::as_path), &known);
    let command = file.values.iter().fold(command, |command, (key, value)| {
        let value = value.clone();
        command.mut_arg(key, |arg| arg.default_value(value))
    });
    let (matches, _) = line::read(&command, line);
    let path = file.path.as_deref();
    let mut mistakes = environment::mistakes(&[&known[..], &[CONFIG]].concat());
    mistakes.extend(file.mistakes.iter().cloned());
    if let Some(matches) = &matches {
        mistakes.extend(rows.iter().filter_map(|row| row.mistake(matches, path)));
        mistakes.extend(bootstrap_mistake(matches));
    }
    let matches = without_mistakes(matches, &errors, mistakes)?;
    let settings = Settings::read(&matches, path)?;
    Ok((matches, settings))
}

/// The secret and its digest may not both be given: they could disagree.
fn bootstrap_mistake(matches: &ArgMatches) -> Option<String> {
    let names = [
        table::BOOTSTRAP_TOKEN_FILE.name,
        table::BOOTSTRAP_TOKEN_DIGEST.name,
    ];
    let both = names.iter().all(|name| {
        let given = matches.get_one::<String>(name);
        given.is_some_and(|value| !value.is_empty())
    });
    both.then(|| {
        format!(
            "{} are both given; leave one of them out",
            names.join(" and ")
        )
    })
}

fn without_mistakes(
    matches: Option<ArgMatches>,
    errors: &[Error],
    mut mistakes: Vec<String>,
) -> Result<ArgMatches> {
    if let ([error], true) = (errors, mistakes.is_empty()) {
        // With colours and the usage.
        error.exit();
    }
    mistakes.splice(0..0, errors.iter().map(line::message));
    ensure!(
        mistakes.len() < 2,
        "{} mistakes in the settings:\n  {}",
        mistakes.len(),
        mistakes.join("\n  ")
    );
    match mistakes.pop() {
        None => matches.ok_or_else(|| anyhow!("the command line cannot be read")),
        Some(mistake) => Err(anyhow!(mistake)),
    }
}

impl Settings {
    fn read(matches: &ArgMatches, file: Option<&Path>) -> Result<Self> {
        let prefix = table::TOKEN_PREFIX.read(matches, file)?;
        let earlier = table::TOKEN_PREFIXES_EARLIER.read(matches, file)?;
        Ok(Self {
            listen: table::LISTEN.read(matches, file)?,
            database: table::DATABASE_URL.read(matches, file)?,
            wait_for_database: table::WAIT_FOR_DATABASE.read(matches, file)?,
            bootstrap_token: tokens::bootstrap_token(
                table::BOOTSTRAP_TOKEN_FILE.read(matches, file)?,
                table::BOOTSTRAP_TOKEN_DIGEST.read(matches, file)?,
                &prefix,
            ),
            postgres_max_connections: table::POSTGRES_MAX_CONNECTIONS.read(matches, file)?,
            proxies: Proxies {
                trusted: table::TRUSTED_PROXIES.read(matches, file)?,
                header: table::PROXY_HEADER.read(matches, file)?,
            },
            policy: Policy {
                catalog: table::PERMISSIONS_FILE.read(matches, file)?,
                max_lifetime_months: table::MAX_LIFETIME_MONTHS.read(matches, file)?,
                token_prefix: prefix.clone(),
            },
            token_headers: table::TOKEN_HEADERS.read(matches, file)?,
            token_format: TokenFormat::new(prefix, earlier),
            max_connections: table::MAX_CONNECTIONS.read(matches, file)?,
            max_connections_per_address: table::MAX_CONNECTIONS_PER_ADDRESS.read(matches, file)?,
            shutdown_grace: Duration::from_secs(table::SHUTDOWN_GRACE_SECONDS.read(matches, file)?),
            change_feed: table::CHANGE_FEED.read(matches, file)?,
            cache_megabytes: table::CACHE_MEGABYTES.read(matches, file)?,
            outage_grace: table::OUTAGE_GRACE.read(matches, file)?,
            usage_interval: table::USAGE_INTERVAL.read(matches, file)?,
            console: table::CONSOLE.read(matches, file)?,
            sessions: SessionLimits {
                idle: table::SESSION_IDLE_SECONDS.read(matches, file)?,
                longest: table::SESSION_LONGEST_SECONDS.read(matches, file)?,
            },
            changes_per_minute: table::CHANGES_PER_MINUTE.read(matches, file)?,
            refusals_per_minute: table::REFUSALS_PER_MINUTE.read(matches, file)?,
            cors_origins: table::CORS_ORIGINS.read(matches, file)?,
            auth_metadata: table::AUTH_METADATA_HEADERS.read(matches, file)?,
            metrics_listen: table::METRICS_LISTEN.read(matches, file)?,
            public_url: table::PUBLIC_URL.read(matches, file)?,
            otlp_endpoint: table::OTLP_ENDPOINT.read(matches, file)?,
            log: table::LOG.read(matches, file)?,
            log_format: table::LOG_FORMAT.read(matches, file)?,
        })
    }
}
