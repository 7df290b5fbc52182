//! The feed reports every committed change once, wherever the reader continues from.

use countersign_domain::{EventKind, TokenId, TokenUpdate, TokenView};
use futures_util::future::join_all;

use super::{StoreUnderTest, refused};
use crate::{
    ports::{FeedError, FeedPosition, TokenChanged},
    testing::{at, no_change, rename_to},
};

async fn news(on: &StoreUnderTest, position: &mut FeedPosition) -> Vec<TokenChanged> {
    let news = on.feed.since(position, 1000).await.unwrap();
    *position = news.position;
    news.changes.unwrap()
}

fn kinds(changes: &[TokenChanged], token: TokenId) -> Vec<(EventKind, i64)> {
    let of_token = changes.iter().filter(|change| change.token == token);
    of_token
        .map(|change| (change.kind, change.version.get()))
        .collect()
}

/// The changes of all tenants, of each kind.
pub async fn every_change_is_told_once(on: &StoreUnderTest) {
    let (home, abroad) = (on.realm("home").await, on.realm("abroad").await);
    let old = home.make("before").await.view;
    let mut position = on.feed.position().await.unwrap();
    assert_eq!(news(on, &mut position).await, []);

    let (made, foreign) = (home.make("made").await, abroad.make("foreign").await);
    let first = news(on, &mut position).await;
    assert_eq!(first.len(), 2);
    assert_eq!(kinds(&first, made.view.token.id), [(EventKind::Created, 1)]);
    let told = first
        .iter()
        .find(|told| told.token == foreign.view.token.id);
    assert_eq!(told.unwrap().tenant, abroad.tenant.id);
    assert_eq!(told.unwrap().at, foreign.view.token.created);
    assert_eq!(news(on, &mut position).await, []);

    home.rotate(&made.view, 60).await;
    home.update(&old, &rename_to("renamed")).await;
    abroad.revoke(&foreign.view).await;
    let second = news(on, &mut position).await;
    assert_eq!(second.len(), 3);
    assert_eq!(
        kinds(&second, made.view.token.id),
        [(EventKind::Rotated, 2)]
    );
    assert_eq!(kinds(&second, old.token.id), [(EventKind::Updated, 2)]);
    let gone = kinds(&second, foreign.view.token.id);
    assert_eq!(gone, [(EventKind::Revoked, 2)]);
}

/// The feed reports the changed fields of an update, by which a cache renews facts that it holds;
/// from a change of the secrets none can be renewed.
pub async fn an_update_tells_what_it_makes_of_the_facts(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = home.make("busy").await;
    let (mut view, digest) = (made.view, made.secret.digest());
    let facts = async || on.tokens.find(&digest).await.unwrap().unwrap();
    let edit = |change: fn(&mut TokenUpdate), view: &TokenView| {
        let mut edit = no_change(view);
        change(&mut edit);
        edit
    };
    let changes: [fn(&mut TokenUpdate); 4] = [
        |edit| "renamed \u{fc}".clone_into(&mut edit.name),
        |edit| edit.expiry = Some(at("2026-12-24T17:00:00.000001Z")),
        |edit| edit.allowed_addresses = Some(vec!["192.0.2.0/24".into(), "2001:db8::1".into()]),
        |edit| edit.permissions = Some(vec!["api.users.read".into()]),
    ];
    for change in changes {
        let (before, mut position) = (facts().await, on.feed.position().await.unwrap());
        view = home.update(&view, &edit(change, &view)).await;
        let told = news(on, &mut position).await.pop().unwrap();
        let next = before.updated(told.version, told.at, &told.update().unwrap());
        let after = facts().await;
        assert_eq!(next.as_ref(), Some(&after));
        assert_eq!(after, before.of_record(&view.token));
    }
    let mut position = on.feed.position().await.unwrap();
    let rotated = home.rotate(&view, 60).await;
    let retirement = home
        .retirement(home.system(), &rotated.view, &made.secret)
        .await;
    home.commit(&retirement).await.unwrap();
    let before = facts().await.of_record(&rotated.view.token);
    for told in news(on, &mut position).await {
        let next = told
            .update()
            .and_then(|changes| before.updated(told.version, told.at, &changes));
        assert_eq!(next, None, "{told:?}");
    }
}

