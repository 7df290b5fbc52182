//! Tenants, and their isolation from each other.

use super::{Snapshot, StoreUnderTest, refused};
use crate::{
    ports::{CommitError, TenantError},
    query::{Filter, PageRequest},
    testing::rename_to,
};

/// Ordered by the bytes of their names.
pub async fn tenants_are_told_in_the_order_of_their_names(on: &StoreUnderTest) {
    assert_eq!(on.tenants.tenants().await.unwrap(), []);
    let mut made = Vec::new();
    for name in ["b", "a", "C", "ä", "default", "_"] {
        on.clock.advance(1);
        made.push(on.realm(name).await.tenant);
    }
    made.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(on.tenants.tenants().await.unwrap(), made);
}

/// Neither the tenant nor its user.
pub async fn a_taken_tenant_name_makes_nothing(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let other = on.tenant("home");
    let error = on.tenants.create(&other).await.unwrap_err();
    assert!(matches!(error, TenantError::NameTaken), "{error:?}");
    assert_eq!(on.tenants.tenants().await.unwrap(), [home.tenant]);
    let user = on.users.user(other.id, other.system.id).await;
    assert_eq!(user.unwrap(), None);
}

/// Names are compared like those of tokens, by a key that the domain folds.
pub async fn a_tenant_name_is_taken_by_what_folds_alike(on: &StoreUnderTest) {
    let home = on.realm("Straße").await;
    for name in ["Straße", "STRASSE", "ｓtraße", "strasse"] {
        let other = on.tenant(name);
        let error = on.tenants.create(&other).await.unwrap_err();
        assert!(matches!(error, TenantError::NameTaken), "{name}: {error:?}");
        let user = on.users.user(other.id, other.system.id).await;
        assert_eq!(user.unwrap(), None);
    }
    assert_eq!(on.tenants.tenants().await.unwrap(), [home.tenant]);
    on.realm("Straßen").await;
}

/// A tenant that had tokens never looks new.
pub async fn history_outlives_the_tokens(on: &StoreUnderTest) {
    let (home, away) = (on.realm("home").await, on.realm("away").await);
    assert!(!on.tenants.has_history(home.tenant.id).await.unwrap());
    let view = home.make("only").await.view;
    assert!(on.tenants.has_history(home.tenant.id).await.unwrap());
    home.revoke(&view).await;
    assert!(on.tenants.has_history(home.tenant.id).await.unwrap());
    assert!(!on.tenants.has_history(away.tenant.id).await.unwrap());
}

/// By no method with a tenant as a parameter.
pub async fn a_tenant_sees_nothing_of_another(on: &StoreUnderTest) {
    let (home, away) = (on.realm("home").await, on.realm("away").await);
    let once = countersign_domain::IdempotentRequest {
        key: "key".parse().unwrap(),
        fingerprint: countersign_domain::Fingerprint::of(b"{}"),
    };
    let draft = home.draft("secret garden");
    let (change, _) = home.creation(home.system(), &draft, Some(once.clone()));
    home.commit(&change).await.unwrap();
    let (tenant, token) = (away.tenant.id, change.next());
    assert_eq!(on.tokens.get(tenant, token.id).await.unwrap(), None);
    assert_eq!(on.tokens.list(tenant, None, 9).await.unwrap().content, []);
    let all = Filter::All(Vec::new());
    let page = PageRequest {
        number: 0,
        size: 9,
        count_to: None,
    };
    let page = on.tokens.query(tenant, &all, &[], page).await.unwrap();
    assert_eq!((page.content, page.total), (Vec::new(), 0));
    let events = on.tokens.events(tenant, token.id, None, 9).await;
    assert_eq!(events.unwrap(), []);
    let chain = on.audit.chain(tenant, token.id, None, 9).await;
    assert_eq!(chain.unwrap(), []);
    assert_eq!(on.users.user(tenant, token.user).await.unwrap(), None);
    let system = home.tenant.system.id;
    assert_eq!(on.users.user(tenant, system).await.unwrap(), None);
    let since = on.clock.now().minus_seconds(60);
    let made = on
        .tokens
        .find_by_idempotency_key(tenant, system, &once.key, since)
        .await;
    assert_eq!(made.unwrap(), None);
}

/// To the other tenant its tokens do not exist, whatever a caller assumes.
pub async fn a_tenant_changes_nothing_of_another(on: &StoreUnderTest) {
    let (home, away) = (on.realm("home").await, on.realm("away").await);
    let theirs = away.make("theirs").await.view;
    let mut claimed = theirs.clone();
    claimed.token.tenant = home.tenant.id;
    let ours = home.make("ours").await.view;
    let before = Snapshot::of(&away).await;
    for actor in [home.system(), home.actor(&ours)] {
        for view in [&theirs, &claimed] {
            let changes = [
                home.edit(actor.clone(), view, &rename_to("mine")),
                home.revocation(actor.clone(), view),
            ];
            for change in changes {
                let error = refused(&home, &change).await;
                assert!(matches!(error, CommitError::NotFound), "{error:?}");
            }
        }
    }
    assert_eq!(Snapshot::of(&away).await, before);
}

/// Nor do the ids of their tokens and users clash.
pub async fn names_of_two_tenants_do_not_clash(on: &StoreUnderTest) {
    let (home, away) = (on.realm("home").await, on.realm("away").await);
    let mine = home.make("same").await.view;
    let theirs = away.make("SAME").await.view;
    let renamed = home.update(&mine, &rename_to("same again")).await;
    assert_eq!(home.get(mine.token.id).await, Some(renamed));
    assert_eq!(away.get(theirs.token.id).await, Some(theirs));
}
