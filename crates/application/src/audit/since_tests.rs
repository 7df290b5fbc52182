//! Tests of a verification with an earlier run: tokens that are gone, went back or were rewritten,
//! and rows that belong to no token.

use countersign_domain::{ChainHash, uuid::Uuid};

use super::{
    support::{chain, compare, store, version, whole},
    *,
};
use crate::{ports::Stray, samples};

/// The head of token `n` with so many events.
fn head(n: u8, length: i64) -> Head {
    Head {
        tenant: samples::tenant_id(),
        token: samples::token_id(n),
        version: version(length),
        hash: chain(n, length).last().unwrap().hash,
    }
}

/// The findings for tokens with these numbers of events, beside an earlier run.
async fn since(now: &[(u8, i64)], earlier: Vec<Head>) -> Vec<Finding> {
    let histories = now.iter().map(|(n, length)| whole(*n, *length)).collect();
    let mut store = store(histories, None);
    store.expect_strays().returning(|_| Ok(vec![]));
    let (_, notes) = compare(store, earlier).await;
    let heads: Vec<_> = now.iter().map(|(n, length)| head(*n, *length)).collect();
    assert_eq!(notes.heads, heads);
    notes.findings
}

#[tokio::test]
async fn what_merely_grew_is_intact() {
    let now = [(1, 3), (2, 5), (3, 1)];
    for earlier in [
        vec![],
        vec![head(1, 3), head(2, 5), head(3, 1)],
        vec![head(1, 1), head(2, 4)],
        vec![head(3, 1)],
    ] {
        assert_eq!(since(&now, earlier).await, []);
    }
}

#[tokio::test]
async fn what_is_gone_is_named_wherever_it_stood() {
    for gone in [1, 2, 3] {
        let now: Vec<_> = [1, 2, 3]
            .into_iter()
            .filter(|n| *n != gone)
            .map(|n| (n, 2))
            .collect();
        let earlier = vec![head(1, 2), head(2, 1), head(3, 2)];
        let named = earlier[usize::from(gone) - 1];
        assert_eq!(since(&now, earlier).await, [Finding::Gone(named)]);
    }
    let all = vec![head(1, 1), head(2, 1)];
    let named: Vec<_> = all.iter().copied().map(Finding::Gone).collect();
    assert_eq!(since(&[], all).await, named);
}

#[tokio::test]
async fn what_went_back_or_was_rewritten_is_named() {
    let earlier = head(1, 4);
    let version = version(3);
    let named = Finding::WentBack { earlier, version };
    assert_eq!(
        since(&[(1, 3), (2, 1)], vec![earlier, head(2, 1)]).await,
        [named]
    );

    let other = Head {
        hash: ChainHash::from_bytes([7; 32]),
        ..head(1, 2)
    };
    let found = since(&[(1, 3)], vec![other]).await;
    assert_eq!(found, [Finding::Rewritten(other)]);
}

#[tokio::test]
async fn what_is_broken_is_no_witness_and_hides_no_other() {
    let (mut altered, record) = whole(1, 3);
    altered[1].content.by = samples::user(4).id;
    let mut store = store(vec![(altered, record), whole(2, 1)], None);
    store.expect_strays().returning(|_| Ok(vec![]));
    let earlier = vec![head(1, 3), head(2, 2)];
    let (_, notes) = compare(store, earlier).await;
    assert_eq!(notes.heads, [head(2, 1)]);
    let [Finding::Broken { .. }, Finding::WentBack { .. }] = notes.findings[..] else {
        panic!("{:?}", notes.findings)
    };
}

#[tokio::test]
async fn rows_that_belong_to_no_token_are_named() {
    let stray = Stray {
        table: "token_secrets",
        tenant: samples::tenant_id(),
        id: Uuid::from_bytes([7; 16]),
    };
    let mut store = store(vec![whole(1, 1)], None);
    store.expect_strays().returning(move |_| Ok(vec![stray]));
    let (_, notes) = compare(store, vec![]).await;
    assert_eq!(notes.findings, [Finding::Stray(stray)]);
    let told = notes.findings[0].to_string();
    assert!(told.contains("token_secrets") && told.contains(&stray.id.to_string()));
}
