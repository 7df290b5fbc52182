//! The configuration file. Its values become the defaults of the flags, so that the library that knows flags and
//! environment also puts the file below both.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow, bail};
use toml::{Table, Value};

/// Taken where no other file is named and this one is there.
const USUAL: &str = "countersign.toml";

/// Where the values come from, and each key with its value as a flag would give it.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    pub(crate) values: Vec<(String, String)>,
}

impl ConfigFile {
    /// Reads the named file, or else the usual one; `None` where there is neither.
    ///
    /// # Errors
    /// Names the file, and what in it is unknown or no value.
    pub(crate) fn read(named: Option<&Path>, known: &[&str]) -> Result<Option<Self>> {
        let path = named.unwrap_or(Path::new(USUAL));
        if named.is_none() && !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration file {}", path.display()))?;
        let values = values(&text, known).with_context(|| path.display().to_string())?;
        Ok(Some(Self {
            path: path.to_owned(),
            values,
        }))
    }
}

fn values(text: &str, known: &[&str]) -> Result<Vec<(String, String)>> {
    // The library's own message would repeat the faulty line, which may hold a password.
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        anyhow!("line {line} is not TOML: {}", error.message())
    })?;
    table
        .into_iter()
        .map(|(key, value)| {
            if !known.contains(&key.as_str()) {
                bail!("unknown setting {key:?}; there are {}", known.join(", "));
            }
            let value = plain(&value).with_context(|| {
                format!("{key} has to be a text, a whole number, true or false, or a list of texts")
            })?;
            Ok((key, value))
        })
        .collect()
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        Value::Array(entries) => {
            let texts: Option<Vec<&str>> = entries.iter().map(Value::as_str).collect();
            Some(texts?.join(","))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 4] = [
        "listen",
        "max-lifetime-months",
        "trusted-proxies",
        "console",
    ];

    #[test]
    fn values_read_like_flags() {
        let text = "listen = '[::]:80'\nmax-lifetime-months = 12\ntrusted-proxies = ['10.0.0.0/8', '::1']\nconsole = false";
        let mut values = values(text, &KNOWN).unwrap();
        values.sort();
        let pairs: Vec<(&str, &str)> = values.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!(
            pairs,
            [
                ("console", "false"),
                ("listen", "[::]:80"),
                ("max-lifetime-months", "12"),
                ("trusted-proxies", "10.0.0.0/8,::1")
            ]
        );
    }

    #[test]
    fn what_is_unknown_or_no_value_is_refused() {
        for (text, word) in [
            ("listne = 'x'", "listne"),
            ("listen = 1.5", "listen"),
            ("[listen]\naddress = 'x'", "listen"),
            ("trusted-proxies = [1]", "trusted-proxies"),
            ("\nlisten = hunter2", "line 2"),
        ] {
            let refused = format!("{:#}", values(text, &KNOWN).unwrap_err());
            assert!(refused.contains(word), "{refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }
}
