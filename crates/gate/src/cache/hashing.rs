//! Hasher for digests. The bytes of a digest are random already, so its first eight are enough; a key
//! of this process is mixed in, so that nobody can choose secrets whose digests collide. The index
//! by token depends on it: it keeps only these eight bytes, and finds the entry by them.

use std::hash::{BuildHasher, Hasher, RandomState};

#[derive(Debug, Clone)]
pub(super) struct DigestHashBuilder {
    key: u64,
    factor: u64,
}

impl DigestHashBuilder {
    pub(super) fn new() -> Self {
        let state = RandomState::new();
        Self {
            key: state.hash_one(0),
            factor: state.hash_one(1) | 1,
        }
    }
}

impl BuildHasher for DigestHashBuilder {
    type Hasher = DigestHasher;

    fn build_hasher(&self) -> DigestHasher {
        DigestHasher {
            mix: self.clone(),
            hash: 0,
        }
    }
}

/// The state of one hash.
#[derive(Debug)]
pub(super) struct DigestHasher {
    mix: DigestHashBuilder,
    hash: u64,
}

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        let Some(first) = bytes.first_chunk() else {
            return;
        };
        let word = u128::from(u64::from_le_bytes(*first) ^ self.mix.key);
        let product = (word * u128::from(self.mix.factor)).to_le_bytes();
        let (low, high) = product.split_at(8);
        let half = |bytes: &[u8]| {
            bytes
                .first_chunk()
                .map_or(0, |half| u64::from_le_bytes(*half))
        };
        self.hash ^= half(low) ^ half(high);
    }

    /// Ignores the length, which is the same for all digests.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.hash
    }
}
