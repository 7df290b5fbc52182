//! What is held, and how much of it: facts by digest, bounded by the bytes that they take, and digests that nobody holds
//! a secret of, in a small map of their own, so that no flood of guesses pushes out what is known.

use std::{
    collections::HashSet,
    mem::size_of,
    sync::{Arc, Mutex, PoisonError},
};

use countersign_domain::{
    AllowedAddresses, Credential, Permission, PermissionSet, SecretDigest, ipnet::IpNet,
};
use quick_cache::{
    OptionsBuilder, UnitWeighter, Weighter,
    sync::{Cache, DefaultLifecycle},
};

use super::{CacheSettings, epochs::Epoch, hashing::DigestHashBuilder, monotonic::Moment};

/// How many bytes an entry takes in the cache beside the facts: key, value, links, its share of the index, and what
/// growing tables leave free.
const SLOT: usize = 112;

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

/// Memory that an `Arc` takes: its counts, its content, and what the allocator adds and rounds up to.
const fn allocated(content: usize) -> usize {
    (2 * size_of::<usize>() + content + size_of::<usize>()).next_multiple_of(16)
}

pub(super) struct Entries {
    known: Cache<SecretDigest, Entry, Bytes, DigestHashBuilder>,
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
            known: cache(expected, capacity, Bytes, mix),
            unknown: cache(most, most.try_into().unwrap_or(u64::MAX), UnitWeighter, mix),
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

    /// Holds facts, and gives them back as they are held.
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
        self.known.insert(*digest, entry);
        credential
    }

    pub(super) fn keep_unknown(&self, digest: &SecretDigest, begin: Epoch, loaded: Moment) {
        self.known.remove(digest);
        self.unknown.insert(*digest, Unknown { begin, loaded });
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

fn cache<V: Clone, W: Weighter<SecretDigest, V> + Clone>(
    expected: usize,
    capacity: u64,
    weighter: W,
    mix: &DigestHashBuilder,
) -> Cache<SecretDigest, V, W, DigestHashBuilder> {
    let options = OptionsBuilder::new()
        .estimated_items_capacity(expected)
        .weight_capacity(capacity)
        // Remembering what was pushed out takes as much room as what is held.
        .ghost_allocation(0.0)
        .build();
    let kept = DefaultLifecycle::default();
    match options {
        Ok(options) => Cache::with_options(options, weighter, mix.clone(), kept),
        Err(_) => Cache::with(expected, capacity, weighter, mix.clone(), kept),
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::standard::TASKS_READ;

    use super::*;
    use crate::{
        cache::{epochs::Epochs, monotonic::MonotonicClock},
        samples::{credential, secret},
    };

    fn entries(capacity_bytes: u64) -> Entries {
        let settings = CacheSettings {
            capacity_bytes,
            unknown_entries: 64,
            ..CacheSettings::default()
        };
        Entries::new(&settings, &DigestHashBuilder::new())
    }

    #[test]
    fn what_is_held_stays_within_its_bounds() {
        let capacity = 20_000;
        let entries = entries(capacity);
        let (begin, now) = (Epochs::new(1).begin(), MonotonicClock::start().now());
        for number in 0..=255 {
            let digest = secret(number).digest();
            entries.keep(&digest, Arc::new(credential(number)), begin, now);
            entries.keep_unknown(&secret(number ^ 1).digest(), begin, now);
            entries.keep(&digest, Arc::new(credential(number)), begin, now);
            assert!(entries.bytes() <= capacity);
        }
        assert!(entries.len() > 30, "{}", entries.len());
        assert!((32..=64).contains(&entries.unknown.len()));
    }

    #[test]
    fn equal_sets_and_empty_lists_are_held_once() {
        let entries = entries(1 << 20);
        let anywhere = |number| {
            Arc::new(Credential {
                addresses: AllowedAddresses::any(),
                ..credential(number)
            })
        };
        let (one, bytes) = entries.share(anywhere(1));
        let (other, same) = entries.share(anywhere(2));
        assert_eq!(bytes, same);
        assert!(std::ptr::eq(
            one.permissions.iter().as_slice(),
            other.permissions.iter().as_slice()
        ));
        assert!(one.permissions.contains(&TASKS_READ));
        assert_eq!(*one, *anywhere(1));
        let (_, with_list) = entries.share(Arc::new(credential(3)));
        assert!(with_list > bytes);
    }
}
