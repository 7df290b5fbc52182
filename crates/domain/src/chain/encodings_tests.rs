//! Tests of encodings: after an event that commits to its secret, all later ones must.

use super::{
    tests::{content, made, version},
    *,
};
use crate::{Changes, SecretDigest, samples};

/// A chain of these kinds and encodings, in which each event commits as its encoding requires.
fn encoded(kinds: &[(EventKind, Encoding)]) -> Result<(), BrokenChain> {
    let mut verifier = ChainVerifier::default();
    let mut head = ChainHash::START;
    for (n, (kind, encoding)) in (1..).zip(kinds) {
        let commits = *encoding == Encoding::V2 && *kind != EventKind::Updated;
        let changes = Changes {
            replaced_retires_at: (*kind == EventKind::Rotated).then(|| made(samples::now())),
            ..Changes::default()
        };
        let event = EventContent {
            encoding: *encoding,
            secret_commitment: commits.then(|| SecretDigest::from_bytes([1; 32]).commitment()),
            ..content(samples::token_id(1), *kind, n, changes)
        };
        let event = event.chained_to(&head);
        head = event.hash;
        verifier.push(&event)?;
    }
    Ok(())
}

#[test]
fn no_secret_goes_uncommitted_once_a_chain_could_commit() {
    use Encoding::{V1, V2};
    use EventKind::{Created, Rotated, Updated};
    for intact in [
        &[(Created, V1), (Rotated, V1), (Updated, V1)][..],
        &[(Created, V1), (Rotated, V1), (Rotated, V2), (Updated, V2)],
        // A node of the previous release may still run.
        &[(Created, V2), (Updated, V1), (Rotated, V2)],
    ] {
        assert_eq!(encoded(intact), Ok(()), "{intact:?}");
    }
    for before in [(Rotated, V2), (Updated, V2)] {
        let chain = [(Created, V1), before, (Rotated, V1)];
        let named = BrokenChain::Uncommitted(version(3));
        assert_eq!(encoded(&chain), Err(named), "{chain:?}");
    }
    for chain in [[(Updated, V2)].as_slice(), &[(Created, V2), (Created, V2)]] {
        let last = version(i64::try_from(chain.len()).unwrap());
        assert_eq!(encoded(chain), Err(BrokenChain::Altered(last)), "{chain:?}");
    }
}
