//! The secret of a token: the text that a client sends, the part that may be shown, and the digest,
//! which is all that a store keeps.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::hex;

const PREFIX: &[u8] = b"csg_";
const RANDOM: usize = 43;
const CHECK: usize = 6;
const LENGTH: usize = PREFIX.len() + RANDOM + CHECK;
/// The end of a masked secret of which only the digest is known.
const UNKNOWN_END: &str = "????";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A secret: `csg_`, 43 base62 characters of 256 random bits, and 6 base62 characters of the CRC-32
/// over the text before them.
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
pub struct Secret([u8; LENGTH]);

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
    /// Creates a secret from the caller's 256 random bits.
    #[must_use]
    pub fn from_random(random: &[u8; 32]) -> Self {
        let mut text = [0; LENGTH];
        let (prefix, rest) = text.split_at_mut(PREFIX.len());
        let (body, check) = rest.split_at_mut(RANDOM);
        prefix.copy_from_slice(PREFIX);
        write_base62(&mut Zeroizing::new(*random)[..], body);
        write_base62(&mut checksum(&[prefix, body]).to_be_bytes(), check);
        Self(text)
    }

    /// Checks a text before any look-up.
    ///
    /// # Errors
    /// Returns an error if the text cannot be a secret of this service.
    pub fn parse(text: &str) -> Result<Self, MalformedSecret> {
        let bytes: &[u8; LENGTH] = text.as_bytes().try_into().map_err(|_| MalformedSecret)?;
        let (content, check) = bytes.split_at(LENGTH - CHECK);
        let mut expected = [0; CHECK];
        write_base62(&mut checksum(&[content]).to_be_bytes(), &mut expected);
        let well_formed = content.starts_with(PREFIX)
            && content
                .iter()
                .skip(PREFIX.len())
                .all(u8::is_ascii_alphanumeric)
            && check == expected;
        if well_formed {
            Ok(Self(*bytes))
        } else {
            Err(MalformedSecret)
        }
    }

    /// The text, for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        // Both constructors leave ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The digest that a store keeps and looks up.
    #[must_use]
    pub fn digest(&self) -> SecretDigest {
        SecretDigest(Sha256::digest(self.0).into())
    }

    /// The part that may be shown: the prefix and the last four characters.
    #[must_use]
    pub fn masked(&self) -> PartialToken {
        PartialToken(format!("csg_…{}", &self.expose()[LENGTH - 4..]).into())
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
    /// The stored form of a secret of which only the digest is known: its last four characters are
    /// shown as question marks.
    #[must_use]
    pub fn of_digest(digest: SecretDigest) -> Self {
        let partial = PartialToken(format!("csg_…{UNKNOWN_END}").into());
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

/// What may be shown of a secret: `csg_…` and its last four characters, or `????` if only the
/// secret's digest was ever known here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PartialToken(Box<str>);

impl PartialToken {
    /// Parses a stored text.
    ///
    /// # Errors
    /// Returns an error if the text does not have the form of [`Secret::masked`] or of
    /// [`StoredSecret::of_digest`].
    pub fn parse(text: &str) -> Result<Self, MalformedSecret> {
        let tail = text.strip_prefix("csg_…").ok_or(MalformedSecret)?;
        let shown = tail.len() == 4 && tail.bytes().all(|b| b.is_ascii_alphanumeric());
        if shown || tail == UNKNOWN_END {
            Ok(Self(text.into()))
        } else {
            Err(MalformedSecret)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for PartialToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PartialToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
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
