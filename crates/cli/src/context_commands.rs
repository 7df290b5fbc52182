//! The commands of contexts.

use serde_json::{Value, json};

use crate::{
    args::{ConnectionArgs, ContextCommand},
    contexts::{Context, Contexts},
    failure::{Failure, Outcome, mistake},
    output::{Columns, ListWriter, remark},
    secret_source,
};

const COLUMNS: Columns = &[
    ("NAME", "/name"),
    ("URL", "/url"),
    ("TOKEN", "/token"),
    ("IN USE", "/current"),
];

pub(crate) fn run(command: ContextCommand, args: &ConnectionArgs) -> Outcome {
    match command {
        ContextCommand::Add { name } => add(&name, args),
        ContextCommand::Use { name } => select(name),
        ContextCommand::List => list(args),
        ContextCommand::Remove { name } => remove(&name),
    }
}

fn add(name: &str, args: &ConnectionArgs) -> Outcome {
    let url = args.url.clone();
    let missing =
        || Failure::Usage("a context needs --url, such as https://tokens.example.com".into());
    let url = url.ok_or_else(missing)?;
    // The URL is judged before the secret is asked for.
    countersign_client::Client::builder(&url).build()?;
    let mut contexts = Contexts::read()?;
    if contexts.contexts.contains_key(name) {
        return Err(mistake(format!(
            "there is a context {name:?}; remove it first, with `countersign context remove`"
        )));
    }
    let absolute = |path: &std::path::PathBuf| {
        std::path::absolute(path).map_err(|error| mistake(format!("{}: {error}", path.display())))
    };
    let mut context = Context {
        url: url.trim_end_matches('/').to_owned(),
        token_file: args.token_file.as_ref().map(absolute).transpose()?,
        token_command: args.token_command.clone(),
        ca_file: args.ca_file.as_ref().map(absolute).transpose()?,
        token: None,
    };
    if context.token_file.is_none() && context.token_command.is_none() {
        let secret = secret_source::from_stdin(&format!("Token for {url}"))?;
        context.token = Some(secret.expose().to_owned());
    }
    contexts.contexts.insert(name.to_owned(), context);
    let is_current = contexts.current.is_none();
    if is_current {
        contexts.current = Some(name.to_owned());
    }
    contexts.write()?;
    let note = if is_current { ", and in use" } else { "" };
    remark(&format!("the context {name} is added{note}"));
    Ok(())
}

fn select(name: String) -> Outcome {
    let mut contexts = Contexts::read()?;
    contexts.get(&name)?;
    contexts.current = Some(name);
    contexts.write()
}

fn remove(name: &str) -> Outcome {
    let mut contexts = Contexts::read()?;
    contexts.get(name)?;
    contexts.contexts.remove(name);
    if contexts.current.as_deref() == Some(name) {
        contexts.current = None;
    }
    contexts.write()
}

fn list(args: &ConnectionArgs) -> Outcome {
    let contexts = Contexts::read()?;
    let row = |(name, context): (&String, &Context)| {
        json!({
            "name": name,
            "url": context.url,
            "token": context.source(),
            "current": contexts.current.as_ref() == Some(name),
        })
    };
    let rows: Vec<Value> = contexts.contexts.iter().map(row).collect();
    let mut writer = ListWriter::new(args.output, COLUMNS);
    writer.add(rows)?;
    writer.finish()
}
