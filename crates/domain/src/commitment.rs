//! Commitments: a hash in an event that fixes the event's secret, so that no other secret can
//! replace it unnoticed.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::{MalformedText, SecretDigest, hex};

/// SHA-256 over a fixed label and a secret's digest. A reader who has the digest can check which
/// secret it names. Nobody can compute the digest or the secret from it, because the secret has 256
/// random bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretCommitment([u8; 32]);

impl SecretCommitment {
    /// Takes a commitment in the form that a store keeps.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The commitment in the form that a store keeps.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl SecretDigest {
    /// The commitment that events hold for this digest's secret.
    #[must_use]
    pub fn commitment(&self) -> SecretCommitment {
        let mut hasher = Sha256::new();
        hasher.update(b"countersign secret 1\n");
        hasher.update(self.as_bytes());
        SecretCommitment(hasher.finalize().into())
    }
}

impl fmt::Display for SecretCommitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl fmt::Debug for SecretCommitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for SecretCommitment {
    type Err = MalformedText;

    /// Reads 64 lower-case hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, MalformedText> {
        let bytes = hex::read(text).ok_or(MalformedText("commitment"))?;
        Ok(Self(bytes))
    }
}

impl Serialize for SecretCommitment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    /// Stored chains depend on this form.
    #[test]
    fn a_commitment_never_changes_and_is_not_the_digest() {
        let digest = SecretDigest::from_bytes([7; 32]);
        let commitment = digest.commitment();
        assert_eq!(commitment.to_string(), PINNED);
        assert_eq!(PINNED.parse(), Ok(commitment));
        assert_ne!(commitment.as_bytes(), digest.as_bytes());
    }

    /// Computed by `printf 'countersign secret 1\n' | cat - <(32 bytes of 7) | sha256sum`.
    const PINNED: &str = "25cf49725fe59721a61910224a0be716a5e2d58bce9f2f8f86a1f0c1cb819fd6";

    #[test]
    fn each_secret_has_its_own() {
        let of = |n| Secret::from_random(&[n; 32]).digest().commitment();
        assert_ne!(of(1), of(2));
        assert_eq!(of(1), of(1));
    }
}
