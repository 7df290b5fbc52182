//! The history of a tenant.

use countersign_domain::{EventKind, TokenId};

use super::{Corruption, StoreUnderTest};
use crate::{
    ports::{EventFilter, EventPlace, EventView, History, TenantEvent},
    testing::{TestTenant, no_change, rename_to},
};

async fn page(
    home: &TestTenant,
    filter: &EventFilter,
    before: Option<EventPlace>,
    limit: u8,
) -> History {
    let tokens = &home.stores.tokens;
    let page = tokens
        .history(home.tenant.id, filter, before, limit)
        .await
        .unwrap();
    assert!(page.content.len() + page.unreadable.len() <= usize::from(limit));
    page
}

/// All pages, one after the other.
async fn whole(home: &TestTenant, filter: &EventFilter, limit: u8) -> Vec<TenantEvent> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let History { content, next, .. } = page(home, filter, before, limit).await;
        all.extend(content);
        let Some(place) = next else { return all };
        assert!(before.is_none_or(|earlier| place < earlier));
        before = Some(place);
    }
}

fn place(event: &EventView) -> EventPlace {
    let content = &event.event.content;
    EventPlace {
        at: content.at,
        token: content.token,
        version: content.version_after.get(),
    }
}

/// Tokens that create, change, rotate and revoke each other, several at one instant.
async fn lived(on: &StoreUnderTest, home: &TestTenant) -> Vec<TokenId> {
    let boss = home.make("boss").await.view;
    let mut ids = vec![boss.token.id];
    for n in 0..6_i64 {
        on.clock.advance(n % 2);
        let draft = home.draft(&format!("token {n}"));
        let made = home.make_by(home.actor(&boss), &draft).await.view;
        let mut view = home
            .update(&made, &rename_to(&format!("renamed {n}")))
            .await;
        let mut edit = no_change(&view);
        edit.allowed_addresses = Some(vec!["192.0.2.9".into()]);
        view = home.update_by(home.actor(&boss), &view, &edit).await;
        if n % 2 == 0 {
            view = home.rotate(&view, 0).await.view;
        }
        if n % 3 == 0 {
            home.revoke(&view).await;
        }
        ids.push(view.token.id);
    }
    ids
}

/// The histories of the single tokens, merged.
async fn expected(home: &TestTenant, ids: &[TokenId]) -> Vec<EventView> {
    let mut all = Vec::new();
    for id in ids {
        all.extend(
            home.stores
                .tokens
                .events(home.tenant.id, *id, None, 100)
                .await
                .unwrap(),
        );
    }
    all.sort_by_key(|event| std::cmp::Reverse(place(event)));
    all
}

fn views(events: Vec<TenantEvent>) -> Vec<EventView> {
    events.into_iter().map(|event| event.view).collect()
}

/// In pages of any size, and without events of another tenant.
pub async fn every_event_of_a_tenant_comes_once_and_newest_first(on: &StoreUnderTest) {
    let (home, abroad) = (on.realm("home").await, on.realm("abroad").await);
    let empty = EventFilter::default();
    assert_eq!(page(&home, &empty, None, 9).await, History::default());
    let (ours, theirs) = (lived(on, &home).await, lived(on, &abroad).await);
    for (realm, ids) in [(&home, ours), (&abroad, theirs)] {
        let all = expected(realm, &ids).await;
        assert_eq!(all.len(), 1 + 6 * 3 + 3 + 2);
        for limit in [1, 2, 7, 100] {
            let read = whole(realm, &empty, limit).await;
            for event in &read {
                let name = &event.token_name;
                assert!(name.starts_with("renamed ") || &**name == "boss", "{name}");
            }
            assert_eq!(views(read), all, "in pages of {limit}");
        }
        let one_page = page(realm, &empty, None, 100).await;
        assert_eq!(one_page.next, None);
    }
}

