//! The commands of the binary, one file each.

mod audit;
mod generate_token;
mod healthcheck;
mod root_token;
mod serve;
mod tenant;
mod token_format;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use countersign_application::UseCaseError;

use crate::{
    credential_cache::NoopInvalidator, database::Database, first_start, service::Service,
    settings::Settings,
};

/// A self-hosted service for the API tokens of a platform
#[derive(Parser)]
#[command(name = "countersign", version = version())]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

impl Cli {
    /// The command; `serve` if none is given.
    pub(crate) fn wanted(self) -> Command {
        self.command.unwrap_or(Command::Serve)
    }
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Runs the service; this is the default
    Serve,
    /// Migrates the database to this version
    Migrate,
    /// Creates a token with all permissions; prints its secret and nothing else
    RootToken {
        /// Name of the token; "Root" and the time by default
        #[arg(long)]
        name: Option<String>,
        /// Name of the tenant; the default tenant by default
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Prints a fresh secret and its digest, {"token": …, "digest": …}, for the first start of an
    /// empty store; nothing is stored, and no database is asked
    GenerateToken,
    /// Creates and lists tenants, which are isolated from each other
    #[command(subcommand)]
    Tenant(Tenant),
    /// Verifies the history of all tokens
    #[command(subcommand)]
    Audit(Audit),
    /// Prints a rule that finds tokens of this service, by the prefixes in the settings; no
    /// database is asked
    TokenFormat {
        /// The scanner that the rule is for
        #[arg(long = "for", value_enum)]
        scanner: token_format::Scanner,
    },
    /// Prints the OpenAPI document
    Openapi,
    /// Checks whether the running service is ready; the exit code is 0 or 1
    Healthcheck,
}

#[derive(Subcommand)]
pub(crate) enum Tenant {
    /// Creates a tenant and its root token; prints {"tenantId": …, "token": …}
    Create {
        /// Name of the new tenant
        name: String,
    },
    /// Prints one JSON object for each tenant
    List,
}

#[derive(Subcommand)]
pub(crate) enum Audit {
    /// Recomputes every token's hash chain and compares it with the stored rows; the exit code is
    /// 0 if everything is intact, 1 after a finding, and 3 if there is no result
    Verify {
        /// File of heads from an earlier run: reports tokens that are gone, went back or were
        /// rewritten
        #[arg(long, value_name = "FILE")]
        since: Option<PathBuf>,
        /// File for the heads of all chains, for a later run; written only if everything is intact
        #[arg(long, value_name = "FILE")]
        heads: Option<PathBuf>,
    },
}

/// The version, and the commit in packages, whose build names it.
fn version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    match option_env!("GIT_COMMIT") {
        None | Some("") => version.to_owned(),
        Some(commit) => format!("{version} ({commit})"),
    }
}

/// Runs a command to its end.
///
/// # Errors
/// Returns why the command failed, and what to do.
pub(crate) async fn run(command: Command, settings: Settings) -> Result<ExitCode> {
    match command {
        Command::Serve => serve::serve(settings).await?,
        Command::Migrate => migrate(&settings).await?,
        Command::RootToken { name, tenant } => root_token::make(settings, name, tenant).await?,
        Command::GenerateToken => generate_token::print(&settings.policy.token_prefix)?,
        Command::Tenant(Tenant::Create { name }) => tenant::create(settings, &name).await?,
        Command::Tenant(Tenant::List) => tenant::list(settings).await?,
        Command::Audit(Audit::Verify { since, heads }) => {
            return audit::verify(settings, since.as_deref(), heads).await;
        }
        Command::TokenFormat { scanner } => {
            token_format::print(&settings.token_format, scanner)?;
        }
        Command::Openapi => write_stdout(countersign_http::openapi().trim_end())?,
        Command::Healthcheck => healthcheck::ask(settings.listen)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn migrate(settings: &Settings) -> Result<()> {
    first_start::tell_of_lost_database(&settings.database);
    let database = Database::open(settings).await?;
    database
        .migrate()
        .await
        .with_context(|| format!("cannot migrate {}", settings.database))
}

/// An error, with the most likely cause if the store cannot answer a command.
fn explained(failure: UseCaseError) -> anyhow::Error {
    let away = matches!(failure, UseCaseError::Store(_));
    let error = anyhow::Error::new(failure);
    if away {
        error.context("is the database there? If it is new, run `countersign migrate` first")
    } else {
        error
    }
}

/// The use cases over a database that exists and is migrated.
async fn service(settings: Settings) -> Result<Service> {
    let database = Database::open_existing(&settings).await?;
    // Tables of a newer version may need more than this version writes.
    let current = database.is_current().await;
    current.with_context(|| format!("cannot use {}", settings.database))?;
    let nobody = Arc::new(NoopInvalidator);
    Ok(Service::new(&database.ports(), &settings, nobody))
}

/// Writes a line to standard output.
fn write_stdout(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .context("cannot write to standard output")
}

/// Writes a line to standard error, for people.
fn remark(text: &str) {
    // If nobody reads it, nobody needs it.
    let _ = writeln!(io::stderr(), "{text}");
}
