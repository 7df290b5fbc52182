//! What a request presents, once it is known to have the form of a secret. The digest, which the look-up, the cache and
//! the memory of uses all go by, is computed here and nowhere else.

use countersign_domain::{MalformedSecret, Secret, SecretDigest};

/// A well-formed secret with its digest. `Debug` shows no more than the start of the digest.
#[derive(Debug, Clone)]
pub struct PresentedSecret {
    secret: Secret,
    digest: SecretDigest,
}

impl PresentedSecret {
    /// Checks form and checksum, before anybody is asked about it.
    ///
    /// # Errors
    /// When it cannot be a secret of Countersign.
    pub fn parse(text: &str) -> Result<Self, MalformedSecret> {
        Secret::parse(text).map(Self::from)
    }

    /// The secret, for a source that has to hand it on.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// What a source looks up.
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
