//! Last uses, and counts.

use countersign_domain::{LastUse, SecretDigest, TokenView};

use super::{StoreUnderTest, pages::in_order};
use crate::{
    IssuedToken,
    ports::{TokenCounts, UsageRecord},
    query::{Compare, Filter, Order, OrderField, PageRequest, TimeField},
    testing::TestTenant,
};

/// A use of a token's secret, at an instant and from an address.
pub(super) fn used(
    made: &IssuedToken,
    digest: SecretDigest,
    at: &str,
    address: Option<&str>,
) -> UsageRecord {
    UsageRecord {
        digest,
        tenant: made.view.token.tenant,
        token: made.view.token.id,
        at: at.parse().unwrap(),
        address: address.map(|text| text.parse().unwrap()),
    }
}

async fn record(on: &StoreUnderTest, uses: &[UsageRecord]) {
    on.usage.record(uses).await.unwrap();
}

async fn last_use(home: &TestTenant, made: &IssuedToken) -> Option<LastUse> {
    home.get(made.view.token.id).await.unwrap().last_used
}

/// To the microsecond.
pub async fn a_use_shows_in_token_and_secret(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let (made, other) = (home.make("used").await, home.make("unused").await);
    assert_eq!(last_use(&home, &made).await, None);
    let at = "2026-06-01T12:00:01.000002Z";
    record(
        on,
        &[used(&made, made.secret.digest(), at, Some("2001:db8::1"))],
    )
    .await;
    let expected = LastUse {
        at: at.parse().unwrap(),
        address: Some("2001:db8::1".parse().unwrap()),
    };
    assert_eq!(last_use(&home, &made).await, Some(expected));
    assert_eq!(last_use(&home, &other).await, None);
    let (tenant, id) = (home.tenant.id, made.view.token.id);
    let secrets = on.tokens.secrets(tenant, id, on.clock.now()).await.unwrap();
    assert_eq!(secrets[0].last_used, Some(expected));
    let listed = on.tokens.list(tenant, None, 10).await.unwrap().content;
    assert_eq!(listed[0].last_used, Some(expected));
}

/// Nodes write in any order.
pub async fn the_latest_use_stands(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = home.make("used").await;
    let at = |time: &str, address| used(&made, made.secret.digest(), time, address);
    let late = "2026-06-01T12:00:09Z";
    for (time, address) in [
        ("2026-06-01T12:00:05Z", Some("192.0.2.5")),
        (late, None),
        ("2026-06-01T12:00:07Z", Some("192.0.2.7")),
    ] {
        record(on, &[at(time, address)]).await;
    }
    let stands = last_use(&home, &made).await.unwrap();
    assert_eq!((stands.at, stands.address), (late.parse().unwrap(), None));
}

/// The version stays, and so does the history; a change of the unchanged record still lands.
pub async fn a_use_is_no_change(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = home.make("used").await;
    let use_at = |time| used(&made, made.secret.digest(), time, None);
    let change = home.edit(
        home.system(),
        &made.view,
        &crate::testing::rename_to("renamed"),
    );
    record(on, &[use_at("2026-06-01T12:00:01Z")]).await;
    let read = home.get(made.view.token.id).await.unwrap();
    assert_eq!(read.token, made.view.token);
    home.commit(&change).await.unwrap();
    let renamed = home.get(made.view.token.id).await.unwrap();
    assert_eq!(renamed.token, *change.next());
    assert_eq!(renamed.last_used, read.last_used);
    let (tenant, id) = (home.tenant.id, made.view.token.id);
    let events = on.tokens.events(tenant, id, None, 10).await.unwrap();
    assert_eq!(events.len(), 2);
}

/// The rest of the batch is stored.
pub async fn a_use_of_nothing_is_passed_over(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = home.make("used").await;
    let nobody = countersign_domain::Secret::from_random(&[255; 32]).digest();
    let at = "2026-06-01T12:00:01Z";
    let mut stray = used(&made, nobody, at, None);
    stray.token = countersign_domain::TokenId::new(on.clock.now(), &[255; 10]);
    record(on, &[stray, used(&made, made.secret.digest(), at, None)]).await;
    record(on, &[]).await;
    assert!(last_use(&home, &made).await.is_some());
}

/// The token shows the later one.
pub async fn uses_of_two_secrets_are_kept_apart(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let first = home.make("rotated").await;
    on.clock.advance(60);
    let second = home.rotate(&first.view, 3600).await;
    let (old, new) = ("2026-06-01T12:05:00Z", "2026-06-01T12:04:00Z");
    let uses = [
        used(&first, first.secret.digest(), old, Some("192.0.2.1")),
        used(&first, second.secret.digest(), new, Some("192.0.2.2")),
    ];
    record(on, &uses).await;
    let (tenant, id) = (home.tenant.id, first.view.token.id);
    let secrets = on.tokens.secrets(tenant, id, on.clock.now()).await.unwrap();
    let times: Vec<_> = secrets
        .iter()
        .map(|secret| secret.last_used.unwrap().at.to_string())
        .collect();
    assert_eq!(times, [new, old]);
    let stands = last_use(&home, &first).await.unwrap();
    assert_eq!(stands.at.to_string(), old);
}

