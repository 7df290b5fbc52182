//! Every query that is possible, compared with a naive interpretation of it.

use countersign_domain::{NewToken, TokenView, caseless_key};

use super::{
    StoreUnderTest,
    filter_oracle::{in_scope, matches},
    reads::FIRST,
};
use crate::{
    query::{Compare, Filter, ListField, ListTest, TextField, TextTest, TimeField},
    testing::{TestTenant, at, no_change},
};

const NAMES: [&str; 12] = [
    "alpha",
    "Alpha 2",
    "ALPHABET",
    "beta",
    "100%",
    "100 percent",
    "a_b",
    "axb",
    "it's \"\\ok\\\"",
    "Straße",
    "日本",
    "[a-c]*?",
];

async fn crowd(home: &TestTenant) -> Vec<TokenView> {
    let mut views = Vec::new();
    for (n, name) in NAMES.into_iter().enumerate() {
        home.stores.clock.advance(if n % 3 == 0 { 0 } else { 3600 });
        let granted = home.draft(name).permissions;
        let addresses = ["192.0.2.0/24", "2001:db8::1", "198.51.100.7"];
        let draft = NewToken {
            allowed_addresses: addresses[..n % 4].iter().map(ToString::to_string).collect(),
            permissions: granted[n % 4..].to_vec(),
            expiry: home
                .stores
                .clock
                .now()
                .plus_months(1 + u32::try_from(n % 5).unwrap()),
            ..home.draft(name)
        };
        let mut view = home.make_of(&draft).await.view;
        for _ in 0..n % 3 {
            home.stores.clock.advance(60);
            let mut edit = no_change(&view);
            edit.expiry = Some(view.token.expiry.minus_seconds(1));
            view = home.update(&view, &edit).await;
        }
        views.push(view);
    }
    let gone = home.make("alpha gone").await.view;
    home.revoke(&gone).await;
    views
}

pub(super) async fn ask(home: &TestTenant, views: &[TokenView], filter: Filter) -> usize {
    let (tokens, tenant) = (&home.stores.tokens, home.tenant.id);
    let page = tokens.query(tenant, &filter, &[], FIRST).await.unwrap();
    let meant = |view: &&TokenView| in_scope(view, &filter) && matches(view, &filter);
    let mut expected: Vec<_> = views.iter().filter(meant).collect();
    expected.sort_by_key(|view| view.token.id);
    let names = |view: &TokenView| view.token.name.to_string();
    let read: Vec<_> = page.content.iter().map(names).collect();
    let meant: Vec<_> = expected.into_iter().map(names).collect();
    assert_eq!(read, meant, "{filter:?}");
    assert_eq!(page.total, meant.len() as u64, "{filter:?}");
    meant.len()
}

/// Every comparison with each of the values, and lists of none, one and all of them.
pub(super) fn all_ways<T: Clone>(values: &[T]) -> Vec<Compare<T>> {
    let each = values.iter().cloned().flat_map(|value| {
        let one = vec![value.clone()];
        [
            Compare::Eq(value.clone()),
            Compare::Ne(value.clone()),
            Compare::Gt(value.clone()),
            Compare::Gte(value.clone()),
            Compare::Lt(value.clone()),
            Compare::Lte(value),
            Compare::In(one.clone()),
            Compare::Nin(one),
        ]
    });
    let lists = [Vec::new(), values.to_vec()];
    let lists = lists
        .into_iter()
        .flat_map(|list| [Compare::In(list.clone()), Compare::Nin(list)]);
    each.chain(lists).collect()
}

/// Ids compare as bytes, versions as numbers.
pub async fn ids_and_versions_compare(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let views = crowd(&home).await;
    let stranger = countersign_domain::TokenId::from_uuid(*home.tenant.id.as_uuid());
    for test in all_ways(&[views[0].token.id, views[5].token.id, stranger]) {
        ask(&home, &views, Filter::Id(test)).await;
    }
    for test in all_ways(&[views[7].token.user, views[11].token.user]) {
        ask(&home, &views, Filter::UserId(test)).await;
    }
    for test in all_ways(&[1, 2, 3, 4, 0, -1, i64::MAX, i64::MIN]) {
        ask(&home, &views, Filter::Version(test)).await;
    }
}

/// To the microsecond, and at the ends of the calendar.
pub async fn instants_compare(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let views = crowd(&home).await;
    let token = &views[4].token;
    let ends = ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"];
    let mut values = vec![token.expiry, token.created, token.modified];
    values.extend(ends.map(at));
    for field in [
        TimeField::Expiry,
        TimeField::CreationDate,
        TimeField::LastModifiedDate,
    ] {
        for test in all_ways(&values) {
            ask(&home, &views, Filter::Time(field, test)).await;
        }
    }
}

/// Case counts, and no language has its own order.
pub async fn texts_compare_byte_by_byte(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let views = crowd(&home).await;
    let names = ["Alpha 2", "alpha", "a_b", "日本", "", "zz", "Straße"].map(ToOwned::to_owned);
    for test in all_ways(&names) {
        ask(
            &home,
            &views,
            Filter::Text(TextField::Name, TextTest::Compare(test)),
        )
        .await;
    }
    let partials = [&views[0], &views[9]].map(|view| view.token.partial.as_str().to_owned());
    for test in all_ways(&partials) {
        ask(
            &home,
            &views,
            Filter::Text(TextField::PartialToken, TextTest::Compare(test)),
        )
        .await;
    }
}

