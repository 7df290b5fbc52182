//! A presented secret that has the form of a secret. Its digest, which the look-up, the cache and
//! the usage buffer use, is computed only here.

use countersign_domain::{MalformedSecret, Secret, SecretDigest};

/// A well-formed secret with its digest. `Debug` shows only the beginning of the digest.
#[derive(Debug, Clone)]
pub struct PresentedSecret {
    secret: Secret,
    digest: SecretDigest,
}

impl PresentedSecret {
    /// Checks form and checksum, before any look-up.
    ///
    /// # Errors
    /// Returns an error if the text cannot be a secret of Countersign.
    pub fn parse(text: &str) -> Result<Self, MalformedSecret> {
        Secret::parse(text).map(Self::from)
    }

    /// The secret, for a source that has to send it on.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The digest that a source looks up.
    #[must_use]
    pub const fn digest(&self) -> &SecretDigest {
        &self.digest
    }
}

impl From<Secret> for PresentedSecret {
    fn from(secret: Secret) -> Self {
        let digest = secret.digest();
        Self { secret, digest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_hides_the_secret() {
        let secret = Secret::from_random(&[7; 32]);
        let presented = PresentedSecret::parse(secret.expose()).unwrap();
        assert_eq!(*presented.digest(), secret.digest());
        assert!(!format!("{presented:?}").contains(&secret.expose()[4..12]));
        assert!(PresentedSecret::parse("csg_").is_err());
    }
}
