//! A user of the command line, with a home folder and a shell's environment of their own.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

use crate::common::{BINARY, Node, bare, in_a_year, text};

pub(crate) const READ: &str = "api.tasks.read";

pub(crate) struct User {
    home: TempDir,
    pub(crate) url: String,
    pub(crate) token_file: PathBuf,
}

/// What a command did.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: text(&output.stdout).to_owned(),
            err: text(&output.stderr).to_owned(),
        }
    }
}

impl Run {
    /// The data, if the command succeeded.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    #[track_caller]
    pub(crate) fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.done()).unwrap()
    }
}

impl User {
    /// With the root token in a file.
    pub(crate) fn of(node: &Node) -> Self {
        let home = tempfile::tempdir().unwrap();
        let token_file = home.path().join("root.secret");
        fs::write(&token_file, &node.root).unwrap();
        Self {
            home,
            url: node.server.url(),
            token_file,
        }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// A command without a service or a token.
    pub(crate) fn alone(&self, line: &[&str]) -> Command {
        let mut command = bare(self.home());
        command
            .args(line)
            .env("HOME", self.home())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("EDITOR")
            .env_remove("VISUAL")
            .stdin(Stdio::null());
        command
    }

    /// A command with the root token.
    pub(crate) fn command(&self, line: &[&str]) -> Command {
        let mut command = self.alone(line);
        command
            .env("COUNTERSIGN_URL", &self.url)
            .env("COUNTERSIGN_TOKEN_FILE", &self.token_file);
        command
    }

    pub(crate) fn run(&self, line: &[&str]) -> Run {
        self.command(line).output().unwrap().into()
    }

    pub(crate) fn run_with_input(&self, line: &[&str], input: &str) -> Run {
        with_input(self.command(line), input)
    }

    /// Creates a token, and returns its id and its secret.
    pub(crate) fn create(&self, name: &str, further: &[&str]) -> (String, String) {
        let expiry = in_a_year();
        let file = self.home().join(format!("{name}.secret"));
        let line = [
            &[
                "token",
                "create",
                name,
                "--expiry",
                &expiry,
                "--permission",
                READ,
            ][..],
            &["--output", "json", "--secret-file", file.to_str().unwrap()],
            further,
        ];
        let record = self.run(&line.concat()).json();
        let secret = fs::read_to_string(file).unwrap().trim().to_owned();
        (record["id"].as_str().unwrap().to_owned(), secret)
    }

    /// Lines for a shell in which `countersign` is the binary.
    pub(crate) fn shell(&self, lines: &str) -> Run {
        let folder = Path::new(BINARY).parent().unwrap().to_str().unwrap();
        let path = std::env::var("PATH").unwrap();
        let mut shell = Command::new("sh");
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"COUNTERSIGN_") {
                shell.env_remove(name);
            }
        }
        shell
            .current_dir(self.home())
            .env("PATH", format!("{folder}:{path}"))
            .env("HOME", self.home())
            .env_remove("XDG_CONFIG_HOME")
            .env("COUNTERSIGN_URL", &self.url)
            .env("COUNTERSIGN_TOKEN_FILE", &self.token_file)
            .args(["-ec", lines])
            .stdin(Stdio::null());
        shell.output().unwrap().into()
    }
}

pub(crate) fn with_input(mut command: Command, input: &str) -> Run {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that fails early reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap().into()
}
