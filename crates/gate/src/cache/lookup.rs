//! What is held of a secret at some moment, on its way out: with its age, so that whoever holds it on does not begin to
//! count anew.

use std::sync::Arc;

use countersign_domain::Credential;

use super::{entries::Entry, monotonic::Moment};
use crate::Aged;

/// Facts, and since when they are known.
#[derive(Debug, Clone)]
pub(super) struct KnownCredential {
    pub(super) credential: Arc<Credential>,
    pub(super) loaded: Moment,
}

impl From<Entry> for KnownCredential {
    fn from(entry: Entry) -> Self {
        Self {
            credential: entry.credential,
            loaded: entry.loaded,
        }
    }
}

impl KnownCredential {
    pub(super) fn dated(self, now: Moment) -> Aged {
        Aged {
            age: now.since(self.loaded),
            credential: self.credential,
        }
    }
}

/// What there is to say without asking.
pub(super) enum Lookup {
    Hit(KnownCredential),
    KnownUnknown,
    Miss,
}
