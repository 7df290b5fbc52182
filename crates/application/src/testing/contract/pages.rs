//! Lists of many tokens, a few at a time.

use countersign_domain::{NewToken, TokenId, TokenView};

use super::{StoreUnderTest, usage::used};
use crate::{
    query::{Filter, ListField, ListTest, Order, OrderField, PageRequest, TextField, TextTest},
    testing::{TestTenant, rename_to},
};

fn ids(views: &[TokenView]) -> Vec<TokenId> {
    views.iter().map(|view| view.token.id).collect()
}

/// Tokens that exist throughout come once each; others may come, but not twice.
pub async fn a_list_neither_skips_nor_repeats_while_rows_come_and_go(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut standing = Vec::new();
    for n in 0..20 {
        standing.push(home.make(&format!("standing {n}")).await.view);
    }
    let doomed = standing.split_off(17);
    let mut leaving = doomed.iter();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = on
            .tokens
            .list(home.tenant.id, after, 3)
            .await
            .unwrap()
            .content;
        let Some(last) = page.last() else { break };
        after = Some(last.token.id);
        seen.extend(ids(&page));
        if let Some(gone) = leaving.next() {
            // One goes from the read part, one from the rest; one is added, and one changes.
            home.revoke(&standing.remove(0)).await;
            home.revoke(gone).await;
            home.make(&format!("late {}", seen.len())).await;
            let changed = standing.last_mut().unwrap();
            *changed = home
                .update(changed, &rename_to(&format!("z {}", seen.len())))
                .await;
        }
    }
    let mut once = seen.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(seen, once, "in order, none twice");
    assert!(ids(&standing).iter().all(|id| seen.contains(id)));
    assert!(!ids(&doomed).iter().any(|id| seen.contains(id)));
}

/// Whatever the order of their creation.
pub async fn a_list_is_in_the_order_of_ids(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    assert_eq!(
        on.tokens
            .list(home.tenant.id, None, 5)
            .await
            .unwrap()
            .content,
        []
    );
    let mut views = Vec::new();
    for minutes in [3, -5, 2, -4, 1] {
        on.clock.advance(minutes * 60);
        views.push(home.make(&format!("token {minutes}")).await.view);
    }
    views.sort_by_key(|view| view.token.id);
    let all = on
        .tokens
        .list(home.tenant.id, None, 100)
        .await
        .unwrap()
        .content;
    assert_eq!(all, views);
    let some = on.tokens.list(home.tenant.id, Some(views[1].token.id), 2);
    assert_eq!(some.await.unwrap().content, views[2..4]);
    let none = on.tokens.list(home.tenant.id, Some(views[4].token.id), 2);
    assert_eq!(none.await.unwrap().content, []);
}

/// Tokens of which several share each instant, and whose names mix case, script and length.
async fn crowd(home: &TestTenant) -> Vec<TokenView> {
    let names = [
        "b", "B2", "a", "Ä", "ä2", "z", "Z10", "z9", "_", "日本", "𝒳", "ﬀ",
    ];
    let mut views = Vec::new();
    for (n, name) in names.into_iter().enumerate() {
        let moved = i64::try_from(n % 3).unwrap() - 1;
        home.stores.clock.advance(moved * 3600);
        let months = 1 + u32::try_from(n % 4).unwrap();
        let draft = NewToken {
            expiry: home.stores.clock.now().plus_months(months),
            ..home.draft(name)
        };
        let mut view = home.make_of(&draft).await.view;
        if n % 2 == 0 {
            let mut edit = rename_to(name);
            edit.allowed_addresses = Some(vec![format!("192.0.2.{n}")]);
            view = home.update(&view, &edit).await;
        }
        views.push(view);
    }
    views
}

fn compare(a: &TokenView, b: &TokenView, order: &[Order]) -> std::cmp::Ordering {
    let used = |view: &TokenView| view.last_used.map(|used| used.at);
    let by_use = used(a).cmp(&used(b));
    let by_end = a.revoked.cmp(&b.revoked);
    let (a, b) = (&a.token, &b.token);
    let by_keys = order.iter().map(|key| {
        let plain = match key.field {
            OrderField::Name => a.name.key().cmp(b.name.key()),
            OrderField::Expiry => a.expiry.cmp(&b.expiry),
            OrderField::CreationDate => a.created.cmp(&b.created),
            OrderField::LastModifiedDate => a.modified.cmp(&b.modified),
            OrderField::LastUsedDate => by_use,
            OrderField::RevokedDate => by_end,
        };
        if key.descending {
            plain.reverse()
        } else {
            plain
        }
    });
    by_keys
        .chain([a.id.cmp(&b.id)])
        .find(|ordering| ordering.is_ne())
        .unwrap_or(std::cmp::Ordering::Equal)
}

pub(super) async fn in_order(home: &TestTenant, views: &mut [TokenView], order: &[Order]) {
    all_in_order(home, views, &Filter::All(Vec::new()), order).await;
}

