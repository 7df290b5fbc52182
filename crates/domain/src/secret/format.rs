//! The form of secrets, for programs that look for them: scanners, and this service where it would
//! repeat a client's text.

use super::{CHECK, RANDOM, TokenPrefix};

/// The random characters of a secret that may be shown without making it guessable: the 23 others
/// have 136 bits.
const HARMLESS: usize = 20;

/// The form of the secrets of a deployment: the prefixes in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFormat(Vec<TokenPrefix>);

impl TokenFormat {
    /// The form of secrets with the prefix of new ones, or with one of those before.
    #[must_use]
    pub fn new(current: TokenPrefix, earlier: Vec<TokenPrefix>) -> Self {
        let mut prefixes = vec![current];
        for prefix in earlier {
            if !prefixes.contains(&prefix) {
                prefixes.push(prefix);
            }
        }
        Self(prefixes)
    }

    /// The prefixes in use, that of new secrets first.
    #[must_use]
    pub fn prefixes(&self) -> &[TokenPrefix] {
        &self.0
    }

    /// A regular expression that finds secrets in a text. It uses only what RE2, PCRE, Python,
    /// JavaScript and Rust understand alike.
    #[must_use]
    pub fn pattern(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(TokenPrefix::as_str).collect();
        let length = RANDOM + CHECK;
        format!(r"\b(?:{})_[0-9A-Za-z]{{{length}}}\b", names.join("|"))
    }
}

impl Default for TokenFormat {
    fn default() -> Self {
        Self::new(TokenPrefix::default(), Vec::new())
    }
}

/// Whether a text may hold a secret of any prefix, or so much of one that the rest can be guessed.
/// No log and no answer repeats such a text.
///
/// Ids of other systems, such as `req_01KB3ZT6…`, have letters of one case alone, which less than
/// one secret in 10,000 has.
#[must_use]
pub fn may_hold_secret(text: &str) -> bool {
    let mut behind = text.split('_').skip(1);
    text.contains("csg_") || behind.any(|part| may_be_random(part.as_bytes()))
}

fn may_be_random(part: &[u8]) -> bool {
    let plain = part.iter().take_while(|byte| byte.is_ascii_alphanumeric());
    let run = &part[..plain.count()];
    let cases = [u8::is_ascii_lowercase, u8::is_ascii_uppercase];
    let mixed = || cases.iter().all(|case| run.iter().any(case));
    run.len() == RANDOM + CHECK || run.len() > HARMLESS && mixed()
}
