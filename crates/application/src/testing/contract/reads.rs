//! Reads return what was committed, with the current names, and only live tokens.

use countersign_domain::{Credential, Metadata, Secret, Timestamp, TokenView};

use super::StoreUnderTest;
use crate::{
    ports::{StoreError, User, UserKind},
    query::{Filter, ListField, ListTest, PageRequest, TextField, TextTest},
    testing::{TestTenant, no_change, rename_to},
};

/// A page with all tokens of a test.
pub(super) const FIRST: PageRequest = PageRequest {
    number: 0,
    size: 100,
    count_to: None,
};

async fn see(realm: &TestTenant, expected: &[TokenView]) {
    let (tokens, tenant) = (&realm.stores.tokens, realm.tenant.id);
    for view in expected {
        assert_eq!(realm.get(view.token.id).await.as_ref(), Some(view));
    }
    let listed = tokens.list(tenant, None, 100).await.unwrap();
    assert_eq!(listed.content, expected);
    let all = Filter::All(Vec::new());
    let page = tokens.query(tenant, &all, &[], FIRST).await.unwrap();
    assert_eq!(page.content, expected);
}

/// To the microsecond, in every list.
pub async fn a_new_token_reads_back_equal(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let odd = on.clock.now().as_micros() + 123_457;
    on.clock.set(Timestamp::from_micros(odd).unwrap());
    let mut draft = home.draft("Nightly Export é");
    draft.allowed_addresses = vec!["2001:db8::/32".to_owned(), "192.0.2.1".to_owned()];
    let first = home.make_of(&draft).await.view;
    let second = home.make_by(home.actor(&first), &home.draft("b")).await;
    see(&home, &[first, second.view]).await;
}

/// A reader sees exactly [`TokenView::after`].
pub async fn a_changed_token_reads_back_equal(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let old = home.make("old").await.view;
    on.clock.advance(60);
    let mut edit = rename_to("new");
    edit.expiry = Some(old.token.expiry.minus_seconds(1));
    edit.allowed_addresses = Some(vec!["192.0.2.0/24".to_owned()]);
    edit.permissions = Some(vec!["api.api-tokens.write".to_owned()]);
    let new = home.update_by(home.actor(&old), &old, &edit).await;
    assert_eq!(&*new.modified_by.name, "new");
    see(&home, std::slice::from_ref(&new)).await;
    on.clock.advance(60);
    let mut edit = no_change(&new);
    edit.allowed_addresses = Some(Vec::new());
    let newer = home.update(&new, &edit).await;
    see(&home, &[newer]).await;
}

/// On the user, in the credential, and on everything that the token created or changed.
pub async fn a_new_name_shows_everywhere(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let maker = home.make("maker").await;
    let made = home
        .make_by(home.actor(&maker.view), &home.draft("made"))
        .await
        .view;
    let other = home.make("other").await.view;
    let other = home
        .update_by(home.actor(&maker.view), &other, &rename_to("changed"))
        .await;
    let renamed = home.update(&maker.view, &rename_to("Renamed")).await;

    let user = home.stores.users.user(home.tenant.id, renamed.token.user);
    assert_eq!(&*user.await.unwrap().unwrap().name, "Renamed");
    let found = on.tokens.find(&maker.secret.digest()).await.unwrap();
    assert_eq!(&*found.unwrap().user_name, "Renamed");
    let made = home.get(made.token.id).await.unwrap();
    assert_eq!(&*made.created_by.name, "Renamed");
    assert_eq!(&*made.modified_by.name, "Renamed");
    let other = home.get(other.token.id).await.unwrap();
    assert_eq!(other.created_by, home.tenant.system);
    assert_eq!(&*other.modified_by.name, "Renamed");
}

/// Only a new name touches the user.
pub async fn an_update_without_a_new_name_leaves_the_user_alone(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let view = home.make("steady").await.view;
    let (tenant, id) = (home.tenant.id, view.token.user);
    let before = on.users.user(tenant, id).await.unwrap();
    on.clock.advance(60);
    let mut edit = no_change(&view);
    edit.permissions = Some(vec!["api.tasks.read".to_owned()]);
    home.update(&view, &edit).await;
    assert_eq!(on.users.user(tenant, id).await.unwrap(), before);
}

/// All facts, and the current ones.
pub async fn a_secret_leads_to_the_facts(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = home.make("facts").await;
    let mut edit = rename_to("new facts");
    edit.allowed_addresses = Some(vec!["192.0.2.0/24".to_owned(), "2001:db8::1".to_owned()]);
    let view = home.update(&made.view, &edit).await;
    let token = view.token;
    let expected = Credential {
        tenant: token.tenant,
        token: token.id,
        version: token.version,
        user: token.user,
        user_name: "new facts".into(),
        permissions: token.permissions,
        addresses: token.addresses,
        expiry: token.expiry,
        valid_until: None,
        created: token.created,
        modified: token.modified,
        owner: None,
        metadata: Metadata::default(),
    };
    let found = on.tokens.find(&made.secret.digest()).await.unwrap();
    assert_eq!(found, Some(expected));
}

