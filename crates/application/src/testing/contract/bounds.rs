//! A history may be long, and so may each of its events: the size in bytes of one read is bounded.

use countersign_domain::{AuditEvent, TokenView};

use super::StoreUnderTest;
use crate::{
    ports::EVENT_BYTES,
    testing::{TestTenant, no_change},
};

const CHANGES: i64 = 60;

/// A token that got a hundred other addresses with each of its changes.
pub(super) async fn long(home: &TestTenant) -> TokenView {
    let mut view = home.make("long").await.view;
    for change in 0..CHANGES {
        let address = |n| format!("2001:db8:aaaa:bbbb:cccc:dddd:{change:x}:{n:x}");
        let edit = countersign_domain::TokenUpdate {
            allowed_addresses: Some((0x100..0x164).map(address).collect()),
            ..no_change(&view)
        };
        view = home.update(&view, &edit).await;
    }
    view
}

/// The versions of one page or batch, which is neither longer than allowed nor shorter than
/// necessary.
fn versions<'a>(events: impl IntoIterator<Item = &'a AuditEvent>, ended: bool) -> Vec<i64> {
    let (mut versions, mut bytes, mut last) = (Vec::new(), 0, 0);
    for event in events {
        versions.push(event.content.version_after.get());
        last = json_length(event);
        bytes += last;
    }
    let bound = EVENT_BYTES as usize;
    assert!(bytes - last < bound, "{bytes}");
    assert!(ended || bytes >= bound, "{bytes}");
    versions
}

/// The length of the changes as JSON: each address in quotes, with a comma.
fn json_length(event: &AuditEvent) -> usize {
    let changes = &event.content.changes;
    let addresses = changes.allowed_addresses.as_ref();
    addresses.map_or(0, |changed| {
        let lists = [&changed.before, &changed.after].into_iter().flatten();
        lists
            .flat_map(countersign_domain::AllowedAddresses::iter)
            .map(|one| one.len() + 3)
            .sum()
    })
}

/// All pages together have all events.
pub async fn a_page_of_events_ends_after_its_bytes(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let token = long(&home).await.token;
    let (mut read, mut before, mut pages) = (Vec::new(), None, 0);
    loop {
        let events = on.tokens.events(token.tenant, token.id, before, 100);
        let events = events.await.unwrap();
        let Some(last) = events.last() else { break };
        before = Some(last.event.content.version_after);
        pages += 1;
        // Names and braces are not counted above.
        let ended = before.is_some_and(|version| version.get() == 1) || events.len() > 20;
        read.extend(versions(events.iter().map(|view| &view.event), ended));
    }
    assert!((2..=4).contains(&pages), "{pages}");
    assert_eq!(read, (1..=CHANGES + 1).rev().collect::<Vec<_>>());
}

/// All batches together have all events.
pub async fn a_batch_of_a_chain_ends_after_its_bytes(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let token = long(&home).await.token;
    let (mut read, mut after, mut batches) = (Vec::new(), None, 0);
    loop {
        let events = on.audit.chain(token.tenant, token.id, after, 500);
        let events = events.await.unwrap();
        let Some(last) = events.last() else { break };
        after = Some(last.content.version_after);
        batches += 1;
        read.extend(versions(&events, true));
    }
    assert!((2..=4).contains(&batches), "{batches}");
    assert_eq!(read, (1..=CHANGES + 1).collect::<Vec<_>>());
}
