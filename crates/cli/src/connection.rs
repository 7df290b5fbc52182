//! Which service is asked, and with which secret. A secret goes only to the service that it was
//! given for: the one of a context is not sent to another URL.

use std::{env, fs, path::PathBuf};

use countersign_client::{Client, Secret};

use crate::{
    args::ConnectionArgs,
    contexts::{Context, Contexts},
    failure::{Failure, Outcome, mistake},
    output::remark,
    secret_source,
};

const URL: &str = "COUNTERSIGN_URL";
const CONTEXT: &str = "COUNTERSIGN_CONTEXT";
const TOKEN: &str = "COUNTERSIGN_TOKEN";
const TOKEN_FILE: &str = "COUNTERSIGN_TOKEN_FILE";
const TOKEN_COMMAND: &str = "COUNTERSIGN_TOKEN_COMMAND";
const CA_FILE: &str = "COUNTERSIGN_CA_FILE";

/// The environment variables of these commands. They are no settings of the service.
pub const VARIABLES: [&str; 6] = [URL, CONTEXT, TOKEN, TOKEN_FILE, TOKEN_COMMAND, CA_FILE];

const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// A secret, or where it is.
enum Source {
    Secret(Secret),
    File(PathBuf),
    Command(String),
}

impl Source {
    fn of_context(context: &Context) -> Option<Self> {
        let stored = context
            .token
            .clone()
            .map(|text| Self::Secret(Secret::new(text)));
        stored
            .or_else(|| context.token_file.clone().map(Self::File))
            .or_else(|| context.token_command.clone().map(Self::Command))
    }

    fn read(self) -> Outcome<Secret> {
        match self {
            Self::Secret(secret) => Ok(secret),
            Self::File(path) => secret_source::from_file(&path),
            Self::Command(command) => secret_source::from_command(&command),
        }
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Connects as the arguments, the environment and the context say, in this order.
pub(crate) fn connect(args: &ConnectionArgs) -> Outcome<Client> {
    if args.context.is_some() && args.url.is_some() {
        let both = "--context and --url are both given; leave one of them out";
        return Err(Failure::Usage(both.to_owned()));
    }
    let context = context(args)?;
    // A context that is named on the line is taken as it is.
    let outer = args.context.is_none();
    let from_outside = |name| Some(name).filter(|_| outer).and_then(variable);
    let url = args.url.clone().or_else(|| from_outside(URL));
    let same = |context: &&Context| url.as_deref().is_none_or(|url| is_same(url, &context.url));
    let context = context.as_ref().filter(same);
    let source = explicit(args, outer)?.or_else(|| context.and_then(Source::of_context));
    let url = url.or_else(|| context.map(|context| context.url.clone()));
    let url = url.unwrap_or_else(|| DEFAULT_URL.to_owned());
    let source = source.ok_or_else(|| {
        mistake(format!(
            "there is no token for {url}: set {TOKEN_FILE} or {TOKEN}, or keep one with `countersign context add`"
        ))
    })?;
    let mut builder = Client::builder(&url).token(source.read()?);
    let ca_file = args.ca_file.clone();
    let ca_file = ca_file.or_else(|| from_outside(CA_FILE).map(PathBuf::from));
    if let Some(path) = ca_file.or_else(|| context.and_then(|context| context.ca_file.clone())) {
        let pem = fs::read(&path);
        let pem =
            pem.map_err(|error| mistake(format!("cannot read {}: {error}", path.display())))?;
        builder = builder.ca_pem(pem);
    }
    warn_of_clear_text(&url);
    Ok(builder.build()?)
}

/// The context that is named, or in use.
fn context(args: &ConnectionArgs) -> Outcome<Option<Context>> {
    if let Some(name) = &args.context {
        return Ok(Some(Contexts::read()?.get(name)?.clone()));
    }
    if let Some(name) = variable(CONTEXT) {
        return Ok(Some(Contexts::read()?.get(&name)?.clone()));
    }
    let from_outside = |flag: bool, name: &str| flag || variable(name).is_some();
    let has_token = [TOKEN, TOKEN_FILE, TOKEN_COMMAND]
        .iter()
        .any(|name| variable(name).is_some())
        || args.token_file.is_some()
        || args.token_command.is_some();
    if has_token && from_outside(args.url.is_some(), URL) {
        // Nothing of it is needed, so that a machine without a home folder will do.
        return Ok(None);
    }
    let contexts = Contexts::read()?;
    let current = contexts
        .current
        .as_ref()
        .and_then(|name| contexts.contexts.get(name));
    Ok(current.cloned())
}

/// The secret that the line or the environment names.
fn explicit(args: &ConnectionArgs, outer: bool) -> Outcome<Option<Source>> {
    if let Some(path) = &args.token_file {
        return Ok(Some(Source::File(path.clone())));
    }
    if let Some(command) = &args.token_command {
        return Ok(Some(Source::Command(command.clone())));
    }
    if !outer {
        return Ok(None);
    }
    let mut given: Vec<(&str, Source)> = Vec::new();
    given.extend(variable(TOKEN).map(|text| (TOKEN, Source::Secret(Secret::new(text)))));
    given.extend(variable(TOKEN_FILE).map(|path| (TOKEN_FILE, Source::File(path.into()))));
    given.extend(variable(TOKEN_COMMAND).map(|line| (TOKEN_COMMAND, Source::Command(line))));
    if let [(one, _), (other, _), ..] = &given[..] {
        let both = format!("{one} and {other} are both set; leave one of them out");
        return Err(Failure::Usage(both));
    }
    Ok(given.pop().map(|(_, source)| source))
}

fn is_same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn warn_of_clear_text(url: &str) {
    let host = url.strip_prefix("http://").unwrap_or("localhost");
    let is_local = ["127.", "localhost", "[::1]"]
        .iter()
        .any(|local| host.starts_with(local));
    if !is_local {
        remark("countersign: warning: others on the network can read the token; use https");
    }
}
