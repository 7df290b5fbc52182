//! Actors that are revoked or narrowed while their writes are in flight, on one node and on two,
//! and beside another session that holds locks or a transaction.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::time::Duration;

use countersign_application::{
    ports::{CommitError, UsageRecord, UsageStore as _},
    testing::{
        Stores, TestTenant,
        contract::authority::{Loss, circles, duels, losses_in_flight},
        rename_to,
    },
};
use countersign_domain::{Actor, Change, SecretDigest, TokenView};
use countersign_postgres::PostgresStore;
use futures_util::future::{join, join_all};
use sqlx::{Executor as _, PgConnection};

use crate::support::{Database, timed};

/// How often the races are run on two nodes.
const ROUNDS: usize = 200;

/// Two nodes on one database, with one clock, and ids that do not clash.
async fn two_nodes(database: &Database) -> [Stores; 2] {
    let one = Stores::of(database.store(16).await);
    let other = Stores {
        clock: one.clock.clone(),
        entropy: one.entropy.clone(),
        ..Stores::of(database.store(16).await)
    };
    [one, other]
}

/// The same tenant on the other node.
fn also_on(node: &Stores, home: &TestTenant) -> TestTenant {
    TestTenant {
        stores: node.clone(),
        ..home.clone()
    }
}

async fn duels_on_two_nodes(loss: Loss) {
    let database = Database::new().await;
    let [one, other] = two_nodes(&database).await;
    let home = one.realm("home").await;
    duels([&home, &also_on(&other, &home)], loss, ROUNDS).await;
}