/// With a filter that all of them match.
pub(super) async fn all_in_order(
    home: &TestTenant,
    views: &mut [TokenView],
    filter: &Filter,
    order: &[Order],
) {
    views.sort_by(|a, b| compare(a, b, order));
    let mut read = Vec::new();
    let size: u8 = if views.len() > 100 { 100 } else { 5 };
    for number in 0..=u32::try_from(views.len() / usize::from(size)).unwrap() {
        let page = PageRequest {
            number,
            size,
            count_to: None,
        };
        let (tokens, tenant) = (&home.stores.tokens, home.tenant.id);
        let page = tokens.query(tenant, filter, order, page).await.unwrap();
        read.extend(page.content);
    }
    let names = |views: &[TokenView]| -> Vec<String> {
        views
            .iter()
            .map(|view| view.token.name.to_string())
            .collect()
    };
    assert_eq!(names(&read), names(views), "{order:?}");
    assert_eq!(read, views);
}

const FIELDS: [OrderField; 4] = [
    OrderField::Name,
    OrderField::Expiry,
    OrderField::CreationDate,
    OrderField::LastModifiedDate,
];

/// Ascending and descending; ids always ascend.
pub async fn every_order_is_kept_with_ids_behind(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut views = crowd(&home).await;
    in_order(&home, &mut views, &[]).await;
    for field in FIELDS {
        for descending in [false, true] {
            in_order(&home, &mut views, &[Order { field, descending }]).await;
        }
    }
}

/// Also with the same key twice, of which the first counts.
pub async fn several_keys_order_one_behind_the_other(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut views = crowd(&home).await;
    for first in FIELDS {
        for second in FIELDS {
            let key = |field, descending| Order { field, descending };
            in_order(&home, &mut views, &[key(first, true), key(second, false)]).await;
        }
    }
}

/// Even if a store uses another plan because there are many.
pub async fn every_order_is_kept_among_many(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let (mut all, mut live) = (Vec::new(), Vec::new());
    for n in 0..1100 {
        on.clock.advance(if n % 4 == 0 { -1 } else { 2 });
        all.push(home.make(&format!("token {}", n * 7 % 1103)).await);
    }
    for (n, mut made) in all.into_iter().enumerate() {
        on.clock.advance(1);
        match n % 16 {
            0 => {
                made.view = home
                    .update(&made.view, &rename_to(&format!("again {n}")))
                    .await;
            }
            1 => made = home.rotate(&made.view, 60).await,
            2 => home.revoke(&made.view).await,
            3 => {
                let at = on.clock.now().to_string();
                let one = used(&made, made.secret.digest(), &at, None);
                on.usage.record(&[one]).await.unwrap();
                made.view = home.get(made.view.token.id).await.unwrap();
            }
            _ => {}
        }
        if n % 16 != 2 {
            live.push(made.view);
        }
    }
    assert!(live.len() > 1000);
    let held = live[0].token.permissions.iter().next().unwrap().to_string();
    let held = ListTest::ContainsAll(vec![held]);
    for filter in [
        Filter::All(Vec::new()),
        Filter::List(ListField::Permissions, held),
        Filter::Text(TextField::Name, TextTest::Contains("n".into())),
    ] {
        for field in FIELDS.into_iter().chain([OrderField::LastUsedDate]) {
            for descending in [false, true] {
                let order = [Order { field, descending }];
                all_in_order(&home, &mut live, &filter, &order).await;
            }
        }
    }
}

/// The page stays the same; only the total ends there.
pub async fn a_total_is_counted_no_further_than_asked(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    for n in 0..7 {
        home.make(&format!("token {n}")).await;
    }
    let orders = FIELDS.into_iter().chain([OrderField::LastUsedDate]);
    for field in orders {
        let descending = true;
        let order = [Order { field, descending }];
        for filter in [Filter::All(Vec::new()), Filter::Used(false)] {
            let ask = async |count_to| {
                let page = PageRequest {
                    number: 1,
                    size: 4,
                    count_to,
                };
                let page = on.tokens.query(home.tenant.id, &filter, &order, page);
                page.await.unwrap()
            };
            let all = ask(None).await;
            assert_eq!((all.content.len(), all.total), (3, 7));
            for (most, total) in [(0, 0), (5, 5), (7, 7), (8, 7), (u32::MAX, 7)] {
                let page = ask(Some(most)).await;
                assert_eq!((page.content, page.total), (all.content.clone(), total));
            }
        }
    }
}

/// Also on pages after the end.
pub async fn totals_hold_on_every_page(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let all = Filter::All(Vec::new());
    let ask = async |number, size| {
        let page = PageRequest {
            number,
            size,
            count_to: None,
        };
        let page = on.tokens.query(home.tenant.id, &all, &[], page).await;
        page.map(|page| (page.content.len(), page.total)).unwrap()
    };
    assert_eq!(ask(0, 20).await, (0, 0));
    for n in 0..7 {
        home.make(&format!("token {n}")).await;
    }
    let gone = home.make("gone").await.view;
    home.revoke(&gone).await;
    assert_eq!(ask(0, 3).await, (3, 7));
    assert_eq!(ask(2, 3).await, (1, 7));
    assert_eq!(ask(3, 3).await, (0, 7));
    assert_eq!(ask(u32::MAX, 100).await, (0, 7));
}
