//! What is held, and how much of it: facts by digest, bounded by the bytes that they take, and digests that nobody holds
//! a secret of, in a small map of their own, so that no flood of guesses pushes out what is known.
//!
//! Facts are inserted and removed under the lock of the index that finds them by their token, so that
//! both agree; reading takes no such lock.

use std::{
    collections::HashSet,
    mem::size_of,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use countersign_domain::{
    AllowedAddresses, Credential, Permission, PermissionSet, SecretDigest, TokenId, ipnet::IpNet,
};
use quick_cache::{
    Lifecycle, OptionsBuilder, UnitWeighter, Weighter,
    sync::{Cache, DefaultLifecycle},
};

use super::{
    CacheSettings, epochs::Epoch, hashing::DigestHashBuilder, monotonic::Moment,
    token_index::TokenIndex,
};

/// How many bytes an entry takes in the cache beside the facts: key, value, links, its share of the
/// two indexes, and what growing tables leave free.
const SLOT: usize = 132;

/// What facts take as a rule, for what is sized once.
pub(super) const TYPICAL: u64 = 350;

/// The most different sets of permissions that are held once for all tokens.
const MOST_SETS: usize = 4096;

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) credential: Arc<Credential>,
    pub(super) begin: Epoch,
    pub(super) loaded: Moment,
    bytes: u32,
}

