//! The secret of a token: the text that a client sends, the part that may be shown, and the digest,
//! which is all that a store keeps.

mod format;
mod partial;
mod prefix;

use std::fmt;

use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use self::{
    format::{TokenFormat, may_hold_secret},
    partial::PartialToken,
    prefix::{InvalidPrefix, TokenPrefix},
};
use crate::hex;

const RANDOM: usize = 43;
const CHECK: usize = 6;
/// The length of what follows the prefix: an underscore, the random part and the checksum.
const REST: usize = 1 + RANDOM + CHECK;
const MAX_LENGTH: usize = TokenPrefix::MAX + REST;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A secret: a prefix and an underscore, 43 base62 characters of 256 random bits, and 6 base62
/// characters of the CRC-32 over the text before them.
///
/// Dropping it clears its memory; `Debug` prints a fixed word, and there is no `Display`.
///
/// ```
/// use countersign_domain::Secret;
/// let secret = Secret::from_random(&[7; 32]);
/// assert!(Secret::parse(secret.expose()).is_ok());
/// assert_eq!(format!("{secret:?}"), "Secret(hidden)");
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret {
    /// The text, with zeros behind it.
    text: [u8; MAX_LENGTH],
    length: usize,
}

/// The text is not a secret: its prefix, length, alphabet or checksum is wrong. The error does not
/// say which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an API token")]
pub struct MalformedSecret;

/// The text is not a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not 64 lower-case hexadecimal digits")]
pub struct MalformedDigest;

impl Secret {
    /// Creates a secret with the default prefix from the caller's 256 random bits.
    #[must_use]
    pub fn from_random(random: &[u8; 32]) -> Self {
        Self::with_prefix(&TokenPrefix::default(), random)
    }

    /// Creates a secret with this prefix from the caller's 256 random bits.
    #[must_use]
    pub fn with_prefix(prefix: &TokenPrefix, random: &[u8; 32]) -> Self {
        let prefix = prefix.as_str().as_bytes();
        let mut text = [0; MAX_LENGTH];
        let length = prefix.len() + REST;
        let (begin, rest) = text[..length].split_at_mut(prefix.len() + 1);
        let (body, check) = rest.split_at_mut(RANDOM);
        begin[..prefix.len()].copy_from_slice(prefix);
        begin[prefix.len()] = b'_';
        write_base62(&mut Zeroizing::new(*random)[..], body);
        write_base62(&mut checksum(&[begin, body]).to_be_bytes(), check);
        Self { text, length }
    }

    /// Checks a text before any look-up. Any prefix is accepted, so that secrets with an earlier
    /// prefix of the deployment go on working.
    ///
    /// # Errors
    /// Returns an error if the text cannot be a secret.
    pub fn parse(text: &str) -> Result<Self, MalformedSecret> {
        let bytes = text.as_bytes();
        let prefix = bytes.len().checked_sub(REST).ok_or(MalformedSecret)?;
        let (prefix, rest) = bytes.split_at(prefix);
        if !TokenPrefix::is_well_formed(prefix) || rest[0] != b'_' {
            return Err(MalformedSecret);
        }
        let (content, check) = bytes.split_at(bytes.len() - CHECK);
        let mut expected = [0; CHECK];
        write_base62(&mut checksum(&[content]).to_be_bytes(), &mut expected);
        if check != expected || !rest[1..].iter().all(u8::is_ascii_alphanumeric) {
            return Err(MalformedSecret);
        }
        let mut text = [0; MAX_LENGTH];
        text[..bytes.len()].copy_from_slice(bytes);
        let length = bytes.len();
        Ok(Self { text, length })
    }

    /// The text, for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        // Both constructors leave ASCII.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The digest that a store keeps and looks up.
    #[must_use]
    pub fn digest(&self) -> SecretDigest {
        SecretDigest(Sha256::digest(self.as_bytes()).into())
    }

    /// The part that may be shown: the prefix and the last four characters.
    #[must_use]
    pub fn masked(&self) -> PartialToken {
        let text = self.expose();
        PartialToken::new(&text[..self.length - REST], &text[self.length - 4..])
    }

    fn as_bytes(&self) -> &[u8] {
        &self.text[..self.length]
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// What a store keeps of a secret: what it looks up, and what may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSecret {
    /// The digest.
    pub digest: SecretDigest,
    /// The masked form.
    pub partial: PartialToken,
}

impl StoredSecret {
    /// The stored form of a secret of which only the digest is known, and presumably the prefix:
    /// its last four characters are shown as question marks.
    #[must_use]
    pub fn of_digest(prefix: &TokenPrefix, digest: SecretDigest) -> Self {
        let partial = PartialToken::of_unknown(prefix);
        Self { digest, partial }
    }
}

impl From<&Secret> for StoredSecret {
    fn from(secret: &Secret) -> Self {
        Self {
            digest: secret.digest(),
            partial: secret.masked(),
        }
    }
}

/// The SHA-256 of a whole secret. `Debug` shows its first 8 hexadecimal digits, enough to
/// distinguish two in a log.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    /// Takes a digest in the form that a store keeps.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 lower-case hexadecimal digits, as [`Self::to_hex`] writes them.
    ///
    /// # Errors
    /// If the text is anything else.
    pub fn from_hex(text: &str) -> Result<Self, MalformedDigest> {
        hex::read(text).map(Self).ok_or(MalformedDigest)
    }

    /// The digest as 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        struct Hex<'a>(&'a [u8; 32]);
        impl fmt::Display for Hex<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex::write(self.0, f)
            }
        }
        Hex(&self.0).to_string()
    }

    /// The digest in the form that a store keeps.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest(")?;
        self.0
            .iter()
            .take(4)
            .try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…)")
    }
}

fn checksum(parts: &[&[u8]]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    for part in parts {
        crc.update(part);
    }
    crc.finalize()
}

/// Writes a big-endian number as base62 digits, the lowest last, and leaves zeros in `number`.
fn write_base62(number: &mut [u8], digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        let mut rest = 0_usize;
        for byte in number.iter_mut() {
            let value = rest * 256 + usize::from(*byte);
            // The quotient is below 256, because the remainder of the previous step is below 62.
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            rest = value % 62;
        }
        *digit = ALPHABET[rest];
    }
}

#[cfg(test)]
#[path = "secret_tests.rs"]
mod tests;