/// A store invents nothing.
pub async fn an_unknown_secret_leads_nowhere(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    home.make("a").await;
    let unknown = Secret::from_random(&[255; 32]).digest();
    assert_eq!(on.tokens.find(&unknown).await.unwrap(), None);
}

/// The caller judges whether it has expired.
pub async fn an_expired_token_is_still_found(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    on.clock.set("1999-12-31T23:59:59Z".parse().unwrap());
    let made = home.make("long gone").await;
    let found = on.tokens.find(&made.secret.digest()).await.unwrap();
    assert_eq!(found.unwrap().expiry, made.view.token.expiry);
    see(&home, &[made.view]).await;
}

/// Its user stays, closed; and even if the user were enabled again, the token would stay revoked.
pub async fn a_revoked_token_is_nowhere(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = home.make("gone").await;
    let kept = home.make("kept").await.view;
    home.revoke(&made.view).await;
    assert_eq!(home.get(made.view.token.id).await, None);
    assert_eq!(on.tokens.find(&made.secret.digest()).await.unwrap(), None);
    see(&home, std::slice::from_ref(&kept)).await;
    let user = on.users.user(home.tenant.id, made.view.token.user).await;
    let user = user.unwrap().unwrap();
    assert_eq!((user.enabled, &*user.name), (false, "gone"));
    let user = on.users.user(home.tenant.id, kept.token.user).await;
    assert!(user.unwrap().unwrap().enabled);
    on.execute("UPDATE users SET closed_at = NULL").await;
    assert_eq!(on.tokens.find(&made.secret.digest()).await.unwrap(), None);
}

/// A person who closes a user need not know of its token.
pub async fn a_closed_user_has_no_credential(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = home.make("closed").await;
    on.execute("UPDATE users SET closed_at = created_at WHERE name = 'closed'")
        .await;
    assert_eq!(on.tokens.find(&made.secret.digest()).await.unwrap(), None);
    let user = on.users.user(home.tenant.id, made.view.token.user).await;
    assert!(!user.unwrap().unwrap().enabled);
}

/// Both the token's user and the system's.
pub async fn users_are_told_as_they_are(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    on.clock.advance(60);
    let view = home.make("mine").await.view;
    let expected = User {
        id: view.token.user,
        tenant: home.tenant.id,
        name: "mine".into(),
        kind: UserKind::ApiToken,
        enabled: true,
        created: view.token.created,
    };
    let user = on.users.user(home.tenant.id, view.token.user);
    assert_eq!(user.await.unwrap(), Some(expected));
    let system = User {
        id: home.tenant.system.id,
        tenant: home.tenant.id,
        name: home.tenant.system.name.clone(),
        kind: UserKind::System,
        enabled: true,
        created: home.tenant.created,
    };
    let user = on.users.user(home.tenant.id, home.tenant.system.id);
    assert_eq!(user.await.unwrap(), Some(system));
    let unknown = countersign_domain::UserId::new(on.clock.now(), &[255; 10]);
    let user = on.users.user(home.tenant.id, unknown);
    assert_eq!(user.await.unwrap(), None);
}

/// A store that is well answers.
pub async fn it_answers_a_ping(on: &StoreUnderTest) {
    on.probe.ping().await.unwrap();
}

/// A database that was never migrated is not ready, however well it answers.
pub async fn it_answers_no_ping_without_its_tables(on: &StoreUnderTest) {
    on.execute("ALTER TABLE tenants RENAME TO elsewhere").await;
    let pulse = on.probe.ping().await;
    assert!(matches!(pulse, Err(StoreError::Unavailable(_))));
    on.execute("ALTER TABLE elsewhere RENAME TO tenants").await;
    on.probe.ping().await.unwrap();
}

/// Searches for a token's earlier name or permissions do not find it, and a revoked token is not
/// found at all.
pub async fn what_changed_is_found_as_it_is_now(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = home.make("nightly export").await.view;
    let gone = home.make("hourly export").await.view;
    let dropped = made.token.permissions.iter().next().unwrap().to_string();
    let mut edit = rename_to("weekly import");
    let kept = made.token.permissions.iter().skip(1);
    edit.permissions = Some(kept.map(ToString::to_string).collect());
    home.update(&made, &edit).await;
    home.revoke(&gone).await;
    let part = |part: &str| Filter::Text(TextField::Name, TextTest::Contains(part.into()));
    let holds = |permission: &str| {
        let wanted = ListTest::ContainsAll(vec![permission.to_owned()]);
        Filter::List(ListField::Permissions, wanted)
    };
    let kept = edit.permissions.unwrap().remove(0);
    for (filter, found) in [
        (part("export"), 0),
        (part("ly imp"), 1),
        (holds(&dropped), 0),
        (holds(&kept), 1),
        (Filter::Any(vec![part("export"), holds(&kept)]), 1),
    ] {
        let (tenant, page) = (home.tenant.id, FIRST);
        let page = on.tokens.query(tenant, &filter, &[], page).await.unwrap();
        assert_eq!(
            (page.content.len(), page.total),
            (found, found as u64),
            "{filter:?}"
        );
    }
}
