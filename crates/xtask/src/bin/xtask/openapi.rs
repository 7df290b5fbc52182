//! The committed OpenAPI document, written by the binary that serves it.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::step::{root, service_binary, step};

/// Writes `docs/openapi.json` again.
///
/// # Errors
/// Fails if the binary does not build or does not print the document.
pub(crate) fn openapi() -> Result<()> {
    step("write docs/openapi.json", || {
        let answer = Command::new(service_binary()?)
            .arg("openapi")
            // The variables of a test run are not settings of the service.
            .env_clear()
            .output()
            .context("cannot run countersign")?;
        ensure!(
            answer.status.success(),
            "{}",
            String::from_utf8_lossy(&answer.stderr).trim_end()
        );
        Ok(fs::write(root().join("docs/openapi.json"), answer.stdout)?)
    })
}
