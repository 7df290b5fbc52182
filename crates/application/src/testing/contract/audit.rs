//! The history of every token, which nobody can rewrite.

use countersign_domain::{
    AuditEvent, ChainVerifier, EventKind, TenantId, TokenId, TokenView, Version,
};

use super::StoreUnderTest;
use crate::testing::{TestTenant, no_change, rename_to};

/// A token with so many versions, each renamed by the token itself.
async fn long_lived(home: &TestTenant, versions: u8) -> TokenView {
    let mut view = home.make("version 1").await.view;
    for n in 2..=versions {
        home.stores.clock.advance(1);
        let edit = rename_to(&format!("version {n}"));
        view = home.update_by(home.actor(&view), &view, &edit).await;
    }
    view
}

fn version(number: i64) -> Version {
    Version::try_from(number).unwrap()
}

/// Each event comes once, and none after the first version.
pub async fn events_come_newest_first_in_pages(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let view = long_lived(&home, 7).await;
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let page = on.tokens.events(home.tenant.id, view.token.id, before, 3);
        let page = page.await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.event.content.version_after);
        seen.extend(page.into_iter().map(|event| event.event));
    }
    let chain = on.audit.chain(home.tenant.id, view.token.id, None, 100);
    let mut chain = chain.await.unwrap();
    chain.reverse();
    assert_eq!(seen, chain);
    assert_eq!(seen.len(), 7);
    let first = seen.last().unwrap();
    assert_eq!(first.content.kind, EventKind::Created);
    assert_eq!(first.content.version_before, None);
}

/// The actor's current name, even if it was renamed or revoked since.
pub async fn events_show_the_names_of_now(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let actor = home.make("then").await.view;
    let view = home
        .make_by(home.actor(&actor), &home.draft("made"))
        .await
        .view;
    let actor = home.update(&actor, &rename_to("now")).await;
    home.revoke(&actor).await;
    let events = on.tokens.events(home.tenant.id, view.token.id, None, 9);
    let events = events.await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(&*events[0].by_name, "now");
    assert_eq!(events[0].event.content.by, actor.token.user);
}

/// The newest event is the revocation, as it was decided.
pub async fn events_outlive_the_token(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let view = long_lived(&home, 2).await;
    let last = home.revocation(home.actor(&view), &view);
    home.commit(&last).await.unwrap();
    let events = on.tokens.events(home.tenant.id, view.token.id, None, 9);
    let events = events.await.unwrap();
    assert_eq!(events.len(), 3);
    assert_eq!(&events[0].event, last.event());
    let histories = on.audit.histories(None, 9).await.unwrap();
    assert_eq!(histories, [(home.tenant.id, view.token.id)]);
    let record = on.audit.recorded(home.tenant.id, view.token.id);
    let record = record.await.unwrap().unwrap();
    assert_eq!(&record.token, last.next());
    assert_eq!(record.revoked, Some(last.next().modified));
    assert_eq!(record.head, last.event().hash);
}

async fn verify(on: &StoreUnderTest, tenant: TenantId, token: TokenId, events: &[AuditEvent]) {
    let mut verifier = ChainVerifier::default();
    for event in events {
        verifier.push(event).unwrap();
    }
    let record = on.audit.recorded(tenant, token).await.unwrap().unwrap();
    verifier.finish(&record).unwrap();
}

/// With all fields, all kinds, with and without an address.
pub async fn chains_verify_after_many_changes(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut view = long_lived(&home, 5).await;
    for (seconds, address) in [(1, "2001:db8::/64"), (0, "::/0"), (-5, "192.0.2.1")] {
        on.clock.advance(seconds);
        let mut edit = no_change(&view);
        edit.allowed_addresses = Some(vec![address.to_owned()]);
        edit.expiry = Some(view.token.expiry.minus_seconds(1));
        view = home.update(&view, &edit).await;
    }
    let mut edit = no_change(&view);
    edit.permissions = Some(vec!["api.tasks.read".to_owned()]);
    let mut actor = home.system();
    actor.address = Some("2001:db8::7".parse().unwrap());
    view = home.update_by(actor, &view, &edit).await;
    let (tenant, id) = (home.tenant.id, view.token.id);
    let chain = on.audit.chain(tenant, id, None, 100).await.unwrap();
    verify(on, tenant, id, &chain).await;
    home.revoke(&view).await;
    let chain = on.audit.chain(tenant, id, None, 100).await.unwrap();
    verify(on, tenant, id, &chain).await;
    assert_eq!(chain.last().unwrap().content.version_after, version(10));
}

/// In the order of tenants, tokens and versions.
pub async fn chains_and_their_ends_come_in_pages(on: &StoreUnderTest) {
    let mut expected = Vec::new();
    for name in ["home", "away"] {
        let realm = on.realm(name).await;
        for n in 0..4 {
            on.clock.advance(if n % 2 == 0 { 60 } else { -90 });
            let view = realm.make(&format!("token {n}")).await.view;
            if n == 0 {
                realm.revoke(&view).await;
            }
            expected.push((realm.tenant.id, view.token.id));
        }
    }
    expected.sort_unstable();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = on.audit.histories(after, 3).await.unwrap();
        after = page.last().copied();
        if after.is_none() {
            break;
        }
        seen.extend(page);
    }
    assert_eq!(seen, expected);

    let home = on.realm("third").await;
    let view = long_lived(&home, 7).await;
    let (mut events, mut after) = (Vec::new(), None);
    loop {
        let page = on.audit.chain(home.tenant.id, view.token.id, after, 2);
        let page = page.await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.content.version_after);
        events.extend(page);
    }
    assert_eq!(events.len(), 7);
    verify(on, home.tenant.id, view.token.id, &events).await;
}

/// Not even past the ports.
pub async fn audit_rows_cannot_be_changed_or_removed(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let view = long_lived(&home, 2).await;
    let chain = on.audit.chain(home.tenant.id, view.token.id, None, 9);
    let before = chain.await.unwrap();
    for sql in [
        "UPDATE audit_events SET request_id = 'another'",
        "DELETE FROM audit_events",
        "DELETE FROM audit_events WHERE version_after = 2",
    ] {
        on.backdoor.execute(sql).await.unwrap_err();
    }
    let chain = on.audit.chain(home.tenant.id, view.token.id, None, 9);
    assert_eq!(chain.await.unwrap(), before);
}
