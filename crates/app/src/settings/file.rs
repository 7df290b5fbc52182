//! The configuration file. Its values become the defaults of the flags, so that clap, which handles
//! flags and environment, also ranks the file below both.

use std::{
    fs,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::suggestion::nearest;

/// The file that is used if no other is named and this one exists.
const USUAL: &str = "countersign.toml";

/// The values of the file, and where they come from: each key with its value as a flag would give
/// it.
#[derive(Debug, Default)]
pub(crate) struct ConfigFile {
    /// `None` if there is no file.
    pub(crate) path: Option<PathBuf>,
    pub(crate) values: Vec<(String, String)>,
    /// The mistakes; each names the file.
    pub(crate) mistakes: Vec<String>,
}

impl ConfigFile {
    /// Reads the named file, or else the usual one if it is there.
    pub(crate) fn read(named: Option<&Path>, known: &[&str]) -> Self {
        let path = named.unwrap_or(Path::new(USUAL));
        if named.is_none() && !path.exists() {
            return Self::default();
        }
        let (values, mistakes) = match fs::read_to_string(path) {
            Ok(text) => values(&text, known),
            Err(error) => (Vec::new(), vec![format!("it cannot be read: {error}")]),
        };
        let of_file = |mistake| format!("the configuration file {}: {mistake}", path.display());
        Self {
            path: Some(path.to_owned()),
            values,
            mistakes: mistakes.into_iter().map(of_file).collect(),
        }
    }
}

/// The values that can be used, and what is wrong with the others.
fn values(text: &str, known: &[&str]) -> (Vec<(String, String)>, Vec<String>) {
    let (mut values, mut mistakes) = (Vec::new(), Vec::new());
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            mistakes.push(no_toml(text, &error));
            return (values, mistakes);
        }
    };
    for (key, value) in table {
        if !known.contains(&key.as_str()) {
            mistakes.push(unknown(&key, known));
        } else if let Some(value) = plain(&value) {
            values.push((key, value));
        } else {
            mistakes.push(format!(
                "{key} has to be a text, a whole number, true or false, or a list of texts"
            ));
        }
    }
    (values, mistakes)
}

/// The library's own message would repeat the faulty line, which may hold a password.
fn no_toml(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line} is not TOML: {}", error.message())
}

fn unknown(key: &str, known: &[&str]) -> String {
    let near = nearest(key, known);
    let (what, names) = if near.is_empty() {
        ("there are", known)
    } else {
        ("the nearest are", &near[..])
    };
    format!("unknown setting {key:?}; {what} {}", names.join(", "))
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
        let (mut values, mistakes) = values(text, &KNOWN);
        assert!(mistakes.is_empty(), "{mistakes:?}");
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
            let (_, mistakes) = values(text, &KNOWN);
            let [refused] = &mistakes[..] else {
                panic!("{mistakes:?}");
            };
            assert!(refused.contains(word), "{refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn one_mistake_hides_no_other() {
        let text = "listne = 'x'\nlisten = 1.5\nconsole = true\nother = 1";
        let (values, mistakes) = values(text, &KNOWN);
        assert_eq!(values, [("console".to_owned(), "true".to_owned())]);
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
        assert!(
            mistakes
                .iter()
                .any(|told| told.contains("the nearest are listen"))
        );
    }
}
