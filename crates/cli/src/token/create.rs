//! Creation of a token.

use std::path::PathBuf;

use clap::Args;
use countersign_client::{Client, IdempotencyKey, NewToken};

use super::{expiry::expiry, fields, hand_out};
use crate::{
    failure::Outcome,
    output::{Format, remark},
    secret_file::SecretSink,
};

#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// Name of the token
    pub(crate) name: String,
    /// End of the token: a time from now (90d, 12w, 6mo, 1y), a date or an instant
    #[arg(long, value_name = "WHEN")]
    pub(crate) expiry: String,
    /// Permission; may be given more than once
    #[arg(long = "permission", value_name = "PERMISSION", required = true)]
    pub(crate) permissions: Vec<String>,
    /// Address or network that the token works from; may be given more than once; any by default
    #[arg(long = "address", value_name = "ADDRESS")]
    pub(crate) addresses: Vec<String>,
    /// Further field with its value, in JSON or as text; may be given more than once
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = fields::assignment)]
    pub(crate) set: Vec<fields::Assignment>,
    /// New file for the secret, with mode 0600; the record is on standard output then
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Name of this request, under which it takes effect at most once in 24 hours; random by default
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
    /// Decide all, and store nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

pub(crate) async fn create(client: &Client, args: CreateArgs, format: Format) -> Outcome {
    let mut draft = NewToken::new(args.name, expiry(&args.expiry)?, args.permissions);
    draft.allowed_addresses = args.addresses;
    draft
        .further
        .extend(args.set.into_iter().map(|set| (set.field, set.value)));
    if args.dry_run {
        client.try_create_token(&draft).await?;
        remark("the token would be created; nothing is stored");
        return Ok(());
    }
    let key = args.idempotency_key.map(IdempotencyKey::new).transpose()?;
    let sink = SecretSink::open(args.secret_file.as_deref())?;
    let issued = client.create_token(&draft, key.as_ref()).await?;
    hand_out(sink, &issued, format)
}