/// By an instant, an actor, kinds, and all of them together.
pub async fn a_history_is_filtered(on: &StoreUnderTest) {
    let (home, abroad) = (on.realm("home").await, on.realm("abroad").await);
    let ids = lived(on, &home).await;
    let all = expected(&home, &ids).await;
    let boss = home.get(ids[0]).await.unwrap().token.user;
    let middle = all[all.len() / 2].event.content.at;
    let kinds = [
        vec![],
        vec![EventKind::Revoked],
        vec![EventKind::Created, EventKind::Rotated],
    ];
    for since in [None, Some(middle), Some(middle.plus_seconds(3600))] {
        for actor in [
            None,
            Some(boss),
            Some(home.tenant.system.id),
            Some(abroad.tenant.system.id),
        ] {
            for kinds in kinds.clone() {
                let filter = EventFilter {
                    since,
                    actor,
                    kinds,
                };
                let meant = |view: &&EventView| {
                    let content = &view.event.content;
                    filter.since.is_none_or(|since| content.at >= since)
                        && filter.actor.is_none_or(|actor| content.by == actor)
                        && (filter.kinds.is_empty() || filter.kinds.contains(&content.kind))
                };
                let meant: Vec<_> = all.iter().filter(meant).cloned().collect();
                for limit in [2, 50] {
                    assert_eq!(
                        views(whole(&home, &filter, limit).await),
                        meant,
                        "{filter:?}"
                    );
                }
            }
        }
    }
}

/// Of three tokens with 2,501 events each, only the first creation matches: it is on the second
/// page.
pub async fn a_page_of_history_examines_only_so_many_events(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let maker = home.make("maker").await.view;
    on.clock.advance(1);
    let draft = home.draft("wanted");
    let wanted = home.make_by(home.actor(&maker), &draft).await.view;
    for name in ["token 1", "token 2"] {
        // All have one instant, and differ only in the order of their ids.
        home.make(name).await;
    }
    on.execute(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2500) \
         INSERT INTO audit_events (tenant_id, token_id, version_after, kind, at, by_user, address, \
         request_id, version_before, changes, hash) \
         SELECT tenant_id, token_id, version_after + n.n, 'updated', at, by_user, address, request_id, \
         version_before, changes, hash FROM audit_events, n",
    )
    .await;
    let filter = EventFilter {
        actor: Some(maker.token.user),
        kinds: vec![EventKind::Created],
        ..EventFilter::default()
    };
    let mut pages = vec![page(&home, &filter, None, 9).await];
    while let Some(next) = pages[pages.len() - 1].next {
        pages.push(page(&home, &filter, Some(next), 9).await);
    }
    assert!(pages.len() >= 2, "10,004 events in one page");
    let found: Vec<_> = pages.into_iter().flat_map(|page| page.content).collect();
    let tokens: Vec<_> = found
        .iter()
        .map(|event| event.view.event.content.token)
        .collect();
    assert_eq!(tokens, [wanted.token.id]);
}

/// Like a page of one token's events; the next page continues there.
pub async fn a_page_of_history_ends_after_its_bytes(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let newest = super::bounds::long(&home).await.token.version.get();
    let everything = EventFilter::default();
    let first = page(&home, &everything, None, 100).await;
    assert!((1..60).contains(&first.content.len()));
    let read = whole(&home, &everything, 100).await;
    let versions = read.iter().map(|event| place(&event.view).version);
    assert!(versions.eq((1..=newest).rev()));
}

/// The page names its token, and the next page continues after it.
pub async fn an_unreadable_event_hides_no_other(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let bad = home.make("bad").await.view;
    on.execute(on.backdoor.corrupt(Corruption::Changes)).await;
    on.clock.advance(1);
    let good = home.make("good").await.view;
    let all = page(&home, &EventFilter::default(), None, 9).await;
    let read: Vec<_> = all
        .content
        .iter()
        .map(|event| event.view.event.content.token)
        .collect();
    assert_eq!(read, [good.token.id]);
    let named: Vec<_> = all
        .unreadable
        .iter()
        .map(|one| (one.token, one.column))
        .collect();
    assert_eq!(named, [(bad.token.id, "changes")]);
    let first = page(&home, &EventFilter::default(), None, 1).await;
    let second = page(&home, &EventFilter::default(), first.next, 1).await;
    assert_eq!((second.unreadable.len(), second.next), (1, None));
}
