//! Index of the cached secrets by token. It has 12 bytes for each secret: the random end of the token's
//! id, and the first bytes of the digest, by which the cache finds the entry.

use std::{
    cell::Cell,
    collections::BTreeSet,
    hash::{Hash, Hasher},
};

use countersign_domain::{SecretDigest, TokenId};
use quick_cache::Equivalent;

type Start = [u8; 8];

#[derive(Debug, Default)]
pub(super) struct TokenIndex(BTreeSet<(u32, Start)>);

impl TokenIndex {
    pub(super) fn insert(&mut self, token: TokenId, digest: &SecretDigest) {
        self.0.insert((end(token), start(digest)));
    }

    pub(super) fn remove(&mut self, token: TokenId, digest: &SecretDigest) {
        self.0.remove(&(end(token), start(digest)));
    }

    /// Returns the digests of the token, and seldom one of another token.
    pub(super) fn digests(&self, token: TokenId) -> impl Iterator<Item = DigestStart> {
        let end = end(token);
        let places = self.0.range((end, Start::default())..=(end, [u8::MAX; 8]));
        places.map(|(_, start)| DigestStart {
            start: *start,
            whole: Cell::default(),
        })
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The first bytes of a digest, as a key of the cache. A comparison stores the whole digest, because the
/// cache returns no keys.
#[derive(Debug)]
pub(super) struct DigestStart {
    start: Start,
    whole: Cell<Option<SecretDigest>>,
}

impl DigestStart {
    /// Returns the digest, if an entry was found.
    pub(super) fn into_digest(self) -> Option<SecretDigest> {
        self.whole.into_inner()
    }
}

/// Hashes like the whole digest; see `hashing`.
impl Hash for DigestStart {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.start);
    }
}

impl Equivalent<SecretDigest> for DigestStart {
    fn equivalent(&self, digest: &SecretDigest) -> bool {
        let equal = start(digest) == self.start;
        if equal {
            self.whole.set(Some(*digest));
        }
        equal
    }
}

fn start(digest: &SecretDigest) -> Start {
    digest.as_bytes().first_chunk().copied().unwrap_or_default()
}

fn end(token: TokenId) -> u32 {
    let (_, tail) = token.as_uuid().as_u64_pair();
    u32::try_from(tail & u64::from(u32::MAX)).unwrap_or(0)
}
