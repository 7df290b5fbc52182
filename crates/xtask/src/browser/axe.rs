//! axe-core, an independent judge of accessibility.
//!
//! It comes from npm at a pinned version, by its digest; it is used and never shipped. It runs
//! through the driver, and so outside the page's policy, which would refuse it like any other
//! foreign script.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Browser;
use crate::node::npm;

const PINS: [&str; 2] = ["package.json", "package-lock.json"];
/// Everything that WCAG 2.2 demands at level AA.
const RUN: &str = "
    const done = arguments[arguments.length - 1];
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    const options = { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] };
    axe.run(document, options).then(done, (error) => done({ failed: String(error) }));
";

/// The violations that axe found on a page; printed, one line for each element.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings(Vec<String>);

impl Findings {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(answer: &Value) -> Result<Self> {
        let violations = answer["violations"].as_array();
        let violations = violations.with_context(|| format!("axe did not judge: {answer}"))?;
        // A page that was not examined has no violations either.
        let passed = answer["passes"].as_array().map_or(0, Vec::len);
        ensure!(passed > 0, "axe found nothing to judge");
        let lines = violations.iter().flat_map(|violation| {
            let nodes = violation["nodes"].as_array().into_iter().flatten();
            nodes.map(move |node| {
                let (rule, help) = (&violation["id"], &violation["help"]);
                let why = node["failureSummary"].as_str().unwrap_or_default();
                let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
                format!("{rule}: {help}: {} {}: {why}", node["target"], node["html"])
            })
        });
        Ok(Self(lines.collect()))
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0.join("\n"))
    }
}

impl Browser {
    /// Has axe check the current page.
    ///
    /// # Errors
    /// Fails if axe cannot be installed, or has no result.
    pub async fn axe(&self) -> Result<Findings> {
        let source = fs::read_to_string(installed()?)?;
        self.execute(source, Vec::new()).await?;
        let answer = self.execute_async(RUN, Vec::new()).await?;
        Findings::of(answer.json())
    }
}

/// The script, in a folder under `target/` that is made again if the pinned version changed.
fn installed() -> Result<PathBuf> {
    /// Tests of one process begin together, and only one of them can install.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pins = own.join("axe");
    let folder = own.join("../../target/axe-core");
    let script = folder.join("node_modules/axe-core/axe.min.js");
    let same = |name| fs::read(pins.join(name)).ok() == fs::read(folder.join(name)).ok();
    if script.is_file() && PINS.into_iter().all(same) {
        return Ok(script);
    }
    let npm = npm()?;
    fs::create_dir_all(&folder)?;
    for name in PINS {
        fs::copy(pins.join(name), folder.join(name))?;
    }
    let output = Command::new(npm)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&folder)
        .output()?;
    ensure!(
        output.status.success(),
        "npm could not install axe-core:\n{}",
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    Ok(script)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_element_is_a_line_and_no_judgement_is_no_praise() {
        let node = json!({"target": ["#a"], "html": "<i>", "failureSummary": "Fix:\n  it"});
        let violation = json!({"id": "label", "help": "Label it", "nodes": [node, node]});
        let answer = json!({"violations": [violation], "passes": [{}]});
        let findings = Findings::of(&answer).unwrap();
        assert_eq!(findings.to_string().lines().count(), 2);
        assert!(findings.to_string().contains("Fix: it"));
        assert!(Findings::of(&json!({"violations": [], "passes": []})).is_err());
        assert!(Findings::of(&json!({"failed": "x"})).is_err());
    }
}
