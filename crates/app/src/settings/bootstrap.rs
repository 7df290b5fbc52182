//! Settings for a first start that nobody watches: the root token's secret is chosen beforehand.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use countersign_domain::{Secret, SecretDigest, StoredSecret};
use zeroize::Zeroizing;

use super::setting::Setting;

pub(super) const BOOTSTRAP_TOKEN_FILE: Setting<Option<StoredSecret>> = Setting {
    name: "bootstrap-token-file",
    default: "",
    shape: "FILE",
    help: "A file with the secret that the root token of an empty store gets; a store with tokens stays as it is",
    accepted: "a file with a secret that `countersign generate-token` printed, and nothing else",
    parse: |path| (!path.is_empty()).then(|| secret(path)).transpose(),
    secret_file: None,
};

pub(super) const BOOTSTRAP_TOKEN_DIGEST: Setting<Option<SecretDigest>> = Setting {
    name: "bootstrap-token-digest",
    default: "",
    shape: "SHA256",
    help: "The digest of that secret, in place of the file; the secret itself need not be on this machine",
    accepted: "a digest that `countersign generate-token` printed: the SHA-256 of the secret as 64 lower-case hexadecimal digits",
    parse: |text| {
        let digest = (!text.is_empty()).then(|| SecretDigest::from_hex(text));
        Ok(digest.transpose()?)
    },
    secret_file: None,
};

fn secret(path: &str) -> Result<StoredSecret> {
    let text = read_secret_file(Path::new(path))?;
    let secret = Secret::parse(&text).context("the file holds something else")?;
    Ok((&secret).into())
}

/// Reads a value that stands alone in a file, without the line break at its end.
///
/// # Errors
/// If the file cannot be read as text. The message has nothing of the content.
pub(super) fn read_secret_file(path: &Path) -> Result<Zeroizing<String>> {
    let text = Zeroizing::new(fs::read_to_string(path).context("the file cannot be read")?);
    let value = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Zeroizing::new(
        value.strip_suffix('\r').unwrap_or(value).to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::table;

    #[test]
    fn a_value_stands_alone_in_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("value");
        for (content, value) in [
            ("a b\n", "a b"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("a", "a"),
        ] {
            fs::write(&path, content).unwrap();
            assert_eq!(*read_secret_file(&path).unwrap(), value);
        }
        fs::write(&path, [0xff]).unwrap();
        assert!(read_secret_file(&path).is_err());
        assert!(read_secret_file(folder.path()).is_err());
    }

    #[test]
    fn every_confidential_setting_can_be_read_from_a_file() {
        for row in table::rows() {
            if let Some(file) = row.secret_file() {
                assert_eq!(file, format!("{}-file", row.name()));
            }
        }
    }
}
