//! The image, without an engine: its root file system runs under its user with everything but the
//! volume read-only, and the service is the first process of its namespace.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use nix::unistd::geteuid;
use serde_json::Value;

use super::{main_job, output, stop, wait_until_ready};
use crate::cluster::free_port;
use crate::debian::debian;
use crate::process::{Guarded, children};

/// Tries the image in this archive, as `docker save` would write it.
///
/// # Errors
/// Fails if the service does not start, do its main job, or stop as the image promises.
pub fn image(archive: &Path) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("image-").tempdir()?;
    // The image's user has to reach it.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    let root = folder.path().join("root");
    let image = Image::unpack(archive, folder.path(), &root)?;
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let (entry, check) = (image.words("Entrypoint")?, image.healthcheck()?);
    let arguments = [entry, image.words("Cmd")?].concat();

    let mut service = Guarded::spawn(image.contained(&root, address, &arguments)?, None)?;
    // The same command in a sandbox of its own, over the same loopback interface.
    let contained = image.contained(&root, address, &check)?;
    let healthcheck = || {
        let mut again = Command::new(contained.get_program());
        again.args(contained.get_args());
        again
    };
    wait_until_ready(&mut service, healthcheck)?;
    main_job(
        &address.to_string(),
        &root.join("data/countersign.db.root-token"),
    )?;
    let first = children(service.pid())?;
    ensure!(first.len() == 1, "bwrap has {} children", first.len());
    stop(&mut service, first[0])
}

/// The configuration of an image.
struct Image(Value);

impl Image {
    /// Unpacks the layers into `root`, and reads the configuration.
    fn unpack(archive: &Path, folder: &Path, root: &Path) -> Result<Self> {
        let parts = folder.join("parts");
        fs::create_dir(&parts)?;
        fs::create_dir(root)?;
        untar(archive, &parts)?;
        let manifest = json(&parts.join("manifest.json"))?;
        for layer in strings(&manifest[0]["Layers"])? {
            untar(&parts.join(layer), root)?;
        }
        let config = manifest[0]["Config"].as_str();
        let config = config.context("the manifest names no configuration")?;
        Ok(Self(json(&parts.join(config))?["config"].take()))
    }

    fn words(&self, key: &str) -> Result<Vec<String>> {
        strings(&self.0[key]).with_context(|| format!("the image has no {key}"))
    }

    fn healthcheck(&self) -> Result<Vec<String>> {
        let mut words = strings(&self.0["Healthcheck"]["Test"])?;
        ensure!(
            words.first().is_some_and(|kind| kind == "CMD"),
            "no health check without a shell"
        );
        words.remove(0);
        Ok(words)
    }

    /// A command of the image on this address, in a sandbox.
    fn contained(&self, root: &Path, address: SocketAddr, words: &[String]) -> Result<Command> {
        let user = self.0["User"].as_str().unwrap_or_default();
        let (user, group) = user.split_once(':').context("the image names no user")?;
        ensure!(user != "0", "the image runs as root");
        let stop = self.0["StopSignal"].as_str();
        ensure!(stop == Some("SIGTERM"), "the image stops by {stop:?}");
        let volumes = self.0["Volumes"]
            .as_object()
            .context("the image has no volume")?;
        let bwrap = debian("bwrap", "bubblewrap")?;
        let mut command = Command::new("setpriv");
        if geteuid().is_root() {
            command.args(["--reuid", user, "--regid", group, "--clear-groups", "--"]);
        }
        command.arg(bwrap.get_program());
        command.args([
            "--die-with-parent",
            "--unshare-pid",
            "--as-pid-1",
            "--clearenv",
        ]);
        command.arg("--ro-bind").arg(root).arg("/");
        command.args(["--proc", "/proc", "--dev", "/dev"]);
        for volume in volumes.keys() {
            let own = root.join(volume.trim_start_matches('/'));
            command.arg("--bind").arg(own).arg(volume);
        }
        for pair in self.words("Env")? {
            let (name, value) = pair.split_once('=').unwrap_or((&pair, ""));
            command.args(["--setenv", name, value]);
        }
        // Another service may have the port of the image here.
        command.args(["--setenv", "COUNTERSIGN_LISTEN", &address.to_string()]);
        let folder = self.0["WorkingDir"].as_str().unwrap_or("/");
        command.args(["--chdir", folder, "--"]).args(words);
        Ok(command)
    }
}

fn untar(archive: &Path, folder: &Path) -> Result<()> {
    let mut tar = Command::new("tar");
    tar.arg("-xpf").arg(archive).arg("-C").arg(folder);
    output(&mut tar).map(drop)
}

fn json(path: &Path) -> Result<Value> {
    let text = fs::read(path).with_context(|| format!("no {}", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

fn strings(value: &Value) -> Result<Vec<String>> {
    let list = value.as_array().context("not a list")?;
    let texts = list.iter().map(|text| text.as_str().map(str::to_owned));
    texts.collect::<Option<_>>().context("not a list of texts")
}
