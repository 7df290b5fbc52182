//! Results of a look-up in the cache. Facts carry their age, so that a cache behind this one counts
//! it too.

use std::sync::Arc;

use countersign_domain::Credential;

use super::{entries::Entry, monotonic::Moment};
use crate::Aged;

/// Facts, and the moment of their look-up.
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

/// The answer of the entries, before the source is asked.
pub(super) enum Lookup {
    Hit(KnownCredential),
    KnownUnknown,
    Miss,
}
