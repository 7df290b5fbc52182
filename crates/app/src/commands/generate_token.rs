//! A secret for a store that does not exist yet: what `bootstrap-token-file` or
//! `bootstrap-token-digest` names.

use anyhow::Result;
use countersign_application::ports::Entropy as _;
use countersign_domain::{Secret, TokenPrefix};
use serde::Serialize;
use zeroize::Zeroizing;

use super::write_stdout;
use crate::system::SystemEntropy;

#[derive(Serialize)]
struct Generated<'a> {
    token: &'a str,
    /// SHA-256 of the token, in hexadecimal.
    digest: String,
}

/// Prints it.
///
/// # Errors
/// No entropy, or nobody reads standard output.
pub(super) fn print(prefix: &TokenPrefix) -> Result<()> {
    let mut random = Zeroizing::new([0; 32]);
    SystemEntropy.fill(&mut *random)?;
    let secret = Secret::with_prefix(prefix, &random);
    let line = serde_json::to_string(&Generated {
        token: secret.expose(),
        digest: secret.digest().to_hex(),
    })?;
    write_stdout(&Zeroizing::new(line))
}
