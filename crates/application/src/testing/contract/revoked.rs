//! Revoked tokens are found by queries that ask for them, and by no others.

use countersign_domain::TokenView;

use super::{
    Corruption, StoreUnderTest,
    filter_oracle::matches,
    filters::{all_ways, ask},
    pages::all_in_order,
    usage::used,
};
use crate::{
    IssuedToken,
    query::{
        Compare, Filter, ListField, ListTest, Order, OrderField, PageRequest, Scope, TextField,
        TextTest, TimeField,
    },
    testing::{TestTenant, at},
};

/// Live and revoked tokens as they are read now: some of them used, some with addresses, created by
/// the system and by two tokens, of which one was revoked itself.
async fn crowd(on: &StoreUnderTest, home: &TestTenant) -> Vec<TokenView> {
    let makers = [home.make("maker").await, home.make("revoked maker").await];
    let mut all = Vec::from(makers);
    for n in 0..12_u8 {
        on.clock.advance(i64::from(n % 3));
        let mut draft = home.draft(&format!("Token {n}"));
        draft.allowed_addresses = vec![format!("192.0.2.{n}"); usize::from(n % 2)];
        let actor = match n % 3 {
            0 => home.system(),
            which => home.actor(&all[usize::from(which) - 1].view),
        };
        let made = home.make_by(actor, &draft).await;
        if n % 4 > 0 {
            note_use(on, &made, n).await;
        }
        all.push(made);
    }
    let mut views = Vec::new();
    for (n, made) in all.into_iter().enumerate() {
        let view = home.get(made.view.token.id).await.unwrap();
        on.clock.advance(i64::from(n % 5 == 0));
        views.push(if n % 2 == 1 {
            revoked(home, &view).await
        } else {
            view
        });
    }
    views
}

async fn note_use(on: &StoreUnderTest, made: &IssuedToken, n: u8) {
    let time = format!("2026-05-{:02}T00:00:00Z", n + 1);
    let one = used(made, made.secret.digest(), &time, Some("192.0.2.77"));
    on.usage.record(&[one]).await.unwrap();
}

async fn revoked(home: &TestTenant, view: &TokenView) -> TokenView {
    let change = home.revocation(home.system(), view);
    home.commit(&change).await.unwrap();
    view.after(&change)
}

fn contains(needle: &str) -> Filter {
    Filter::Text(TextField::Name, TextTest::Contains(needle.into()))
}

/// In every place of a filter, and beside all other kinds of tests.
pub async fn what_is_asked_about_revocations_is_found_among_all(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let views = crowd(on, &home).await;
    let makers = [
        home.tenant.system.id,
        views[0].token.user,
        views[1].token.user,
    ];
    let ends: Vec<_> = views.iter().filter_map(|view| view.revoked).collect();
    let uses: Vec<_> = views.iter().filter_map(|view| view.last_used).collect();
    let mut tests = vec![
        Filter::All(Vec::new()),
        contains("token 1"),
        Filter::Used(true),
        Filter::Used(false),
        Filter::List(ListField::AllowedAddresses, ListTest::Empty(true)),
        Filter::List(ListField::AllowedAddresses, ListTest::Empty(false)),
        Filter::List(ListField::Permissions, ListTest::Empty(true)),
        Filter::List(
            ListField::AllowedAddresses,
            ListTest::ContainsAll(vec!["192.0.2.3".into()]),
        ),
        Filter::List(
            ListField::Permissions,
            ListTest::ContainsAll(vec!["api.tasks.read".into()]),
        ),
    ];
    tests.extend(all_ways(&makers).into_iter().map(Filter::CreatedBy));
    let by_use = all_ways(&[uses[0].at, uses[3].at]).into_iter();
    tests.extend(by_use.map(|test| Filter::Time(TimeField::LastUsedDate, test)));
    let by_end = all_ways(&[ends[0], ends[3], at("2020-01-01T00:00:00Z")]).into_iter();
    tests.extend(by_end.map(|test| Filter::Time(TimeField::RevokedDate, test)));
    for test in tests {
        ask(&home, &views, test.clone()).await;
        for revoked in [true, false] {
            let both = Filter::All(vec![test.clone(), Filter::Revoked(revoked)]);
            ask(&home, &views, both).await;
            ask(
                &home,
                &views,
                Filter::Any(vec![Filter::Revoked(revoked), test.clone()]),
            )
            .await;
        }
    }
    let count = ask(&home, &views, Filter::Revoked(true)).await;
    assert_eq!(count, 7);
    let either = Filter::Any(vec![Filter::Revoked(true), Filter::Revoked(false)]);
    assert_eq!(ask(&home, &views, either).await, 14);
    let neither = Filter::All(vec![Filter::Revoked(true), Filter::Revoked(false)]);
    assert_eq!(ask(&home, &views, neither).await, 0);
    // The whole record, not only its name: who revoked it and when, and the last use before.
    let page = PageRequest {
        number: 0,
        size: 100,
        count_to: None,
    };
    let (filter, order) = (Filter::Revoked(true), Vec::new());
    let found = on
        .tokens
        .query(home.tenant.id, &filter, &order, page)
        .await
        .unwrap();
    let mut expected: Vec<_> = views
        .into_iter()
        .filter(|view| view.revoked.is_some())
        .collect();
    expected.sort_by_key(|view| view.token.id);
    assert_eq!(found.content, expected);
    assert!(found.content.iter().any(|view| view.last_used.is_some()));
}

