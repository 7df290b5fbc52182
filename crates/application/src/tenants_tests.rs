//! Tests of tenants: one default, one first token, however many nodes start at once.

use countersign_domain::standard;

use super::*;
use crate::{
    ports::{CommitError, MockTenantStore, MockTokenStore},
    samples,
};

fn tenants(store: MockTenantStore, tokens: MockTokenStore) -> Tenants {
    let (clock, entropy) = (Arc::new(samples::clock()), Arc::new(samples::entropy()));
    Tenants::new(Arc::new(store), clock, entropy, samples::tokens(tokens))
}

fn tenant() -> Tenant {
    Tenant {
        id: samples::tenant_id(),
        name: "default".into(),
        created: samples::now(),
        system: UserInfo {
            id: samples::user(8).id,
            name: "Countersign".into(),
        },
    }
}

fn secret() -> Secret {
    Secret::from_random(&[9; 32])
}

#[tokio::test]
async fn the_default_tenant_is_made_once() {
    let mut store = MockTenantStore::new();
    store.expect_tenants().times(1).returning(|| Ok(vec![]));
    store
        .expect_create()
        .times(1)
        .withf(|tenant| &*tenant.name == "default")
        .returning(|_| Ok(()));
    assert_eq!(
        &*tenants(store, MockTokenStore::new())
            .default()
            .await
            .unwrap()
            .name,
        "default"
    );

    let mut there = MockTenantStore::new();
    there.expect_tenants().returning(|| Ok(vec![tenant()]));
    there.expect_create().never();
    assert_eq!(
        tenants(there, MockTokenStore::new())
            .default()
            .await
            .unwrap(),
        tenant()
    );
}

#[tokio::test]
async fn a_node_that_comes_second_takes_the_others_tenant() {
    let mut store = MockTenantStore::new();
    let mut answers = vec![vec![tenant()], vec![]];
    store
        .expect_tenants()
        .times(2)
        .returning(move || Ok(answers.pop().unwrap()));
    store
        .expect_create()
        .times(1)
        .returning(|_| Err(TenantError::NameTaken));
    assert_eq!(
        tenants(store, MockTokenStore::new())
            .default()
            .await
            .unwrap(),
        tenant()
    );
}

#[tokio::test]
async fn the_first_token_holds_everything_for_as_long_as_can_be() {
    let mut store = MockTenantStore::new();
    store.expect_has_history().times(1).returning(|_| Ok(false));
    let mut written = MockTokenStore::new();
    written
        .expect_commit()
        .times(1)
        .withf(|change| change.write().digest() == Some(&secret().digest()))
        .returning(|_| Ok(()));
    let made = tenants(store, written)
        .first_token(&tenant(), samples::request_id(), &(&secret()).into())
        .await
        .unwrap();
    let FirstToken::Made(made) = made else {
        panic!("made")
    };
    let token = made.token;
    let of_default = standard::ALL.iter().chain(standard::OWN).cloned();
    let of_default = of_default.chain([standard::METRICS_READ]).collect();
    assert_eq!(token.permissions, of_default);
    assert_eq!(token.expiry, samples::now().plus_months(24));
    assert_eq!(&*made.created_by.name, "Countersign");
}

#[tokio::test]
async fn a_tenant_with_a_history_gets_no_first_token() {
    let mut store = MockTenantStore::new();
    store.expect_has_history().returning(|_| Ok(true));
    let mut untouched = MockTokenStore::new();
    untouched.expect_commit().never();
    let answer = tenants(store, untouched)
        .first_token(&tenant(), samples::request_id(), &(&secret()).into())
        .await;
    assert!(matches!(answer, Ok(FirstToken::NotNeeded)));

    let mut racing = MockTenantStore::new();
    racing.expect_has_history().returning(|_| Ok(false));
    let mut taken = MockTokenStore::new();
    taken
        .expect_commit()
        .times(1)
        .returning(|_| Err(CommitError::NameTaken));
    let asked = taken.expect_query();
    asked.returning(|_, _, _, _| Err(samples::away()));
    let answer = tenants(racing, taken)
        .first_token(&tenant(), samples::request_id(), &(&secret()).into())
        .await;
    assert!(matches!(answer, Ok(FirstToken::NotNeeded)));
}

#[tokio::test]
async fn a_store_that_cannot_answer_is_no_empty_store() {
    let mut store = MockTenantStore::new();
    store.expect_tenants().returning(|| Err(samples::away()));
    store
        .expect_has_history()
        .returning(|_| Err(samples::away()));
    store.expect_create().never();
    let mut untouched = MockTokenStore::new();
    untouched.expect_commit().never();
    let tenants = tenants(store, untouched);
    assert!(matches!(
        tenants.default().await,
        Err(UseCaseError::Store(_))
    ));
    let first = tenants
        .first_token(&tenant(), samples::request_id(), &(&secret()).into())
        .await;
    assert!(matches!(first, Err(UseCaseError::Store(_))));
}

/// Names that an older release allowed are kept, and new names are compared with all of them.
#[tokio::test]
async fn names_of_tenants_are_compared_folded() {
    let of_name = |name: &str| Tenant {
        name: name.into(),
        ..tenant()
    };
    let stored = ["ACME", "Default", "acme", "Home"].map(of_name);
    let mut store = MockTenantStore::new();
    let there = stored.to_vec();
    store.expect_tenants().returning(move || Ok(there.clone()));
    store
        .expect_create()
        .times(2)
        .withf(|tenant| ["Other", "default"].contains(&&*tenant.name))
        .returning(|_| Ok(()));
    let tenants = tenants(store, MockTokenStore::new());
    for taken in ["Acme", "acme", "HOME", "ｈome", "DEFAULT"] {
        let refused = tenants.create(taken).await;
        assert!(
            matches!(refused, Err(UseCaseError::NameTaken { .. })),
            "{taken}"
        );
    }
    tenants.create("Other").await.unwrap();
    assert_eq!(&*tenants.default().await.unwrap().name, "default");
    for (name, found) in [
        ("acme", Some("acme")),
        ("ACME", Some("ACME")),
        ("Acme", None),
        ("hOME", Some("Home")),
        ("nobody", None),
    ] {
        let tenant = tenants.named(name).await.unwrap();
        let tenant = tenant.as_ref().map(|tenant| &*tenant.name);
        assert_eq!(tenant, found, "{name}");
    }
    let alike = tenants.alike().await.unwrap();
    assert_eq!(alike, [[stored[0].clone(), stored[2].clone()]]);
}

/// The name is reserved even before the default tenant exists.
#[tokio::test]
async fn the_name_of_the_default_tenant_is_reserved() {
    let mut store = MockTenantStore::new();
    store.expect_tenants().returning(|| Ok(vec![]));
    store.expect_create().times(1).returning(|_| Ok(()));
    let tenants = tenants(store, MockTokenStore::new());
    let refused = tenants.create("Default").await;
    assert!(matches!(refused, Err(UseCaseError::NameTaken { .. })));
    tenants.create("default").await.unwrap();
}
