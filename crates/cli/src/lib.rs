//! The commands of the binary `countersign` for people and scripts that use a running service: a
//! line is parsed, one command runs over `countersign-client`, data go to standard output and talk
//! to standard error.

mod api;
mod args;
mod connection;
mod context_commands;
mod contexts;
mod decode;
mod documents;
mod failure;
mod output;
mod secret_file;
mod secret_source;
mod table;
mod token;
mod watch;
mod yaml;

use std::{ffi::OsString, process::ExitCode};

use clap::{Command, CommandFactory as _, Parser as _};
use countersign_domain::Secret;
use serde_json::Value;

pub use self::connection::VARIABLES;
use self::{
    args::{ClientCli, ClientCommand},
    failure::{Failure, Outcome, mistake},
    output::{Columns, Format, ListWriter, remark},
};

const PERMISSIONS: Columns = &[("NAME", "/name"), ("AREA", "/area"), ("VERB", "/verb")];

/// The commands with their arguments, for the help, completions and man pages of the binary.
#[must_use]
pub fn commands() -> Vec<Command> {
    let mut root = ClientCli::command();
    let connection: Vec<_> = root.get_arguments().cloned().collect();
    let commands = root.get_subcommands_mut();
    commands
        .map(|command| command.clone().args(connection.clone()))
        .collect()
}

/// Whether one of these commands has this name.
#[must_use]
pub fn has_name(name: &str) -> bool {
    let root = ClientCli::command();
    root.get_subcommands()
        .any(|command| command.get_name() == name)
}

/// Whether the first word of a line names one of these commands.
#[must_use]
pub fn has_command(line: &[OsString]) -> bool {
    line.get(1)
        .and_then(|word| word.to_str())
        .is_some_and(has_name)
}

/// Runs the command of a line to its end. `service` describes the other commands of the binary, for
/// completions and man pages.
#[must_use]
pub fn run(line: &[OsString], service: fn() -> Command) -> ExitCode {
    if line.iter().any(holds_secret) {
        // The library's message would repeat it.
        remark(
            "countersign: a secret is never an argument, because process lists and histories show it: \
             use standard input, --token-file or COUNTERSIGN_TOKEN",
        );
        return ExitCode::from(2);
    }
    let parsed = match ClientCli::try_parse_from(line) {
        Ok(parsed) => parsed,
        // With colours and the usage; the exit code is 2, and 0 for help.
        Err(error) => error.exit(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let mut url = None;
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(parsed, service, &mut url)),
        Err(error) => Err(mistake(format!("cannot start the runtime: {error}"))),
    };
    let Err(failure) = outcome else {
        return ExitCode::SUCCESS;
    };
    let message = failure.message(url.as_deref());
    if !message.is_empty() {
        remark(&format!("countersign: {message}"));
    }
    ExitCode::from(failure.exit_code())
}

fn holds_secret(word: &OsString) -> bool {
    let word = word.to_string_lossy();
    let parts = word.split(|one: char| !one.is_ascii_alphanumeric() && one != '_');
    parts.into_iter().any(|part| Secret::parse(part).is_ok())
}

async fn dispatch(line: ClientCli, service: fn() -> Command, url: &mut Option<String>) -> Outcome {
    let args = line.connection;
    let format = args.output;
    match line.command {
        ClientCommand::Context(command) => return context_commands::run(command, &args),
        ClientCommand::Decode => return decode::decode(format),
        ClientCommand::Completions { shell } => return documents::completions(service(), shell),
        ClientCommand::Man { folder } => return documents::man_pages(service(), &folder),
        _ => {}
    }
    let client = connection::connect(&args)?;
    *url = Some(client.url().to_owned());
    match line.command {
        ClientCommand::Token(command) => token::run(&client, command, format).await,
        ClientCommand::Permissions => {
            let all = client.permissions().await?;
            list(
                all.into_iter()
                    .map(countersign_client::Open::into_raw)
                    .collect(),
                format,
            )
        }
        ClientCommand::Whoami => format.write_one(client.current_token().await?.raw()),
        ClientCommand::Api(args) => api::request(&client, args, format).await,
        ClientCommand::Watch(args) => watch::watch(&client, args, format).await,
        ClientCommand::Explain(args) => token::explain(&client, args, format).await,
        ClientCommand::Context(_)
        | ClientCommand::Decode
        | ClientCommand::Completions { .. }
        | ClientCommand::Man { .. } => {
            Err(Failure::Usage("this command needs no service".to_owned()))
        }
    }
}

fn list(rows: Vec<Value>, format: Format) -> Outcome {
    let mut writer = ListWriter::new(format, PERMISSIONS);
    writer.add(rows)?;
    writer.finish()
}