/// Whatever else the query asks.
pub async fn without_such_a_question_no_revoked_token_is_found(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let views = crowd(on, &home).await;
    let gone = views.iter().find(|view| view.revoked.is_some()).unwrap();
    for filter in [
        Filter::Id(Compare::Eq(gone.token.id)),
        Filter::CreatedBy(Compare::Eq(gone.created_by.id)),
        contains(gone.token.name.key()),
        Filter::Any(vec![Filter::All(Vec::new())]),
    ] {
        assert_eq!(filter.scope(), Scope::Live);
        ask(&home, &views, filter).await;
    }
    let listed = on
        .tokens
        .list(home.tenant.id, None, 100)
        .await
        .unwrap()
        .content;
    assert_eq!(listed.len(), 7);
    assert!(listed.iter().all(|view| view.revoked.is_none()));
}

/// More than a store finds by an index, and by one of two creators.
pub async fn makers_are_found_among_many(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let maker = home.make("maker").await.view;
    let mut views = vec![maker.clone()];
    for n in 0..1100 {
        let actor = if n % 550 == 7 {
            home.system()
        } else {
            home.actor(&maker)
        };
        let draft = home.draft(&format!("token {n}"));
        views.push(home.make_by(actor, &draft).await.view);
    }
    for who in [maker.token.user, home.tenant.system.id] {
        let filter = Filter::CreatedBy(Compare::Eq(who));
        let mut theirs: Vec<_> = views
            .iter()
            .filter(|view| matches(view, &filter))
            .cloned()
            .collect();
        assert!(theirs.len() == 3 || theirs.len() == 1098);
        for field in [OrderField::Name, OrderField::LastModifiedDate] {
            let order = [Order {
                field,
                descending: true,
            }];
            all_in_order(&home, &mut theirs, &filter, &order).await;
        }
    }
}

/// By the fields of tokens, by the last uses of their secrets, and by their revocations.
pub async fn revoked_tokens_come_in_every_order(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let views = crowd(on, &home).await;
    let either = Filter::Any(vec![Filter::Revoked(true), Filter::Revoked(false)]);
    for filter in [Filter::Revoked(true), either] {
        let mut meant: Vec<_> = views
            .iter()
            .filter(|view| matches(view, &filter))
            .cloned()
            .collect();
        for field in [
            OrderField::Name,
            OrderField::Expiry,
            OrderField::CreationDate,
            OrderField::LastModifiedDate,
            OrderField::LastUsedDate,
            OrderField::RevokedDate,
        ] {
            for descending in [false, true] {
                let order = [Order { field, descending }];
                all_in_order(&home, &mut meant, &filter, &order).await;
            }
        }
    }
}

/// Whatever the query asks about them.
pub async fn revoked_tokens_stay_in_their_tenant(on: &StoreUnderTest) {
    let (home, abroad) = (on.realm("home").await, on.realm("abroad").await);
    let views = crowd(on, &home).await;
    let maker = views[0].token.user;
    for filter in [
        Filter::Revoked(true),
        Filter::Any(vec![Filter::Revoked(true), Filter::Revoked(false)]),
        Filter::All(vec![
            Filter::Revoked(true),
            Filter::Id(Compare::Gt(views[0].token.id)),
        ]),
        Filter::CreatedBy(Compare::Eq(maker)),
        Filter::Any(vec![
            Filter::CreatedBy(Compare::In(vec![maker])),
            Filter::Revoked(true),
        ]),
    ] {
        assert_eq!(ask(&abroad, &[], filter).await, 0);
    }
}

/// Like a live one, beside those that can be read.
pub async fn an_unreadable_revoked_token_is_named(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let bad = home.make("bad").await.view;
    home.revoke(&bad).await;
    on.execute(on.backdoor.corrupt(Corruption::Permissions))
        .await;
    let good = home.make("good").await.view;
    let good = revoked(&home, &good).await;
    let page = PageRequest {
        number: 0,
        size: 9,
        count_to: None,
    };
    let query = on
        .tokens
        .query(home.tenant.id, &Filter::Revoked(true), &[], page);
    let found = query.await.unwrap();
    assert_eq!((found.content, found.total), (vec![good], 2));
    let named: Vec<_> = found
        .unreadable
        .iter()
        .map(|one| (one.token, one.column))
        .collect();
    assert_eq!(named, [(bad.token.id, "permissions")]);
}
