//! Identifiers with a type each: a user's id in place of a token's does not compile.
//!
//! All are `UUIDv7` (RFC 9562, section 5.7), so they sort by the millisecond of their creation.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::Timestamp;

/// The text is not a UUID in its hyphenated form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a UUID in the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Creates a `UUIDv7` from an instant and ten random bytes, both from the caller.
            #[must_use]
            pub fn new(at: Timestamp, random: &[u8; 10]) -> Self {
                let millis = u64::try_from(at.as_micros() / 1000).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid())
            }

            /// Takes an id in the form that a store keeps.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The id in the form that a store keeps.
            #[must_use]
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            /// Parses the hyphenated form in either case; braces, URNs and bare digits are refused.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                uuid::fmt::Hyphenated::from_str(text)
                    .map(|id| Self(id.into_uuid()))
                    .map_err(|_| InvalidId)
            }
        }
    };
}

id! {
    /// The id of a token record. It stays the same when the secret is rotated.
    TokenId
}
id! {
    /// The id of a user: of an API Token User, a person, or the system itself.
    UserId
}
id! {
    /// The id of a tenant, the isolation boundary. It comes from the credential, never from a
    /// parameter.
    TenantId
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn prints_and_parses_back(micros in 0_i64..4_000_000_000_000_000, random: [u8; 10]) {
            let id = TokenId::new(Timestamp::from_micros(micros).unwrap(), &random);
            prop_assert_eq!(id.to_string().parse::<TokenId>(), Ok(id));
            prop_assert_eq!(id.to_string().to_uppercase().parse::<TokenId>(), Ok(id));
            prop_assert_eq!(id.as_uuid().get_version_num(), 7);
        }

        #[test]
        fn later_ids_sort_later(a in 0_i64..4_000_000_000_000, b in 0_i64..4_000_000_000_000, ra: [u8; 10], rb: [u8; 10]) {
            prop_assume!(a < b);
            let id = |ms: i64, r| TokenId::new(Timestamp::from_micros(ms * 1000).unwrap(), r);
            prop_assert!(id(a, &ra) < id(b, &rb));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            "abc",
            "0",
            "-1",
            "{id}",
            "018f4e5e5c7e7c3a9d7a2b6f0c1d2e3f",
            "{018f4e5e-5c7e-7c3a-9d7a-2b6f0c1d2e3f}",
            "urn:uuid:018f4e5e-5c7e-7c3a-9d7a-2b6f0c1d2e3f",
            "018f4e5e-5c7e-7c3a-9d7a-2b6f0c1d2e3f0",
        ] {
            assert_eq!(text.parse::<TokenId>(), Err(InvalidId), "{text}");
        }
    }
}
