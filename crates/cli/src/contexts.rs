//! The file of contexts: services and tokens under names.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::failure::{Outcome, mistake};

/// All contexts.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Contexts {
    /// The one in use.
    pub(crate) current: Option<String>,
    #[serde(default)]
    pub(crate) contexts: BTreeMap<String, Context>,
}

/// A service, and the token for it or where that is.
#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Context {
    pub(crate) url: String,
    pub(crate) token: Option<String>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) token_command: Option<String>,
    pub(crate) ca_file: Option<PathBuf>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Context {
    /// Where its secret is, in words.
    pub(crate) fn source(&self) -> String {
        match (&self.token, &self.token_file, &self.token_command) {
            (Some(_), ..) => "stored".to_owned(),
            (_, Some(file), _) => format!("file {}", file.display()),
            (_, _, Some(command)) => format!("command {command}"),
            _ => "none".to_owned(),
        }
    }
}

impl Contexts {
    /// Reads the file; there is no context without one. A file that others can read is refused,
    /// because it holds secrets.
    pub(crate) fn read() -> Outcome<Self> {
        let path = path()?;
        let unreadable = |error| mistake(format!("cannot read {}: {error}", path.display()));
        let metadata = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            other => other.map_err(unreadable)?,
        };
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(mistake(format!(
                "others can read {0}, which holds secrets; run: chmod 600 '{0}'",
                path.display()
            )));
        }
        let text = fs::read_to_string(&path).map_err(unreadable)?;
        // The library's own message would repeat the value, which may be a secret.
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text
                .bytes()
                .take(start)
                .filter(|byte| *byte == b'\n')
                .count()
                + 1;
            mistake(format!(
                "{} is not a file of contexts: see line {line}",
                path.display(),
            ))
        })
    }

    /// Replaces the file at once, with mode 0600.
    pub(crate) fn write(&self) -> Outcome {
        let path = path()?;
        let unwritable = |error| mistake(format!("cannot write {}: {error}", path.display()));
        let text = toml::to_string(self).map_err(|error| mistake(error.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut builder = fs::DirBuilder::new();
        builder
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(unwritable)?;
        // The library creates it with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
        file.write_all(text.as_bytes()).map_err(unwritable)?;
        file.as_file().sync_all().map_err(unwritable)?;
        file.persist(&path)
            .map_err(|error| unwritable(error.error))?;
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> Outcome<&Context> {
        self.contexts.get(name).ok_or_else(|| {
            let names: Vec<_> = self.contexts.keys().map(String::as_str).collect();
            let known = if names.is_empty() {
                "there is none yet".to_owned()
            } else {
                format!("there are {}", names.join(", "))
            };
            mistake(format!("there is no context {name:?}; {known}"))
        })
    }
}

/// `countersign/contexts.toml` in the user's folder of configuration.
fn path() -> Outcome<PathBuf> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let folder =
        absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
    let folder =
        folder.ok_or_else(|| mistake("neither XDG_CONFIG_HOME nor HOME names a folder"))?;
    Ok(folder.join("countersign/contexts.toml"))
}
