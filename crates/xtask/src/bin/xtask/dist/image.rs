//! The image, assembled without an engine: from the last stage of the Containerfile, so that both
//! ways have the same settings.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result};
use countersign_xtask::debian;
use serde_json::Value;

use super::source::Source;
use crate::step::{output, root, run};

/// Assembles the image around this binary, and writes it to `archive`, as `docker save` would.
pub(super) fn assemble(source: &Source, work: &Path, binary: &Path, archive: &Path) -> Result<()> {
    let folder = root().join("crates/app/dist");
    let (context, storage) = (work.join("context"), work.join("storage"));
    let mut files = Command::new("sh");
    files
        .arg(folder.join("root.sh"))
        .arg(binary)
        .arg(context.join("image"));
    run(&mut files)?;
    let containerfile = work.join("Containerfile");
    let stages = fs::read_to_string(folder.join("Containerfile"))?;
    fs::write(&containerfile, last_stage(&stages)?)?;
    if storage.exists() {
        fs::remove_dir_all(&storage)?;
    }
    let tag = format!("localhost/countersign:{}", source.version);
    let architecture = match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let mut build = buildah(&storage)?;
    // Only this format has health checks.
    build.args([
        "build",
        "--isolation",
        "chroot",
        "--format",
        "docker",
        "--quiet",
    ]);
    build.arg("--identity-label=false");
    build.args(["--arch", architecture, "--timestamp", &source.time]);
    for (name, value) in [("version", &source.version), ("revision", &source.commit)] {
        build.args([
            "--label",
            &format!("org.opencontainers.image.{name}={value}"),
        ]);
    }
    build
        .args(["--tag", &tag, "--file"])
        .arg(&containerfile)
        .arg(&context);
    run(&mut build)?;
    let parts = work.join("parts");
    if parts.exists() {
        fs::remove_dir_all(&parts)?;
    }
    let mut push = buildah(&storage)?;
    let target = format!("docker-archive:{}:{tag}", archive.display());
    push.args(["push", "--quiet", &tag, &target]);
    run(&mut push)?;
    fs::create_dir(&parts)?;
    run(Command::new("tar")
        .arg("-xf")
        .arg(archive)
        .arg("-C")
        .arg(&parts))?;
    let names = without_chance(&parts)?;
    fs::remove_file(archive)?;
    let mut pack = Command::new("tar");
    pack.args([
        "--format=ustar",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--mode=0644",
    ]);
    pack.arg(format!("--mtime=@{}", source.time))
        .arg("-cf")
        .arg(archive);
    run(pack.arg("-C").arg(&parts).args(names))?;
    // Podman loads archives by the same library.
    let load = format!("docker-archive:{}", archive.display());
    run(buildah(&storage)?.args(["pull", "--quiet", &load]))
}

/// Removes what differs in each assembly, the id and the name of a container, from the
/// configuration. Returns the names of the files of the image.
fn without_chance(parts: &Path) -> Result<Vec<String>> {
    let manifest = parts.join("manifest.json");
    let mut list: Value = serde_json::from_slice(&fs::read(&manifest)?)?;
    let image = &mut list[0];
    let name = image["Config"]
        .as_str()
        .context("the manifest names no configuration")?;
    let mut config: Value = serde_json::from_slice(&fs::read(parts.join(name))?)?;
    let fields = config
        .as_object_mut()
        .context("the configuration is no object")?;
    fields.remove("container");
    fields.remove("container_config");
    let settings = fields.get_mut("config").and_then(Value::as_object_mut);
    settings
        .context("the configuration has no settings")?
        .remove("Hostname");
    let written = parts.join("config.json");
    fs::write(&written, serde_json::to_vec(&config)?)?;
    let sum = output(Command::new("sha256sum").arg(&written))?;
    let digest = sum.split_whitespace().next().unwrap_or_default();
    let name = format!("{digest}.json");
    fs::rename(written, parts.join(&name))?;
    image["Config"] = Value::from(name.as_str());
    let layers = image["Layers"].as_array().into_iter().flatten();
    let mut names: Vec<String> = layers
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    names.extend([name, "manifest.json".to_owned()]);
    fs::write(&manifest, serde_json::to_vec(&list)?)?;
    Ok(names)
}

/// `buildah` with a storage of its own, which needs no mounts.
fn buildah(storage: &Path) -> Result<Command> {
    let mut buildah = debian("buildah", "buildah")?;
    buildah.arg("--root").arg(storage.join("images"));
    buildah.arg("--runroot").arg(storage.join("run"));
    buildah.args(["--storage-driver", "vfs"]);
    Ok(buildah)
}

/// The last stage, which takes its files from the context in place of the stage before.
fn last_stage(containerfile: &str) -> Result<String> {
    let start = containerfile
        .rfind("\nFROM ")
        .context("the Containerfile has one stage only")?;
    Ok(containerfile[start..].replace("--from=build ", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stage_takes_its_files_from_the_context() {
        let stages = "FROM a AS build\nRUN b\n\nFROM scratch\nCOPY --from=build /c/ /\nUSER 1:1\n";
        let stage = last_stage(stages).unwrap();
        assert_eq!(stage, "\nFROM scratch\nCOPY /c/ /\nUSER 1:1\n");
        assert!(last_stage("FROM a").is_err());
    }
}
