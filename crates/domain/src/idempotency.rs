//! Idempotency: a token is created once even if the request arrives twice. The client chooses a
//! key, and a fingerprint distinguishes a repeated request from another one under the same key.

use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::MalformedText;

/// A client's own name for one request: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Box<str>);

impl IdempotencyKey {
    /// The time for which a key is stored, in seconds: 24 hours.
    pub const WINDOW_SECONDS: i64 = 24 * 60 * 60;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = MalformedText;

    fn from_str(text: &str) -> Result<Self, MalformedText> {
        let visible = text.bytes().all(|b| b.is_ascii_graphic());
        if (1..=255).contains(&text.len()) && visible {
            Ok(Self(text.into()))
        } else {
            Err(MalformedText("idempotency key"))
        }
    }
}

/// The SHA-256 of a request's body: equal for a repeated request, different for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a body.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }

    /// Takes a fingerprint in the form that a store keeps.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The fingerprint in the form that a store keeps.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A request that must take effect at most once within [`IdempotencyKey::WINDOW_SECONDS`]. The same
/// key of two users is two keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotentRequest {
    /// The client's key.
    pub key: IdempotencyKey,
    /// The fingerprint of the client's request.
    pub fingerprint: Fingerprint,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_visible_ascii() {
        assert!(
            "8e03978e-40d5-43dd-bc93-6894a57f9324"
                .parse::<IdempotencyKey>()
                .is_ok()
        );
        assert!("x".repeat(255).parse::<IdempotencyKey>().is_ok());
        for odd in ["", "a b", "a\u{7f}", "é", &"x".repeat(256)] {
            assert!(odd.parse::<IdempotencyKey>().is_err(), "{odd}");
        }
    }

    #[test]
    fn other_bodies_have_other_fingerprints() {
        assert_eq!(Fingerprint::of(b"{}"), Fingerprint::of(b"{}"));
        assert_ne!(Fingerprint::of(b"{}"), Fingerprint::of(b"{ }"));
    }
}
