//! Whether somebody has touched the history, told in words and in the exit code.

use std::process::ExitCode;

use anyhow::Result;
use countersign_application::Verdict;

use super::{explained, remark, say, service};
use crate::settings::Settings;

/// Recomputes every chain.
///
/// # Errors
/// A store that cannot answer: that says nothing about the history.
pub(super) async fn verify(settings: Settings) -> Result<ExitCode> {
    let audit = service(settings).await?.audit;
    let verdict = audit
        .verify(|tokens| remark(&format!("{tokens} tokens so far")))
        .await
        .map_err(explained)?;
    match verdict {
        Verdict::Intact { tokens, events } => {
            say(&format!("intact: {tokens} tokens with {events} events"))?;
            Ok(ExitCode::SUCCESS)
        }
        Verdict::Broken {
            tenant,
            token,
            fault,
        } => {
            say(&format!(
                "broken: {fault}; token {token} of tenant {tenant}"
            ))?;
            Ok(ExitCode::FAILURE)
        }
    }
}
