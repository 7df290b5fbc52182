//! Rotation of a token's secret.

use std::path::PathBuf;

use clap::Args;
use countersign_client::{Client, Error, Rotation};

use super::{expiry::seconds, find, hand_out};
use crate::{
    failure::Outcome,
    output::{Format, remark},
    secret_file::SecretSink,
};

#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// Id or name of the token
    pub(crate) token: String,
    /// Time for which the old secret works on, such as 12h or 7d; none by default
    #[arg(long, value_name = "TIME", value_parser = seconds, default_value = "0")]
    pub(crate) overlap: u32,
    /// Version to rotate; the stored one by default
    #[arg(long, value_name = "VERSION")]
    pub(crate) if_version: Option<i64>,
    /// New file for the secret, with mode 0600; the record is on standard output then
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
}

pub(crate) async fn rotate(client: &Client, args: RotateArgs, format: Format) -> Outcome {
    let record = find(client, &args.token).await?;
    let sink = SecretSink::open(args.secret_file.as_deref())?;
    let version = args.if_version.unwrap_or(record.version);
    let rotated = client.rotate_token(&record.id, Rotation::new(version, args.overlap));
    let issued = rotated.await.inspect_err(|error| {
        let is_unknown = match error {
            Error::Broken { .. } | Error::Timeout { .. } => true,
            Error::Problem(problem) => problem.code() == "outcome-unknown",
            _ => false,
        };
        if is_unknown {
            remark(&format!(
                "the rotation of version {version} may have been stored, and its secret is lost then; run the command again, which rotates the stored version of {}",
                record.id
            ));
        }
    })?;
    hand_out(sink, &issued, format)
}
