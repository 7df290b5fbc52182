//! Connections that are lost, and a database that comes back: the very next call works.

use countersign_application::{
    ports::{CommitError, StoreError, StoreHealth as _, TokenStore as _},
    testing::{Stores, rename_to},
};
use futures_util::future::join_all;
use sqlx::Executor as _;

use crate::support::Database;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_connections_cost_no_request() {
    let database = Database::new().await;
    let store = database.store(8).await;
    let home = Stores::of(store.clone()).realm("home").await;
    let mut view = home.make("a").await.view;
    for round in 0..4 {
        let busy = join_all((0..8).map(|_| store.ping())).await;
        assert!(busy.iter().all(Result::is_ok));
        assert!(database.kill_all().await >= 1, "nothing to lose");
        // In turn, the first to meet the loss is a write or a read.
        if round % 2 == 0 {
            view = home
                .update(&view, &rename_to(&format!("name {round}")))
                .await;
        }
        let reads = join_all((0..8).map(|_| store.get(home.tenant.id, view.token.id))).await;
        for read in reads {
            assert_eq!(read.unwrap().as_ref(), Some(&view));
        }
        view = home
            .update(&view, &rename_to(&format!("next {round}")))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stricter_isolation_by_default_lets_no_change_judge_by_what_was() {
    let database = Database::new().await;
    let name = database.name();
    let stricter = "default_transaction_isolation = 'repeatable read'";
    let alter = format!("ALTER DATABASE {name} SET {stricter}");
    database.as_superuser(&alter).await;
    let home = Stores::of(database.store(2).await).realm("home").await;
    let view = home.make("a").await.view;
    home.update(&view, &rename_to("b")).await;
    // A connection that keeps the default, as behind a pooler, is refused instead of believed.
    let mut connection = database.connect().await;
    let authorize =
        "SELECT authorize_change(NULL, NULL, NULL, now(), '{}', NULL, NULL, NULL, NULL, NULL)";
    let refused = connection.execute(authorize).await.unwrap_err();
    let said = refused.as_database_error().unwrap();
    assert_eq!(said.code().as_deref(), Some("25000"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_read_only_for_a_while_takes_writes_afterwards() {
    let database = Database::new().await;
    let store = database.store(4).await;
    let home = Stores::of(store.clone()).realm("home").await;
    let view = home.make("a").await.view;
    let mode = async |mode: &str| {
        let name = database.name();
        let sql = format!("ALTER DATABASE {name} SET default_transaction_read_only = {mode}");
        database.as_superuser(&sql).await;
    };
    mode("on").await;
    database.kill_all().await;
    let pings = join_all((0..4).map(|_| store.ping())).await;
    assert!(pings.iter().all(Result::is_ok));
    let change = home.edit(home.system(), &view, &rename_to("b"));
    for _ in 0..3 {
        let refused = home.commit(&change).await;
        assert!(
            matches!(refused, Err(CommitError::Fault(StoreError::Unwritable(_)))),
            "{refused:?}"
        );
        assert_eq!(home.get(view.token.id).await.as_ref(), Some(&view));
    }
    mode("off").await;
    // Connections from before still refuse; within moments none of them is left.
    let healed = crate::support::soon(async || home.commit(&change).await.is_ok()).await;
    assert!(healed, "still read-only");
    assert_eq!(home.get(view.token.id).await.unwrap(), view.after(&change));
}
