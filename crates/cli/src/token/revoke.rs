//! Revocation of a token.

use clap::Args;
use countersign_client::{Client, RevokeOptions};

use super::find_id;
use crate::{
    failure::Outcome,
    output::{Format, remark},
};

#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// Id or name of the token
    pub(crate) token: String,
    /// Also revoke every token that it created or rotated, and so on
    #[arg(long)]
    pub(crate) descendants: bool,
    /// Version to revoke; any by default
    #[arg(long, value_name = "VERSION", conflicts_with = "descendants")]
    pub(crate) if_version: Option<i64>,
    /// Decide all, store nothing, and list what would be revoked
    #[arg(long)]
    pub(crate) dry_run: bool,
}

pub(crate) async fn revoke(client: &Client, args: RevokeArgs, format: Format) -> Outcome {
    let id = find_id(client, &args.token).await?;
    let options = RevokeOptions {
        version: args.if_version,
        descendants: args.descendants,
        dry_run: args.dry_run,
    };
    if let Some(revoked) = client.revoke_token(&id, &options).await? {
        format.write_one(revoked.raw())?;
    }
    if args.dry_run {
        remark("nothing is stored");
    } else {
        remark(&format!("the token {id} is revoked"));
    }
    Ok(())
}
