//! The arguments of the commands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{
    failure::EXIT_CODES,
    output::Format,
    token::{CreateArgs, EditArgs, RevokeArgs, RotateArgs, UpdateArgs},
};

/// The commands that use a running service.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, after_help = EXIT_CODES)]
pub(crate) struct ClientCli {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(subcommand)]
    pub(crate) command: ClientCommand,
}

/// Which service, as whom, and how the answer is shown.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
#[expect(clippy::doc_markdown, reason = "a terminal shows this text as it is")]
pub(crate) struct ConnectionArgs {
    /// URL of the service; by default COUNTERSIGN_URL, or that of the context, or
    /// http://127.0.0.1:8080
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Context that names the service and the token; by default COUNTERSIGN_CONTEXT, or the one
    /// that is in use
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// File that holds the token's secret alone; by default COUNTERSIGN_TOKEN_FILE. The secret
    /// itself may be in COUNTERSIGN_TOKEN, and is never an argument
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Command whose standard output is the token's secret; by default COUNTERSIGN_TOKEN_COMMAND
    #[arg(
        long,
        global = true,
        value_name = "COMMAND",
        conflicts_with = "token_file"
    )]
    pub(crate) token_command: Option<String>,
    /// PEM file of certificate authorities to trust in addition to those of the machine; by default
    /// COUNTERSIGN_CA_FILE
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Format of the data on standard output
    #[arg(
        long,
        short,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub(crate) output: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Lists, creates and changes tokens
    #[command(subcommand, after_help = EXIT_CODES)]
    Token(TokenCommand),
    /// Lists the permissions that can be granted
    #[command(after_help = EXIT_CODES)]
    Permissions,
    /// Shows the token that the command is run with
    #[command(after_help = EXIT_CODES)]
    Whoami,
    /// Keeps services and tokens under names
    #[command(subcommand, after_help = EXIT_CODES)]
    Context(ContextCommand),
    /// Sends any request to the API
    #[command(after_help = concat!(
        "Examples:\n",
        "  countersign api GET /api/v1/permissions\n",
        "  countersign api POST /api/v1/api-tokens/query --body '{\"name\": {\"$iprefix\": \"night\"}}'\n",
    ))]
    Api(ApiArgs),
    /// Follows the changes of tokens until it is interrupted
    #[command(after_help = EXIT_CODES)]
    Watch(WatchArgs),
    /// Judges the form of a secret on standard input, without a service
    #[command(after_help = EXIT_CODES)]
    Decode,
    /// Says why a request with the token on standard input would be refused
    #[command(after_help = concat!(
        "Examples:\n",
        "  countersign explain --permission api.tasks.read --address 192.0.2.7 < token.secret\n",
    ))]
    Explain(QuestionArgs),
    /// Prints a script with which a shell completes commands and flags
    #[command(after_help = "Examples:\n  countersign completions bash > countersign.bash\n")]
    Completions {
        /// Shell for which the script is
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Writes the man pages of all commands into a folder
    #[command(after_help = "Examples:\n  countersign man .\n")]
    Man {
        /// Folder for the pages, which is there already
        folder: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Lists tokens
    #[command(after_help = concat!(
        "Examples:\n",
        "  countersign token list\n",
        "  countersign token list --name export --output json\n",
        "  countersign token list --filter '{\"allowedAddresses\": {\"$empty\": true}}' --sort expiry,asc\n",
    ))]
    List(ListArgs),
    /// Shows one token
    #[command(after_help = "Examples:\n  countersign token get 'Nightly export'\n")]
    Get(TokenArg),
    /// Creates a token; its secret is on standard output alone, or in a file
    #[command(after_help = concat!(
        "Examples:\n",
        "  countersign token create 'Weekly export' --expiry 90d --permission api.tasks.read > weekly.secret\n",
        "  countersign token create 'Hourly export' --expiry 1y --permission api.tasks.read \\\n",
        "    --address 192.0.2.0/24 --secret-file hourly.secret\n",
    ))]
    Create(CreateArgs),
    /// Changes a token; what is left out stays as it is
    #[command(after_help = concat!(
        "Examples:\n",
        "  countersign token update 'Nightly export' --add-address 198.51.100.7\n",
        "  countersign token update 'Nightly export' --remove-address 198.51.100.7 --merge\n",
        "  countersign token update 'Nightly export' --expiry 90d --dry-run\n",
    ))]
    Update(UpdateArgs),
    /// Changes a token in an editor
    #[command(after_help = "Examples:\n  EDITOR=true countersign token edit 'Nightly export'\n")]
    Edit(EditArgs),
    /// Gives a token a new secret, which is on standard output alone, or in a file
    ///
    /// If the answer is lost, the new secret is lost with it, and the old one may have ended. The
    /// way back is the same command again: it reads the stored version and rotates that one.
    #[command(after_help = concat!(
        "Examples:\n",
        "  countersign token rotate 'Nightly export' --overlap 1d --secret-file rotated.secret\n",
    ))]
    Rotate(RotateArgs),
    /// Revokes a token for good
    #[command(after_help = concat!(
        "Examples:\n",
        "  countersign token revoke 'Nightly export' --dry-run\n",
        "  countersign token revoke 'Nightly export'\n",
    ))]
    Revoke(RevokeArgs),
    /// Verifies the token on standard input; the exit code is 1 if it is not valid
    #[command(after_help = concat!(
        "Examples:\n",
        "  countersign token verify --permission api.tasks.read < token.secret\n",
    ))]
    Verify(QuestionArgs),
    /// Lists the events of one token, or of all tokens, newest first
    #[command(after_help = concat!(
        "Examples:\n",
        "  countersign token events 'Nightly export'\n",
        "  countersign token events --output ndjson\n",
    ))]
    Events(EventsArgs),
    /// Follows the changes of tokens, like `countersign watch`
    Watch(WatchArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ContextCommand {
    /// Adds a context; the secret is read from standard input, unless a file or command has it
    #[command(after_help = concat!(
        "The first context is the one in use.\n\n",
        "Examples:\n",
        "  countersign context add staging --url https://tokens.staging.example.com < token.secret\n",
    ))]
    Add {
        /// Name of the context
        name: String,
    },
    /// Makes a context the one in use
    Use {
        /// Name of the context
        name: String,
    },
    /// Lists the contexts, without secrets
    List,
    /// Removes a context with its secret
    Remove {
        /// Name of the context
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct TokenArg {
    /// Id or name of the token
    pub(crate) token: String,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Part of the name
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// Filter in JSON, as `queryTokens` takes it
    #[arg(long, value_name = "JSON", conflicts_with = "name")]
    pub(crate) filter: Option<String>,
    /// Field and direction, such as expiry,asc
    #[arg(long, value_name = "SORT")]
    pub(crate) sort: Option<String>,
    /// The revoked tokens in place of the live ones
    #[arg(long, conflicts_with_all = ["name", "filter", "sort"])]
    pub(crate) revoked: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EventsArgs {
    /// Id or name of the token; an id also after its revocation
    pub(crate) token: Option<String>,
    /// Maximum number of events; all by default
    #[arg(long, value_name = "NUMBER")]
    pub(crate) limit: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct QuestionArgs {
    /// Permission that the token needs; may be given more than once
    #[arg(long = "permission", value_name = "PERMISSION")]
    pub(crate) permissions: Vec<String>,
    /// Address that the token was presented from
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ApiArgs {
    /// Method, such as GET
    pub(crate) method: String,
    /// Path with the query, such as /api/v1/permissions
    pub(crate) path: String,
    /// Body in JSON, or - for standard input
    #[arg(long, value_name = "JSON")]
    pub(crate) body: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Position behind which to begin, as an earlier run named it on standard error
    #[arg(long, value_name = "POSITION")]
    pub(crate) after: Option<String>,
    /// End after so many changes
    #[arg(long, value_name = "NUMBER")]
    pub(crate) limit: Option<usize>,
}