impl Entry {
    /// Whether facts of the same secret are older than these, by their version, or of the same
    /// version and held under an earlier number.
    fn is_newer_than(&self, other: &Self) -> bool {
        let place = |entry: &Self| (entry.credential.version, entry.begin);
        self.begin >= other.begin && place(self) > place(other)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Unknown {
    pub(super) begin: Epoch,
    pub(super) loaded: Moment,
}

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<SecretDigest, Entry> for Bytes {
    fn weight(&self, _: &SecretDigest, entry: &Entry) -> u64 {
        entry.bytes.into()
    }
}

/// Notes what is pushed out.
#[derive(Debug, Clone)]
struct Evictions;

impl Lifecycle<SecretDigest, Entry> for Evictions {
    type RequestState = Vec<(SecretDigest, TokenId)>;

    fn on_evict(&self, evicted: &mut Self::RequestState, digest: SecretDigest, entry: Entry) {
        evicted.push((digest, entry.credential.token));
    }
}

/// Memory that an `Arc` takes: its counts, its content, and what the allocator adds and rounds up to.
const fn allocated(content: usize) -> usize {
    (2 * size_of::<usize>() + content + size_of::<usize>()).next_multiple_of(16)
}

pub(super) struct Entries {
    known: Cache<SecretDigest, Entry, Bytes, DigestHashBuilder, Evictions>,
    index: Mutex<TokenIndex>,
    unknown: Cache<SecretDigest, Unknown, UnitWeighter, DigestHashBuilder>,
    /// Most tokens share their set of permissions with others: each is held once.
    sets: Mutex<HashSet<PermissionSet>>,
    anywhere: AllowedAddresses,
}

impl Entries {
    pub(super) fn new(settings: &CacheSettings, mix: &DigestHashBuilder) -> Self {
        let capacity = settings.capacity_bytes;
        // Room that is set aside costs no memory before it is used, and spares a copy each time that it would grow.
        let expected = usize::try_from(capacity / TYPICAL).unwrap_or(usize::MAX);
        let most = settings.unknown_entries;
        Self {
            known: cache(expected, capacity, Bytes, mix, Evictions),
            index: Mutex::default(),
            unknown: cache(
                most,
                most.try_into().unwrap_or(u64::MAX),
                UnitWeighter,
                mix,
                DefaultLifecycle::default(),
            ),
            sets: Mutex::default(),
            anywhere: AllowedAddresses::any(),
        }
    }

    pub(super) fn known(&self, digest: &SecretDigest) -> Option<Entry> {
        self.known.get(digest)
    }

    pub(super) fn unknown(&self, digest: &SecretDigest) -> Option<Unknown> {
        self.unknown.get(digest)
    }

    /// The facts of a token's secrets.
    pub(super) fn of_token(&self, token: TokenId) -> Vec<(SecretDigest, Entry)> {
        let index = self.index();
        let found = index.digests(token).filter_map(|place| {
            let entry = self.known.peek(&place)?;
            Some((place.into_digest()?, entry))
        });
        found
            .filter(|(_, entry)| entry.credential.token == token)
            .collect()
    }

    /// Holds facts unless newer ones are held, and gives them back in the form for holding.
    pub(super) fn keep(
        &self,
        digest: &SecretDigest,
        credential: Arc<Credential>,
        begin: Epoch,
        loaded: Moment,
    ) -> Arc<Credential> {
        let (credential, bytes) = self.share(credential);
        let entry = Entry {
            credential: Arc::clone(&credential),
            begin,
            loaded,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        };
        let mut index = self.index();
        let held = self.known.peek(digest);
        if !held.is_some_and(|held| held.is_newer_than(&entry)) {
            let mut evicted = Vec::new();
            self.known
                .insert_with_lifecycle(*digest, entry, &mut evicted);
            for (digest, token) in &evicted {
                index.remove(*token, digest);
            }
            // What was replaced counts as evicted, and so does what is too large.
            if self.known.contains_key(digest) {
                index.insert(credential.token, digest);
            }
        }
        credential
    }

    /// Holds that nobody holds a secret, unless its facts were held under a later number.
    pub(super) fn keep_unknown(&self, digest: &SecretDigest, begin: Epoch, loaded: Moment) {
        let mut index = self.index();
        let removed = self.known.remove_if(digest, |held| held.begin <= begin);
        if let Some((digest, entry)) = removed {
            index.remove(entry.credential.token, &digest);
        }
        self.unknown.insert(*digest, Unknown { begin, loaded });
    }

    fn index(&self) -> MutexGuard<'_, TokenIndex> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.known.weight()
    }

    /// The facts with what they have in common with others held once, and the bytes that they take for themselves.
    fn share(&self, credential: Arc<Credential>) -> (Arc<Credential>, usize) {
        let mut facts = Arc::unwrap_or_clone(credential);
        let mut bytes =
            SLOT + allocated(size_of::<Credential>()) + allocated(facts.user_name.len());
        if facts.addresses == self.anywhere {
            facts.addresses = self.anywhere.clone();
        } else {
            bytes += allocated(facts.addresses.iter().count() * size_of::<IpNet>());
        }
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        match sets.get(&facts.permissions) {
            Some(shared) => facts.permissions = shared.clone(),
            None if sets.len() < MOST_SETS => {
                sets.insert(facts.permissions.clone());
            }
            None => bytes += own_size(&facts.permissions),
        }
        drop(sets);
        (Arc::new(facts), bytes)
    }
}

/// As if no name in it was one of the standard ones, which are held by the program itself.
fn own_size(set: &PermissionSet) -> usize {
    let names = set.iter().map(|name| allocated(name.as_str().len()));
    allocated(set.len() * size_of::<Permission>()) + names.sum::<usize>()
}

fn cache<V: Clone, W: Weighter<SecretDigest, V> + Clone, L: Lifecycle<SecretDigest, V> + Clone>(
    expected: usize,
    capacity: u64,
    weighter: W,
    mix: &DigestHashBuilder,
    lifecycle: L,
) -> Cache<SecretDigest, V, W, DigestHashBuilder, L> {
    let options = OptionsBuilder::new()
        .estimated_items_capacity(expected)
        .weight_capacity(capacity)
        // Remembering what was pushed out takes as much room as what is held.
        .ghost_allocation(0.0)
        .build();
    match options {
        Ok(options) => Cache::with_options(options, weighter, mix.clone(), lifecycle),
        Err(_) => Cache::with(expected, capacity, weighter, mix.clone(), lifecycle),
    }
}

#[cfg(test)]
#[path = "entries_tests.rs"]
mod tests;
