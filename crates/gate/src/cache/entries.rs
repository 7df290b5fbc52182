//! The entries of the cache: facts by digest, bounded in bytes, and unknown digests in a small map of
//! their own, so that a flood of guesses evicts no facts.
//!
//! Facts are inserted and removed under the lock of the index by token, so that both agree. A read
//! takes no such lock.

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

/// The bytes of an entry beside its facts: key, value, links, its share of the two indexes, and the
/// free places of growing tables.
const SLOT: usize = 132;

/// The usual number of bytes of an entry, from which the sizes of tables are estimated.
pub(super) const TYPICAL: u64 = 350;

/// The maximum number of permission sets that tokens share.
const MOST_SETS: usize = 4096;

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) credential: Arc<Credential>,
    pub(super) begin: Epoch,
    pub(super) loaded: Moment,
    bytes: u32,
}

impl Entry {
    /// Returns whether this entry is newer than another one of the same secret: by its version, or by
    /// its epoch if the versions are equal.
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

/// Collects the entries that the cache evicts.
#[derive(Debug, Clone)]
struct Evictions;

impl Lifecycle<SecretDigest, Entry> for Evictions {
    type RequestState = Vec<(SecretDigest, TokenId)>;

    fn on_evict(&self, evicted: &mut Self::RequestState, digest: SecretDigest, entry: Entry) {
        evicted.push((digest, entry.credential.token));
    }
}

/// The bytes of an `Arc`: its counts, its content, and the overhead of the allocator.
const fn allocated(content: usize) -> usize {
    (2 * size_of::<usize>() + content + size_of::<usize>()).next_multiple_of(16)
}

pub(super) struct Entries {
    known: Cache<SecretDigest, Entry, Bytes, DigestHashBuilder, Evictions>,
    index: Mutex<TokenIndex>,
    unknown: Cache<SecretDigest, Unknown, UnitWeighter, DigestHashBuilder>,
    /// Permission sets that tokens share. Most tokens have the same set as others.
    sets: Mutex<HashSet<PermissionSet>>,
    anywhere: AllowedAddresses,
}

impl Entries {
    pub(super) fn new(settings: &CacheSettings, mix: &DigestHashBuilder) -> Self {
        let capacity = settings.capacity_bytes;
        // Reserved room takes no memory before it is used, and a table that does not grow is not
        // copied.
        let expected = usize::try_from(capacity / TYPICAL).unwrap_or(usize::MAX);
        let most = settings.negative_entries;
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

    /// Returns the entries of a token's secrets.
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

    /// Inserts facts unless the entry is newer. Returns them in the form that shares memory.
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
            // A replaced entry counts as evicted, and so does one that is too large.
            if self.known.contains_key(digest) {
                index.insert(credential.token, digest);
            }
        }
        credential
    }

    /// Inserts an unknown digest, unless its facts were inserted under a later epoch.
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

    /// Returns the facts with shared parts in place of equal ones, and the bytes of the rest.
    fn share(&self, credential: Arc<Credential>) -> (Arc<Credential>, usize) {
        let mut facts = Arc::unwrap_or_clone(credential);
        let mut bytes =
            SLOT + allocated(size_of::<Credential>()) + allocated(facts.user_name.len());
        if facts.addresses == self.anywhere {
            facts.addresses = self.anywhere.clone();
        } else {
            bytes += allocated(facts.addresses.iter().count() * size_of::<IpNet>());
        }
        bytes += annotations_size(&facts);
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

/// The bytes of an owner and of metadata, which are seldom equal to others.
fn annotations_size(facts: &Credential) -> usize {
    let owner = facts.owner.as_ref().map(|owner| owner.as_str().len());
    let pairs = facts.metadata.iter();
    let texts = pairs.map(|(key, value)| allocated(key.len()) + allocated(value.len()));
    let count = facts.metadata.iter().count();
    let list = (count > 0).then(|| allocated(count * size_of::<[Box<str>; 2]>()));
    owner.map_or(0, allocated) + list.unwrap_or_default() + texts.sum::<usize>()
}

/// The bytes of a permission set. Standard names take none, but are counted like the others.
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
        // A memory of evicted entries would take as much room as the entries.
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