/// The feed reports many long changes, without their changed fields.
pub async fn a_change_that_is_long_is_told_without_its_fields(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let view = home.make("listed").await.view;
    let mut position = on.feed.position().await.unwrap();
    let mut edit = no_change(&view);
    let addresses = (0..100).map(|n| format!("2001:db8:aaaa:bbbb:cccc:dddd:eeee:f{n:03}"));
    edit.allowed_addresses = Some(addresses.collect());
    home.update(&view, &edit).await;
    let told = news(on, &mut position).await.pop().unwrap();
    assert_eq!((told.changes.as_ref(), told.update()), (None, None));
    assert_eq!(told.kind, EventKind::Updated);
}

/// So the last reported version is the current one.
pub async fn versions_of_a_token_come_in_order(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut position = on.feed.position().await.unwrap();
    let mut view = home.make("busy").await.view;
    for n in 2..=9 {
        view = home.update(&view, &rename_to(&format!("busy {n}"))).await;
    }
    let told = kinds(&news(on, &mut position).await, view.token.id);
    let versions: Vec<_> = told.into_iter().map(|(_, version)| version).collect();
    assert_eq!(versions, (1..=9).collect::<Vec<_>>());
}

/// A refused change never happened.
pub async fn what_is_refused_is_not_told(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let view = home.make("steady").await.view;
    let stale = home.edit(home.system(), &view, &rename_to("too late"));
    home.update(&view, &rename_to("first")).await;
    let mut position = on.feed.position().await.unwrap();
    refused(&home, &stale).await;
    assert_eq!(news(on, &mut position).await, []);
}

/// A position leads on from there, however old it is.
pub async fn a_position_is_behind_what_it_follows(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let begin = on.feed.position().await.unwrap();
    let view = home.make("a").await.view;
    let middle = on.feed.since(&begin, 1000).await.unwrap().position;
    home.update(&view, &rename_to("b")).await;
    let text = begin.to_string();
    let mut again: FeedPosition = text.parse().unwrap();
    assert_eq!(news(on, &mut again).await.len(), 2);
    assert_eq!(news(on, &mut middle.clone()).await.len(), 1);
}

/// A reader that was away for long learns that any token may have changed, and where to continue.
pub async fn too_much_news_is_said_to_be_too_much(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let begin = on.feed.position().await.unwrap();
    for n in 0..5 {
        home.make(&format!("token {n}")).await;
    }
    let all = on.feed.since(&begin, 5).await.unwrap();
    assert_eq!(all.changes.unwrap().len(), 5);
    let too_much = on.feed.since(&begin, 4).await.unwrap();
    assert_eq!(too_much.changes, None);
    assert_eq!(news(on, &mut too_much.position.clone()).await, []);
}

/// A position may come from a client.
pub async fn what_is_no_position_is_refused(on: &StoreUnderTest) {
    for text in [
        "x",
        "-1",
        "1:2",
        "9:1:",
        "'",
        "1:1:1:1",
        "99999999999999999999",
        "0x10",
    ] {
        let position = text.parse().unwrap();
        let told = on.feed.since(&position, 10).await;
        assert!(
            matches!(told, Err(FeedError::Position(_))),
            "{text}: {told:?}"
        );
    }
}

/// Reading from a position does not use it up.
pub async fn readers_at_different_places_miss_nothing(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut positions = vec![on.feed.position().await.unwrap()];
    for n in 0..6 {
        home.make(&format!("token {n}")).await;
        positions.push(on.feed.position().await.unwrap());
    }
    for (seen, mut position) in positions.into_iter().enumerate() {
        assert_eq!(news(on, &mut position).await.len(), 6 - seen);
    }
}

/// In whatever order the changes commit, and whenever the reader reads.
pub async fn racing_changes_are_all_told(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut position = on.feed.position().await.unwrap();
    let mut told = Vec::new();
    let mut made = Vec::new();
    for round in 0..5 {
        let drafts: Vec<_> = (0..12)
            .map(|n| home.draft(&format!("token {round} {n}")))
            .collect();
        let making = join_all(drafts.iter().map(|draft| home.make_of(draft)));
        let reading = async {
            let mut seen = Vec::new();
            for _ in 0..20 {
                seen.extend(news(on, &mut position).await);
            }
            seen
        };
        let (new, seen) = futures_util::future::join(making, reading).await;
        made.extend(new.into_iter().map(|made| made.view.token.id));
        told.extend(seen);
    }
    told.extend(news(on, &mut position).await);
    let mut told: Vec<_> = told.into_iter().map(|change| change.token).collect();
    told.sort_unstable();
    made.sort_unstable();
    assert_eq!(told, made);
}
