//! The commands of tokens, one file each.

mod create;
mod edit;
mod expiry;
mod fields;
mod list;
mod merge;
mod question;
mod revoke;
mod rotate;
mod store;
mod update;

use countersign_client::{Client, IssuedToken, Open, Token};
use serde_json::json;

use crate::{
    args::TokenCommand,
    failure::{Outcome, mistake},
    output::Format,
    secret_file::SecretSink,
    watch,
};

pub(crate) use self::{
    create::CreateArgs, edit::EditArgs, question::explain, revoke::RevokeArgs, rotate::RotateArgs,
    update::UpdateArgs,
};

pub(crate) async fn run(client: &Client, command: TokenCommand, format: Format) -> Outcome {
    match command {
        TokenCommand::List(args) => list::list(client, args, format).await,
        TokenCommand::Get(args) => format.write_one(find(client, &args.token).await?.raw()),
        TokenCommand::Create(args) => create::create(client, args, format).await,
        TokenCommand::Update(args) => update::update(client, args, format).await,
        TokenCommand::Edit(args) => edit::edit(client, args, format).await,
        TokenCommand::Rotate(args) => rotate::rotate(client, args, format).await,
        TokenCommand::Revoke(args) => revoke::revoke(client, args, format).await,
        TokenCommand::Verify(args) => question::verify(client, args, format).await,
        TokenCommand::Events(args) => list::events(client, args, format).await,
        TokenCommand::Watch(args) => watch::watch(client, args, format).await,
    }
}

/// Hands a new secret over, and shows its record: on standard output if that is free, and before
/// the secret otherwise, so that the record is known even if the secret is lost.
fn hand_out(sink: SecretSink, issued: &IssuedToken, format: Format) -> Outcome {
    if !sink.is_file() {
        format.write_aside(issued.record.raw());
        return sink.accept(&issued.secret);
    }
    let kept = sink.accept(&issued.secret);
    format.write_one(issued.record.raw())?;
    kept
}

fn is_id(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    let dashes: Vec<_> = text.match_indices('-').map(|(at, _)| at).collect();
    text.len() == 36 && digits == 32 && dashes == [8, 13, 18, 23]
}

/// The record of a token that is given by its id or its name.
async fn find(client: &Client, token: &str) -> Outcome<Open<Token>> {
    if is_id(token) {
        return Ok(client.token(token).await?);
    }
    let id = id_by_name(client, token).await?;
    // The list leaves out what only the record itself has.
    Ok(client.token(&id).await?)
}

/// The id of a token that is given by its id or its name.
async fn find_id(client: &Client, token: &str) -> Outcome<String> {
    if is_id(token) {
        return Ok(token.to_owned());
    }
    id_by_name(client, token).await
}

async fn id_by_name(client: &Client, name: &str) -> Outcome<String> {
    let filter = json!({"name": {"$ieq": name}});
    let found = client.find_tokens(&filter, None).next().await?;
    let found = found.unwrap_or_default();
    found.first().map(|token| token.id.clone()).ok_or_else(|| {
        mistake(format!(
            "no live token has the name {name:?}; `countersign token list` shows all"
        ))
    })
}
