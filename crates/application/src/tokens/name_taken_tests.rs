//! A taken name: which token has it is said to readers alone, and the refusal needs no answer to
//! that.

use countersign_domain::{
    NewToken, Permission, TokenId, TokenName, TokenView, WrittenAnnotations, standard::*,
};
use mockall::predicate::{always, eq};

use super::*;
use crate::{
    ports::{MockTokenStore, StoreError},
    query::{Filter, Page, TextField, TextTest},
    samples::{actor, away, now, rename, request_id, tenant_id, token_id, tokens, view},
};

const WRITER: &[Permission] = &[API_TOKENS_WRITE, TASKS_READ];
const READER: &[Permission] = &[API_TOKENS_READ, API_TOKENS_WRITE, TASKS_READ];

type Found = fn() -> Result<Page<TokenView>, StoreError>;

fn page(content: Vec<TokenView>) -> Page<TokenView> {
    Page {
        content,
        unreadable: vec![],
        total: 0,
    }
}

/// A store that refuses every name, and answers so who has it, if it is asked `times` times.
fn refusing(found: Found, times: usize) -> MockTokenStore {
    let mut store = MockTokenStore::new();
    store.expect_get().returning(|_, _| Ok(Some(view(2, 3))));
    let taken = |_: &Change| Err(CommitError::NameTaken);
    store.expect_commit().returning(taken);
    store.expect_dry_run().returning(taken);
    let key = TokenName::parse("Straße").unwrap().key().to_owned();
    let filter = Filter::Text(TextField::Name, TextTest::Equals(key));
    let query = store.expect_query().times(times);
    query
        .with(eq(tenant_id()), eq(filter), always(), always())
        .returning(move |_, _, _, _| found());
    store
}

/// Creates a token of that name and renames one to it, each also as a dry run; returns the holders.
async fn holders(by: &[Permission], found: Found) -> Vec<Option<TokenId>> {
    let reads = by.contains(&API_TOKENS_READ);
    let draft = NewToken {
        name: " STRASSE".into(),
        expiry: now().plus_seconds(60),
        allowed_addresses: vec![],
        permissions: vec!["api.tasks.read".into()],
        annotations: WrittenAnnotations::default(),
    };
    let (edit, of) = (rename("ＳTRASSE"), (token_id(2), 3.try_into().unwrap()));
    let mut holders = Vec::new();
    for dry_run in [false, true] {
        for create in [false, true] {
            let tokens = tokens(refusing(found, usize::from(reads)));
            let (actor, id) = (actor(by), request_id());
            let by = actor.authorize().unwrap();
            let refused = match (create, dry_run) {
                (true, true) => tokens.create_dry_run(by, id, &draft, None).await,
                (true, false) => tokens.create(by, id, &draft, None).await.map(drop),
                _ => tokens.update(by, id, of, &edit, dry_run).await.map(drop),
            };
            match refused {
                Err(UseCaseError::NameTaken { holder }) => {
                    holders.push(holder.map(|one| one.token.id));
                }
                other => panic!("{other:?}"),
            }
        }
    }
    holders
}

#[tokio::test]
async fn the_holder_is_named_to_readers_alone() {
    let found: Found = || Ok(page(vec![view(5, 1)]));
    assert_eq!(holders(READER, found).await, [Some(token_id(5)); 4]);
    assert_eq!(holders(WRITER, found).await, [None; 4]);
}

#[tokio::test]
async fn the_refusal_stands_if_the_holder_cannot_be_found() {
    let gone: Found = || Ok(page(vec![]));
    for found in [gone, || Err(away())] {
        assert_eq!(holders(READER, found).await, [None; 4]);
    }
}
