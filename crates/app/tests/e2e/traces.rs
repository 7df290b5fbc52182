//! Every form in which a secret or its digest could appear in a log, a file or an answer.

use std::fmt::Write as _;

use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, Engine as _};
use sha2::{Digest as _, Sha256};

/// A secret's own text, and that of its parts.
pub(crate) fn of_secret(secret: &str) -> Vec<String> {
    let random = &secret[secret.rfind('_').expect("a secret has a prefix") + 1..];
    vec![
        random.to_owned(),
        random[..16].to_owned(),
        hexadecimal(secret.as_bytes()),
        BASE64_STANDARD_NO_PAD.encode(secret),
        // As `Debug` prints bytes.
        format!("{:?}", secret.as_bytes()),
    ]
}

/// Its digest, as a store, a debugger or a person would write it.
pub(crate) fn of_digest(secret: &str) -> Vec<String> {
    let digest = Sha256::digest(secret.as_bytes());
    let hexadecimal = hexadecimal(&digest);
    vec![
        hexadecimal.to_uppercase(),
        // The beginning alone would do for looking it up.
        hexadecimal[..24].to_owned(),
        hexadecimal,
        BASE64_STANDARD_NO_PAD.encode(digest),
        BASE64_STANDARD.encode(digest),
        BASE64_URL_SAFE.encode(digest),
        format!("{:?}", digest.as_slice())
            .trim_matches(['[', ']'])
            .to_owned(),
    ]
}

/// The place in the text where one of these forms begins, with the form.
pub(crate) fn found<'a>(text: &str, forms: &'a [String]) -> Option<(&'a str, usize)> {
    forms
        .iter()
        .find_map(|form| Some((form.as_str(), text.find(form.as_str())?)))
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}
