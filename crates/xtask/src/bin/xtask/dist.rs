//! The packages of a commit: the binary, a Debian package, an image, a bill of materials and the
//! digests of all of them.
//!
//! The binary is built once, and all packages have the same. What the commit determines is fixed:
//! no path of this machine and no time of this build is in a package.

mod binary;
mod image;
mod source;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use countersign_xtask::dist as trial;

use self::source::Source;
use crate::step::{output, root, run, step};
use crate::tools::tool;

const DEB_VERSION: &str = "3.8.0";
const CYCLONEDX_VERSION: &str = "0.5.9";
const SUMS: &str = "SHA256SUMS";

/// Makes all packages, and tries them if `test` is set.
///
/// # Errors
/// Fails if a package cannot be made, or does not do what it promises.
pub(crate) fn dist(test: bool) -> Result<()> {
    let (work, folder) = (root().join("target/dist-work"), root().join("target/dist"));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    fs::create_dir_all(&work)?;
    let source = Source::read()?;
    let name = |ending: &str| folder.join(format!("countersign-{}-{ending}", source.version));
    let binary = name(&format!("linux-{}", std::env::consts::ARCH));
    let archive = name(&format!("image-{}.tar", std::env::consts::ARCH));
    step("release build", || binary::build(&source, &work, &binary))?;
    step("man pages and completions", || {
        binary::documents(&work, &binary)
    })?;
    let mut package = PathBuf::new();
    step("Debian package", || {
        package = debian_package(&source, &work, &folder)?;
        Ok(())
    })?;
    step("image", || {
        image::assemble(&source, &work, &binary, &archive)
    })?;
    step("bill of materials", || {
        bill_of_materials(&source, &name("sbom.cdx.json"))
    })?;
    sums(&folder)?;
    if test {
        step("try the image", || trial::image(&archive))?;
        let system = work.join("debian");
        step("try the Debian package", || {
            trial::package(&package, &system)
        })?;
    }
    Ok(())
}

/// Packs the binary that is built already.
fn debian_package(source: &Source, work: &Path, folder: &Path) -> Result<PathBuf> {
    // `dpkg-shlibdeps` finds out which packages the libraries are from.
    countersign_xtask::debian("dpkg-shlibdeps", "dpkg-dev")?;
    let mut deb = Command::new(tool("cargo-deb", DEB_VERSION)?);
    deb.args([
        "--package",
        "countersign-app",
        "--no-build",
        "--no-strip",
        "--locked",
        "--output",
    ]);
    deb.arg(folder).current_dir(root());
    run(source.fixed(&mut deb).env("CARGO_TARGET_DIR", work))?;
    let mut files = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let package = files.find(|file| file.extension().is_some_and(|ending| ending == "deb"));
    package.context("cargo-deb wrote no package")
}

/// Lists the crates in the binary, as `CycloneDX`.
fn bill_of_materials(source: &Source, file: &Path) -> Result<()> {
    let program = tool("cargo-cyclonedx", CYCLONEDX_VERSION)?;
    // It writes one beside the manifest of each crate, so it gets a copy of the tree.
    let copy = Source::copy()?;
    let mut list = Command::new(program);
    list.args([
        "cyclonedx",
        "--format",
        "json",
        "--spec-version",
        "1.5",
        "--override-filename",
    ]);
    list.args(["sbom", "--manifest-path"])
        .arg(copy.path().join("crates/app/Cargo.toml"));
    list.current_dir(copy.path());
    run(source.fixed(&mut list))?;
    let text = fs::read_to_string(copy.path().join("crates/app/sbom.json"))?;
    let folder = copy.path().to_string_lossy();
    // The name of the copy is another each time.
    fs::write(file, text.replace(&*folder, "/source"))?;
    Ok(())
}

/// Writes the digests, and shows each file with its size.
#[expect(clippy::print_stderr, reason = "the sizes are a result")]
fn sums(folder: &Path) -> Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        names.push((entry.file_name(), entry.metadata()?.len()));
    }
    names.sort();
    let files = names.iter().map(|(name, _)| name);
    let text = output(Command::new("sha256sum").args(files).current_dir(folder))?;
    fs::write(folder.join(SUMS), format!("{text}\n"))?;
    eprintln!("{}:", folder.display());
    for ((_, size), line) in names.iter().zip(text.lines()) {
        let tenths = size / 100_000;
        eprintln!("{:>5}.{} MB  {line}", tenths / 10, tenths % 10);
    }
    Ok(())
}
