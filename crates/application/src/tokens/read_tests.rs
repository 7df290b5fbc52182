//! Reading: always within the actor's tenant, and never a fault taken for an absence.

use countersign_domain::{Version, standard::*};
use mockall::predicate::{always, eq};

use crate::{
    UseCaseError,
    ports::MockTokenStore,
    query::{Filter, Listed, Page, PageRequest},
    samples::{self, by, tenant_id, token_id, tokens, view},
};

#[tokio::test]
async fn gets_from_the_actors_tenant() {
    let mut store = MockTokenStore::new();
    store
        .expect_get()
        .with(eq(tenant_id()), eq(token_id(2)))
        .times(1)
        .returning(|_, _| Ok(Some(view(2, 1))));
    let found = tokens(store)
        .get(&by(&[API_TOKENS_READ]), token_id(2))
        .await
        .unwrap();
    assert_eq!(found, view(2, 1));
}

#[tokio::test]
async fn absent_and_unanswered_are_told_apart() {
    let mut missing = MockTokenStore::new();
    missing.expect_get().returning(|_, _| Ok(None));
    missing.expect_events().returning(|_, _, _, _| Ok(vec![]));
    let missing = tokens(missing);
    let reader = by(&[API_TOKENS_READ]);
    assert!(matches!(
        missing.get(&reader, token_id(2)).await,
        Err(UseCaseError::TokenNotFound)
    ));
    assert!(matches!(
        missing.current(&by(&[])).await,
        Err(UseCaseError::ActorGone)
    ));
    assert!(matches!(
        missing.events(&reader, token_id(2), None, 10).await,
        Err(UseCaseError::TokenNotFound)
    ));
    assert_eq!(
        missing
            .events(&reader, token_id(2), Some(Version::FIRST), 10)
            .await
            .unwrap(),
        []
    );

    let mut broken = MockTokenStore::new();
    broken.expect_get().returning(|_, _| Err(samples::away()));
    broken
        .expect_events()
        .returning(|_, _, _, _| Err(samples::away()));
    broken
        .expect_query()
        .returning(|_, _, _, _| Err(samples::away()));
    broken
        .expect_list()
        .returning(|_, _, _| Err(samples::away()));
    let broken = tokens(broken);
    let page = PageRequest {
        number: 0,
        size: 1,
        count_to: None,
    };
    assert!(matches!(
        broken.get(&reader, token_id(2)).await,
        Err(UseCaseError::Store(_))
    ));
    assert!(matches!(
        broken.current(&by(&[])).await,
        Err(UseCaseError::Store(_))
    ));
    assert!(matches!(
        broken.events(&reader, token_id(2), None, 10).await,
        Err(UseCaseError::Store(_))
    ));
    assert!(matches!(
        broken.query(&reader, &Filter::All(vec![]), &[], page).await,
        Err(UseCaseError::Store(_))
    ));
    assert!(matches!(
        broken.list(&reader, None, 10).await,
        Err(UseCaseError::Store(_))
    ));
}

#[tokio::test]
async fn current_is_the_actors_own_token() {
    let mut store = MockTokenStore::new();
    store
        .expect_get()
        .with(eq(tenant_id()), eq(token_id(1)))
        .times(1)
        .returning(|_, _| Ok(Some(view(1, 1))));
    assert_eq!(tokens(store).current(&by(&[])).await.unwrap(), view(1, 1));
}

#[tokio::test]
async fn lists_and_queries_stay_in_the_tenant() {
    let mut store = MockTokenStore::new();
    store
        .expect_list()
        .with(eq(tenant_id()), eq(None), eq(10))
        .times(1)
        .returning(|_, _, _| Ok(Listed::default()));
    store
        .expect_query()
        .with(
            eq(tenant_id()),
            always(),
            always(),
            eq(PageRequest {
                number: 2,
                size: 5,
                count_to: None,
            }),
        )
        .times(1)
        .returning(|_, _, _, _| {
            Ok(Page {
                content: vec![],
                unreadable: vec![],
                total: 3,
            })
        });
    let tokens = tokens(store);
    let reader = by(&[API_TOKENS_READ]);
    assert_eq!(
        tokens.list(&reader, None, 10).await.unwrap(),
        Listed::default()
    );
    let page = PageRequest {
        number: 2,
        size: 5,
        count_to: None,
    };
    assert_eq!(
        tokens
            .query(&reader, &Filter::All(vec![]), &[], page)
            .await
            .unwrap()
            .total,
        3
    );
}
