//! The Debian package in a Debian system of its own: installed, started as its unit starts it, and
//! purged.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::{main_job, output, stop, wait_until_ready};
use crate::cluster::free_port;
use crate::debian::debian;
use crate::process::Guarded;

const UNIT: &str = "countersign.service";
const STATE: &str = "var/lib/countersign";
/// Files that the small system leaves out.
const CONTENT: [&str; 5] = [
    "/usr/share/man/man1/countersign.1",
    "/usr/share/bash-completion/completions/countersign",
    "/usr/share/zsh/vendor-completions/_countersign",
    "/usr/share/fish/vendor_completions.d/countersign.fish",
    "/usr/share/doc/countersign/operations.md",
];
/// The largest accepted exposure of the unit, from 0 (best) to 100.
const EXPOSURE: &str = "20";

/// Tries this package. `system` is a folder for a fresh Debian system, which is made if it is not
/// there yet.
///
/// # Errors
/// Fails if the package cannot be installed, its service does not work, or a purge leaves parts.
pub fn package(file: &Path, system: &Path) -> Result<()> {
    let content = output(Command::new("dpkg-deb").arg("--contents").arg(file))?;
    for part in CONTENT {
        let found = content.lines().any(|line| line.ends_with(part));
        ensure!(found, "the package has no {part}");
    }
    if !system.exists() {
        bootstrap(system)?;
    }
    let run = tempfile::Builder::new().prefix("package-").tempdir()?;
    let root = run.path().join("root");
    output(Command::new("cp").arg("-a").arg(system).arg(&root))?;
    fs::copy(file, root.join("countersign.deb"))?;
    output(within(&root).args(["dpkg", "--install", "/countersign.deb"]))?;
    judge_unit(&root)?;
    serve(&root)?;
    output(within(&root).args(["dpkg", "--purge", "countersign"]))?;
    for left in [
        "etc/countersign",
        "usr/bin/countersign",
        "lib/systemd/system/countersign.service",
    ] {
        ensure!(!root.join(left).exists(), "a purge leaves {left}");
    }
    let kept = root.join(STATE).join("countersign.db");
    ensure!(kept.exists(), "a purge removes the database");
    Ok(())
}

/// A small Debian system of this release, from the same servers.
fn bootstrap(system: &Path) -> Result<()> {
    let mut make = debian("mmdebstrap", "mmdebstrap")?;
    make.args(["--variant=minbase", "--include=adduser,systemd", "--quiet"]);
    make.args([
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/man/*",
    ]);
    make.arg(release()?).arg(system);
    output(&mut make).map(drop)
}

fn release() -> Result<String> {
    let names = fs::read_to_string("/etc/os-release")?;
    let mut lines = names.lines();
    let name = lines.find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    Ok(name.context("this system has no release name")?.to_owned())
}

/// Verifies the unit, and bounds what it exposes.
fn judge_unit(root: &Path) -> Result<()> {
    let at = format!("--root={}", root.display());
    let analyze = || debian("systemd-analyze", "systemd");
    // It succeeds after a warning, such as one of an unknown key.
    let verified = analyze()?
        .arg("verify")
        .args([&at, "--man=no", UNIT])
        .output()?;
    let complaints = String::from_utf8_lossy(&verified.stderr);
    ensure!(
        verified.status.success() && complaints.is_empty(),
        "{UNIT}: {complaints}"
    );
    let threshold = format!("--threshold={EXPOSURE}");
    let mut security = analyze()?;
    security.args([
        "security",
        "--offline=yes",
        &at,
        &threshold,
        "--no-pager",
        UNIT,
    ]);
    let text = output(&mut security)?;
    let overall = text.lines().find(|line| line.contains("Overall exposure"));
    print_line(overall.unwrap_or("no exposure level"));
    Ok(())
}

/// Starts the service with the unit's command, user and folder, and stops it after its main job.
fn serve(root: &Path) -> Result<()> {
    let unit = fs::read_to_string(root.join("lib/systemd/system").join(UNIT))?;
    let setting = |key: &str| {
        let found = unit
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        found.with_context(|| format!("the unit has no {key}"))
    };
    let (user, group) = (setting("User")?, setting("Group")?);
    let (folder, line) = (setting("WorkingDirectory")?, setting("ExecStart")?);
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let listen = format!("COUNTERSIGN_LISTEN={address}");
    let as_user = |words: &[&str]| {
        let mut command = within(root);
        command.args([
            "setpriv",
            "--reuid",
            user,
            "--regid",
            group,
            "--init-groups",
        ]);
        command.args(["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]);
        command
            .args(["env", "-i", "--chdir", folder, &listen])
            .args(words);
        command
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut service = Guarded::spawn(as_user(&words), None)?;
    let check = ["/usr/bin/countersign", "healthcheck"];
    wait_until_ready(&mut service, || as_user(&check))?;
    main_job(
        &address.to_string(),
        &root.join(STATE).join("countersign.db.root-token"),
    )?;
    // Every program of the line replaces the one before it.
    let target = service.pid();
    stop(&mut service, target)?;
    let config = ["--config", "/etc/countersign/countersign.toml"];
    let recovery = [&["/usr/bin/countersign", "root-token"][..], &config].concat();
    let secret = output(&mut as_user(&recovery))?;
    ensure!(
        secret.contains('_') && secret.lines().count() == 1,
        "the recovery printed no secret"
    );
    Ok(())
}

/// A command in this system.
fn within(root: &Path) -> Command {
    let mut command = Command::new("chroot");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("LC_ALL", "C.UTF-8")
        .arg(root);
    command
}

#[expect(clippy::print_stderr, reason = "the level is a result")]
fn print_line(line: &str) {
    eprintln!("{}", line.trim());
}
