//! All settings in one table: file, environment and flags, in rising order.
//!
//! clap reads flags and environment, explains them, and knows where a value came from; the file only supplies its
//! defaults. A layering library beside it would have every setting declared twice.

mod file;
mod setting;
mod table;
mod values;

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;
use clap::{Arg, ArgMatches, Command, value_parser};
use countersign_application::SessionLimits;
use countersign_domain::Policy;
use countersign_gate::Proxies;
use tracing_subscriber::EnvFilter;
use url::Url;

pub(crate) use self::values::{ChangeFeed, DatabaseUrl, LogFormat, beside};
use self::{file::ConfigFile, setting::variable};

/// Not a setting: it says where settings are.
const CONFIG: &str = "config";

/// How this process is to run.
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) database: DatabaseUrl,
    pub(crate) postgres_max_connections: u32,
    pub(crate) proxies: Proxies,
    pub(crate) policy: Policy,
    pub(crate) max_connections: usize,
    pub(crate) shutdown_grace: Duration,
    pub(crate) change_feed: ChangeFeed,
    pub(crate) cache_megabytes: u32,
    pub(crate) outage_grace: Duration,
    pub(crate) usage_interval: Duration,
    pub(crate) console: bool,
    pub(crate) sessions: SessionLimits,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) public_url: Option<String>,
    pub(crate) otlp_endpoint: Option<Url>,
    pub(crate) log: EnvFilter,
    pub(crate) log_format: LogFormat,
    /// Variables that look like ours and are none: most likely misspelt.
    pub(crate) unknown_variables: Vec<String>,
}

fn config_arg() -> Arg {
    Arg::new(CONFIG)
        .long(CONFIG)
        .env(variable(CONFIG))
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("TOML file with settings, each key named like its flag; ./countersign.toml where it is there")
        .help_heading("Settings")
        .global(true)
}

/// Reads the command line for `command`, and all settings.
///
/// # Errors
/// The first setting that is wrong. What clap refuses, and `--help`, end the process.
pub(crate) fn load(command: Command, line: &[OsString]) -> Result<(ArgMatches, Settings)> {
    let args = table::args();
    let known: Vec<&str> = args.iter().map(|arg| arg.get_id().as_str()).collect();
    let command = command.arg(config_arg()).args(&args);
    // Which file to read is itself a flag or a variable.
    let first = command.clone().get_matches_from(line);
    let named = first.get_one::<PathBuf>(CONFIG).map(PathBuf::as_path);
    let file = ConfigFile::read(named, &known)?;
    let command =
        file.iter()
            .flat_map(|file| &file.values)
            .fold(command, |command, (key, value)| {
                let value = value.clone();
                command.mut_arg(key, |arg| arg.default_value(value))
            });
    let matches = command.get_matches_from(line);
    let settings = Settings::read(
        &matches,
        file.as_ref().map(|file| file.path.as_path()),
        &known,
    )?;
    Ok((matches, settings))
}

impl Settings {
    fn read(matches: &ArgMatches, file: Option<&Path>, known: &[&str]) -> Result<Self> {
        Ok(Self {
            listen: table::LISTEN.read(matches, file)?,
            database: table::DATABASE_URL.read(matches, file)?,
            postgres_max_connections: table::POSTGRES_MAX_CONNECTIONS.read(matches, file)?,
            proxies: Proxies {
                trusted: table::TRUSTED_PROXIES.read(matches, file)?,
                header: table::PROXY_HEADER.read(matches, file)?,
            },
            policy: Policy {
                catalog: table::PERMISSIONS_FILE.read(matches, file)?,
                max_lifetime_months: table::MAX_LIFETIME_MONTHS.read(matches, file)?,
            },
            max_connections: table::MAX_CONNECTIONS.read(matches, file)?,
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
            metrics_listen: table::METRICS_LISTEN.read(matches, file)?,
            public_url: table::PUBLIC_URL.read(matches, file)?,
            otlp_endpoint: table::OTLP_ENDPOINT.read(matches, file)?,
            log: table::LOG.read(matches, file)?,
            log_format: table::LOG_FORMAT.read(matches, file)?,
            unknown_variables: unknown_variables(known),
        })
    }
}

fn unknown_variables(known: &[&str]) -> Vec<String> {
    let ours: Vec<String> = known
        .iter()
        .copied()
        .chain([CONFIG])
        .map(variable)
        .collect();
    std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("COUNTERSIGN_") && !ours.contains(name))
        .collect()
}
