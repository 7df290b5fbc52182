//! Where the secret of a caller comes from, and how one is read from a person.

use std::{
    fs,
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use countersign_client::Secret;
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};

use crate::failure::{Outcome, mistake};

/// The maximum length of a secret with its line end; more is another file by mistake.
const LONGEST: usize = 4096;

/// Reads a file that holds a secret alone.
pub(crate) fn from_file(path: &Path) -> Outcome<Secret> {
    let unreadable = |error| {
        mistake(format!(
            "cannot read the token file {}: {error}",
            path.display()
        ))
    };
    let mut text = String::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(LONGEST as u64 + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    whole(text, &format!("the token file {}", path.display()))
}

/// Runs a command of the shell, whose standard output is the secret.
pub(crate) fn from_command(command: &str) -> Outcome<Secret> {
    let run = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| mistake(format!("cannot run the token command: {error}")))?;
    if !run.status.success() {
        return Err(mistake(format!("the token command failed: {}", run.status)));
    }
    let text = String::from_utf8(run.stdout);
    let text = text.map_err(|_| mistake("the output of the token command is not UTF-8"))?;
    whole(text, "the output of the token command")
}

/// Reads a secret from standard input; a terminal does not show it.
pub(crate) fn from_stdin(prompt: &str) -> Outcome<Secret> {
    let input = io::stdin();
    let unreadable = |error| mistake(format!("cannot read standard input: {error}"));
    let mut text = String::new();
    if input.is_terminal() {
        let _ = write!(io::stderr(), "{prompt}: ");
        let hidden = Hidden::begin();
        let read = input.read_line(&mut text);
        drop(hidden);
        let _ = writeln!(io::stderr());
        read.map_err(unreadable)?;
    } else {
        let mut input = input.lock().take(LONGEST as u64 + 1);
        input.read_to_string(&mut text).map_err(unreadable)?;
    }
    whole(text, "standard input")
}

fn whole(text: String, source: &str) -> Outcome<Secret> {
    let is_longer = text.len() > LONGEST;
    let secret = Secret::new(text);
    if secret.expose().is_empty() {
        return Err(mistake(format!("{source} holds no token")));
    }
    if is_longer || secret.expose().contains(char::is_whitespace) {
        return Err(mistake(format!("{source} holds more than a token")));
    }
    Ok(secret)
}

/// The terminal does not show what is typed until this is dropped.
struct Hidden(Option<nix::sys::termios::Termios>);

impl Hidden {
    fn begin() -> Self {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(mut silent) = before.clone() {
            silent.local_flags.remove(LocalFlags::ECHO);
            let _ = tcsetattr(io::stdin(), SetArg::TCSAFLUSH, &silent);
        }
        Self(before)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), SetArg::TCSAFLUSH, before);
        }
    }
}