async fn search(home: &TestTenant, views: &[TokenView], field: TextField, needle: &str) -> usize {
    let tests = [
        TextTest::Equals,
        TextTest::StartsWith,
        TextTest::NotStartsWith,
        TextTest::Contains,
    ];
    let mut found = 0;
    for test in tests {
        found = ask(home, views, Filter::Text(field, test(needle.to_owned()))).await;
    }
    found
}

/// Needles are already folded.
pub async fn texts_are_searched_without_regard_to_case(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let views = crowd(&home).await;
    for (needle, found) in [
        ("ALPHA", 3),
        ("bet", 2),
        ("STRASSE", 1),
        ("日", 1),
        ("", 12),
        ("no", 0),
    ] {
        let count = search(&home, &views, TextField::Name, &caseless_key(needle)).await;
        assert_eq!(count, found, "{needle}");
    }
    for (name, found) in [("STRASSE", 1), ("ａlpha", 1), ("alph", 0), ("", 0)] {
        let equal = Filter::Text(TextField::Name, TextTest::Equals(caseless_key(name)));
        assert_eq!(ask(&home, &views, equal).await, found, "{name}");
    }
    let partial = views[3].token.partial.as_str().to_lowercase();
    assert!(search(&home, &views, TextField::PartialToken, &partial).await >= 1);
    let all = search(&home, &views, TextField::PartialToken, "csg_…").await;
    assert_eq!(all, 12);
    assert_eq!(
        search(&home, &views, TextField::PartialToken, "csgx…").await,
        0
    );
}

/// There is no wildcard, no quote, no escape, not even NUL, which no name has.
pub async fn special_characters_are_literal(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let views = crowd(&home).await;
    for (needle, found) in [
        ("%", 1),
        ("_", 1),
        ("100%", 1),
        ("a_b", 1),
        ("'", 1),
        ("\"", 1),
        ("\\", 1),
        ("*", 1),
        ("[a", 1),
        ("'; DROP TABLE users;--", 0),
        ("\0", 0),
        ("a\0", 0),
    ] {
        let count = search(&home, &views, TextField::Name, needle).await;
        assert_eq!(count, found, "{needle:?}");
        let text = needle.to_owned();
        for test in all_ways(std::slice::from_ref(&text)) {
            ask(
                &home,
                &views,
                Filter::Text(TextField::Name, TextTest::Compare(test)),
            )
            .await;
        }
        for field in [ListField::Permissions, ListField::AllowedAddresses] {
            for test in [ListTest::ContainsAll, ListTest::LacksAny] {
                ask(&home, &views, Filter::List(field, test(vec![text.clone()]))).await;
            }
        }
    }
}

/// Some, all, none, duplicates, and entries that no list has.
pub async fn lists_contain_and_lack(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let views = crowd(&home).await;
    let cases: [(ListField, &[&str]); 9] = [
        (ListField::Permissions, &[]),
        (ListField::Permissions, &["api.tasks.read"]),
        (
            ListField::Permissions,
            &["api.tasks.read", "api.api-tokens.write", "api.tasks.read"],
        ),
        (ListField::Permissions, &["api.tasks.read", "no.such"]),
        (ListField::Permissions, &["api.tasks"]),
        (ListField::AllowedAddresses, &[]),
        (ListField::AllowedAddresses, &["192.0.2.0/24"]),
        (
            ListField::AllowedAddresses,
            &["2001:db8::1", "192.0.2.0/24"],
        ),
        (ListField::AllowedAddresses, &["192.0.2.1"]),
    ];
    for (field, entries) in cases {
        let entries: Vec<_> = entries.iter().map(ToString::to_string).collect();
        let with = ListTest::ContainsAll(entries.clone());
        let with = ask(&home, &views, Filter::List(field, with)).await;
        let without = ListTest::LacksAny(entries);
        let without = ask(&home, &views, Filter::List(field, without)).await;
        assert_eq!(with + without, NAMES.len());
    }
}

/// As deep and as wide as a surface allows.
pub async fn filters_nest(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let views = crowd(&home).await;
    let contains =
        |needle: &str| Filter::Text(TextField::Name, TextTest::Contains(caseless_key(needle)));
    let version = |number| Filter::Version(Compare::Gte(number));
    assert_eq!(ask(&home, &views, Filter::All(vec![])).await, NAMES.len());
    assert_eq!(ask(&home, &views, Filter::Any(vec![])).await, 0);
    let either = Filter::Any(vec![contains("beta"), contains("alpha")]);
    let both = Filter::All(vec![either.clone(), version(2)]);
    // Without the brackets, "beta" of version 1 would match too.
    assert_eq!(ask(&home, &views, both.clone()).await, 2);
    ask(&home, &views, Filter::Any(vec![both, contains("%")])).await;
    for filter in [
        Filter::Any(vec![version(3), Filter::All(vec![])]),
        Filter::All(vec![version(1), Filter::Any(vec![])]),
    ] {
        ask(&home, &views, filter).await;
    }
    let mut deep = either;
    for level in 0..8 {
        deep = match level % 2 {
            0 => Filter::All(vec![deep, version(1)]),
            _ => Filter::Any(vec![deep, contains("nothing")]),
        };
    }
    ask(&home, &views, deep).await;
    let wide = (0..64)
        .map(|n| Filter::Version(Compare::Ne(n + 2)))
        .collect();
    ask(&home, &views, Filter::All(wide)).await;
    let many = views.iter().cycle().take(1500).map(|view| view.token.id);
    ask(&home, &views, Filter::Id(Compare::In(many.collect()))).await;
}