async fn losses_on_two_nodes(loss: Loss) {
    let database = Database::new().await;
    let [one, other] = two_nodes(&database).await;
    losses_in_flight([&one, &other], loss, ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_tokens_that_revoke_each_other_on_two_nodes_one_stays() {
    duels_on_two_nodes(Loss::Revoked).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_tokens_that_narrow_each_other_on_two_nodes_one_keeps_its_rights() {
    duels_on_two_nodes(Loss::Narrowed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_lands_on_another_node_after_a_revocation() {
    losses_on_two_nodes(Loss::Revoked).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_lands_on_another_node_after_a_narrowing() {
    losses_on_two_nodes(Loss::Narrowed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_lands_on_another_node_after_addresses_were_narrowed() {
    losses_on_two_nodes(Loss::Relocated).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_tokens_that_relocate_each_other_on_two_nodes_one_stays_in_place() {
    duels_on_two_nodes(Loss::Relocated).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_lands_on_another_node_after_a_rotation() {
    losses_on_two_nodes(Loss::Rotated).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_lands_on_another_node_after_an_expiry_was_shortened() {
    losses_on_two_nodes(Loss::Shortened).await;
}

/// Uses of all tokens are noted meanwhile, which locks rows as well.
async fn note_uses(store: &PostgresStore, home: &TestTenant) {
    let now = home.stores.clock.now();
    for second in 0..60 {
        let tokens = home.stores.tokens.list(home.tenant.id, None, u8::MAX).await;
        let uses = tokens.unwrap().content.into_iter().map(|view| UsageRecord {
            tenant: home.tenant.id,
            token: view.token.id,
            digest: SecretDigest::from_bytes([0; 32]),
            at: now.plus_seconds(second),
            address: None,
        });
        store.record(&uses.collect::<Vec<_>>()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_two_changes_wait_for_each_other() {
    let database = Database::new().await;
    let [one, other] = two_nodes(&database).await;
    let home = one.realm("home").await;
    let away = also_on(&other, &home);
    let usage = database.store(2).await;
    let nodes = [&home, &away];
    join(
        join(circles(nodes, 60), note_uses(&usage, &home)),
        join_all([
            duels(nodes, Loss::Revoked, 60),
            duels(nodes, Loss::Rotated, 60),
        ]),
    )
    .await;
    // A session tells its numbers at its end at the latest.
    database.kill_all().await;
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let mut connection = database.connect().await;
    let deadlocks: i64 = sqlx::query_scalar(deadlocks)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(deadlocks, 0);
}

/// A session that has looked at the tables and been given a number, and stays in its transaction.
async fn idle_transaction(database: &Database) -> PgConnection {
    let mut idle = database.connect().await;
    let begin = "BEGIN; SELECT pg_current_xact_id(); SELECT count(*) FROM api_tokens";
    idle.execute(begin).await.unwrap();
    idle
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loss_waits_for_no_transaction_of_somebody_else() {
    let database = Database::new().await;
    let [one, other] = two_nodes(&database).await;
    let mut idle = idle_transaction(&database).await;
    for loss in [Loss::Revoked, Loss::Narrowed] {
        losses_in_flight([&one, &other], loss, 20).await;
        let home = one.realm(&format!("{loss:?}")).await;
        duels([&home, &also_on(&other, &home)], loss, 20).await;
    }
    idle.execute("SELECT 1").await.unwrap();
}

/// Commits writes of the actor that have to wait for a lock of somebody else, which is held until the actor's loss is
/// stored. The writes are given up for that, and change nothing.
async fn lose_while_waiting(
    database: &Database,
    home: &TestTenant,
    lock: &str,
    writes: &[Change],
    loss: &Change,
) {
    let mut other = database.connect().await;
    other.execute("BEGIN").await.unwrap();
    other
        .execute(sqlx::AssertSqlSafe(lock.to_owned()))
        .await
        .unwrap();
    let acknowledged = async {
        database.until_somebody_waits().await;
        let (outcome, took) = timed(home.commit(loss)).await;
        outcome.unwrap();
        // The half of a statement's time.
        assert!(took < Duration::from_millis(1300), "{took:?}");
        other.execute("ROLLBACK").await.unwrap();
    };
    let (outcomes, ()) = join(
        join_all(writes.iter().map(|write| home.commit(write))),
        acknowledged,
    )
    .await;
    for outcome in outcomes {
        // Gone, if it got its locks only after the loss.
        let given_up = matches!(outcome, Err(CommitError::Fault(_) | CommitError::ActorGone));
        assert!(given_up, "{outcome:?}");
    }
}

async fn home_with_actor(database: &Database) -> (TestTenant, TokenView, Actor) {
    let home = Stores::of(database.store(12).await).realm("home").await;
    let view = home.make("actor").await.view;
    let actor = home.actor(&view);
    (home, view, actor)
}

#[tokio::test]
async fn a_revocation_is_stored_though_its_actors_updates_wait() {
    let database = Database::new().await;
    let (home, actor_view, actor) = home_with_actor(&database).await;
    let view = home.make("target").await.view;
    let update = |n| home.edit(actor.clone(), &view, &rename_to(&format!("renamed {n}")));
    let lock = format!(
        "SELECT 1 FROM api_tokens WHERE id = '{}' FOR UPDATE",
        view.token.id
    );
    let loss = home.revocation(home.system(), &actor_view);
    let updates: Vec<_> = (0..6).map(update).collect();
    lose_while_waiting(&database, &home, &lock, &updates, &loss).await;
    assert_eq!(home.get(actor_view.token.id).await, None);
    assert_eq!(home.get(view.token.id).await, Some(view));
}

#[tokio::test]
async fn a_narrowing_is_stored_though_its_actors_creation_waits() {
    let database = Database::new().await;
    let (home, actor_view, actor) = home_with_actor(&database).await;
    let (creation, _) = home.creation(actor, &home.draft("wanted"), None);
    // Another session is about to give the name to a token of its own.
    let lock = format!(
        "UPDATE api_tokens SET name_key = '{}' WHERE id = '{}'",
        creation.next().name.key(),
        home.make("rival").await.view.token.id
    );
    let mut edit = rename_to("actor");
    edit.permissions = Some(vec!["api.api-tokens.write".to_owned()]);
    let loss = home.edit(home.system(), &actor_view, &edit);
    let creations = [creation];
    lose_while_waiting(&database, &home, &lock, &creations, &loss).await;
    assert_eq!(home.get(creations[0].next().id).await, None);
}

/// The write was there first, and the one who revokes its actor can see it.
#[tokio::test]
async fn a_revocation_is_stored_behind_the_write_that_it_waited_for() {
    let database = Database::new().await;
    let (home, actor_view, actor) = home_with_actor(&database).await;
    let view = home.make("target").await.view;
    let update = home.edit(actor, &view, &rename_to("renamed"));
    let mut other = database.connect().await;
    let lock = format!(
        "BEGIN; SELECT 1 FROM api_tokens WHERE id = '{}' FOR UPDATE",
        view.token.id
    );
    other.execute(sqlx::AssertSqlSafe(lock)).await.unwrap();
    let updated = tokio::spawn({
        let home = home.clone();
        async move { home.commit(&update).await }
    });
    database.until_waiting(1).await;
    let revoked = tokio::spawn({
        let home = home.clone();
        async move { home.revoke(&actor_view).await }
    });
    database.until_waiting(2).await;
    other.execute("ROLLBACK").await.unwrap();
    revoked.await.unwrap();
    let seen = home.get(view.token.id).await.unwrap();
    assert_eq!(seen.token.name.as_str(), "renamed");
    updated.await.unwrap().unwrap();
}