/// Three tokens: one never used, one used early, one used late, in the order of their ids.
async fn crowd(on: &StoreUnderTest, home: &TestTenant) -> Vec<TokenView> {
    let mut views = Vec::new();
    for (name, time) in [
        ("never", None),
        ("early", Some("2026-03-01T00:00:00Z")),
        ("late", Some("2026-05-31T00:00:00Z")),
    ] {
        on.clock.advance(1);
        let made = home.make(name).await;
        if let Some(time) = time {
            record(on, &[used(&made, made.secret.digest(), time, None)]).await;
        }
        views.push(home.get(made.view.token.id).await.unwrap());
    }
    views
}

/// A token that was never used is neither before nor after an instant, and has a test of its own.
pub async fn tokens_are_found_by_their_last_use(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let all = crowd(on, &home).await;
    let (early, late) = (all[1].last_used.unwrap().at, all[2].last_used.unwrap().at);
    let time = |test| Filter::Time(TimeField::LastUsedDate, test);
    let order = [Order {
        field: OrderField::CreationDate,
        descending: false,
    }];
    for filter in [
        time(Compare::Lt(late)),
        time(Compare::Lte(late)),
        time(Compare::Gt(early)),
        time(Compare::Gte(early)),
        time(Compare::Eq(early)),
        time(Compare::Ne(early)),
        time(Compare::In(vec![early, late])),
        time(Compare::Nin(vec![early])),
        time(Compare::In(Vec::new())),
        time(Compare::Nin(Vec::new())),
        Filter::Used(true),
        Filter::Used(false),
        Filter::Any(vec![time(Compare::Lt(late)), Filter::Used(false)]),
    ] {
        let page = PageRequest {
            number: 0,
            size: 9,
            count_to: None,
        };
        let found = on.tokens.query(home.tenant.id, &filter, &order, page);
        let expected: Vec<_> = all
            .iter()
            .filter(|view| super::filter_oracle::matches(view, &filter))
            .cloned()
            .collect();
        let found = found.await.unwrap();
        assert_eq!(found.content, expected, "{filter:?}");
        assert_eq!(found.total, expected.len() as u64, "{filter:?}");
    }
}

/// Tokens that were never used come first, as the most idle of all.
pub async fn tokens_are_ordered_by_their_last_use(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut all = crowd(on, &home).await;
    for descending in [false, true] {
        let order = [Order {
            field: OrderField::LastUsedDate,
            descending,
        }];
        in_order(&home, &mut all, &order).await;
    }
}

/// Those of all tenants that are neither revoked nor expired, up to the instant itself.
pub async fn tokens_are_counted_by_when_they_expire(on: &StoreUnderTest) {
    let (home, abroad) = (on.realm("home").await, on.realm("abroad").await);
    let now = on.clock.now();
    for (realm, name, seconds) in [
        (&home, "a", 60),
        (&abroad, "b", 60),
        (&home, "c", 3600),
        (&home, "gone", 60),
        (&home, "late", 7200),
    ] {
        let mut draft = realm.draft(name);
        draft.expiry = now.plus_seconds(seconds);
        let made = realm.make_of(&draft).await.view;
        if name == "gone" {
            realm.revoke(&made).await;
        }
    }
    let at = |seconds| now.plus_seconds(seconds);
    let until = [at(59), at(60), at(3600), at(86_400)];
    let count = async |now| on.probe.expiring(now, &until).await.unwrap();
    assert_eq!(count(now).await, [0, 2, 3, 4]);
    assert_eq!(count(at(60)).await, [0, 0, 1, 2]);
    let nothing = on.probe.expiring(now, &[]).await.unwrap();
    assert_eq!(nothing, Vec::<u64>::new());
}

/// Those of all tenants.
pub async fn a_census_counts_states(on: &StoreUnderTest) {
    let (home, abroad) = (on.realm("home").await, on.realm("abroad").await);
    home.make("live").await;
    abroad.make("live").await;
    let gone = home.make("gone").await.view;
    home.revoke(&gone).await;
    let mut draft = home.draft("short");
    draft.expiry = on.clock.now().plus_seconds(60);
    home.make_of(&draft).await;
    let before = on.probe.token_counts(on.clock.now()).await.unwrap();
    let counted = |live, expired, revoked| TokenCounts {
        live,
        expired,
        revoked,
    };
    assert_eq!(before, counted(3, 0, 1));
    on.clock.advance(60);
    let after = on.probe.token_counts(on.clock.now()).await.unwrap();
    assert_eq!(after, counted(2, 1, 1));
}
