//! An actor that is revoked or narrowed while its write waits for somebody else's lock.

use countersign_application::{
    ports::CommitError,
    testing::{Realm, Stores, named},
};
use countersign_domain::{Actor, Change, TokenView};
use futures_util::future::join;
use sqlx::Executor as _;

use crate::support::Database;

/// Commits while a session of somebody else's holds what `lock` takes, which it gives up again once `meanwhile` is done.
#[expect(clippy::unwrap_used, reason = "what fails here fails the test")]
async fn commit_behind(
    database: &Database,
    lock: &str,
    home: &Realm,
    change: &Change,
    meanwhile: impl Future<Output = ()>,
) -> Result<(), CommitError> {
    let mut other = database.connect().await;
    other.execute("BEGIN").await.unwrap();
    other
        .execute(sqlx::AssertSqlSafe(lock.to_owned()))
        .await
        .unwrap();
    let released = async {
        database.until_somebody_waits().await;
        meanwhile.await;
        other.execute("ROLLBACK").await.unwrap();
    };
    join(home.commit(change), released).await.0
}

async fn home_with_actor(database: &Database) -> (Realm, TokenView, Actor) {
    let home = Stores::of(database.store(4).await).realm("home").await;
    let view = home.make("actor").await.view;
    let actor = home.actor(&view);
    (home, view, actor)
}

#[tokio::test]
async fn an_actor_that_is_revoked_while_its_update_waits_changes_nothing() {
    let database = Database::new().await;
    let (home, actor_view, actor) = home_with_actor(&database).await;
    let view = home.make("target").await.view;
    let change = home.edit(actor, &view, &named("renamed"));
    let lock = format!(
        "SELECT 1 FROM api_tokens WHERE id = '{}' FOR UPDATE",
        view.token.id
    );
    let revoked = home.revoke(&actor_view);
    let outcome = commit_behind(&database, &lock, &home, &change, revoked).await;
    assert!(
        matches!(outcome, Err(CommitError::ActorGone)),
        "{outcome:?}"
    );
    assert_eq!(home.get(view.token.id).await, Some(view));
}

#[tokio::test]
async fn an_actor_that_is_narrowed_while_its_creation_waits_makes_nothing() {
    let database = Database::new().await;
    let (home, actor_view, actor) = home_with_actor(&database).await;
    let (change, _) = home.creation(actor, &home.draft("wanted"), None);
    // Another session is about to give the name to a token of its own.
    let lock = format!(
        "UPDATE api_tokens SET name_key = '{}' WHERE id = '{}'",
        change.next().name.key(),
        home.make("rival").await.view.token.id
    );
    let narrowed = async {
        let mut edit = named("actor");
        edit.permissions = Some(vec!["api.api-tokens.write".to_owned()]);
        home.update(&actor_view, &edit).await;
    };
    let outcome = commit_behind(&database, &lock, &home, &change, narrowed).await;
    assert!(
        matches!(outcome, Err(CommitError::ActorNarrowed)),
        "{outcome:?}"
    );
    assert_eq!(home.get(change.next().id).await, None);
}
