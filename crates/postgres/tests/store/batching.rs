//! Many callers at once, few connections, and callers that leave before they are answered.

use std::time::Duration;

use countersign_application::{
    ports::{Lineage, StoreError, StoreHealth as _, TokenStore as _},
    query::{Filter, ListField, ListTest, PageRequest},
    testing::Stores,
};
use countersign_domain::Secret;
use countersign_postgres::{FeedMode, PostgresStore};
use futures_util::{FutureExt as _, future::join_all};
use sqlx::{Connection as _, Executor as _};
use tokio::{join, time::sleep};

use crate::support::{Database, Proxy, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_look_ups_shares_statements_and_each_gets_its_own_answer() {
    let database = Database::new().await;
    let home = Stores::of(database.store(2).await).realm("home").await;
    let mut made = Vec::new();
    for n in 0..20 {
        made.push(home.make(&format!("token {n}")).await);
    }
    let proxy = Proxy::to(database.port()).await;
    let store = PostgresStore::open(&database.url(Some(proxy.port)), 4, FeedMode::Poll).unwrap();
    store.ping().await.unwrap();
    proxy.executions();
    let unknown = Secret::from_random(&[255; 32]).digest();
    let asked: Vec<_> = (0..400).map(|n| made.get(n % 21)).collect();
    let found = join_all(asked.iter().map(|made| async {
        let digest = made.map_or(unknown, |made| made.secret.digest());
        store.find(&digest).await.unwrap()
    }));
    for (made, found) in asked.iter().zip(found.await) {
        let token = made.map(|made| made.view.token.id);
        assert_eq!(found.map(|found| found.token), token);
    }
    let statements = proxy.executions();
    assert!(statements <= 40, "{statements} statements");
}

/// Whoever leaked a token could otherwise put off, with what it made, that this is taken back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_keep_nobody_from_finding_descendants() {
    let database = Database::new().await;
    let store = database.store(8).await;
    let home = Stores::of(store.clone()).realm("home").await;
    let token = home.make("leaked").await.view.token.id;
    let mut other = database.connect().await;
    let lock = "BEGIN; LOCK TABLE token_search IN ACCESS EXCLUSIVE MODE";
    other.execute(lock).await.unwrap();
    let (asking, tenant) = (store.clone(), home.tenant.id);
    let questions = tokio::spawn(async move {
        let holds = ListTest::ContainsAll(vec!["api.tasks.read".into()]);
        let filter = Filter::List(ListField::Permissions, holds);
        let page = PageRequest {
            number: 0,
            size: 1,
            count_to: None,
        };
        join_all((0..20).map(|_| asking.query(tenant, &filter, &[], page))).await
    });
    database.until_somebody_waits().await;
    let lineage = Lineage { token, since: None };
    let found = store.descendants(tenant, lineage, 9).await;
    assert_eq!(found.unwrap().unwrap().total, 1);
    other.execute("ROLLBACK").await.unwrap();
    questions.await.unwrap();
}

/// What a token made in weeks takes longer to find than any other query may take.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_for_descendants_may_take_longer_than_other_queries() {
    let database = Database::new().await;
    let store = database.store(8).await;
    let home = Stores::of(store.clone()).realm("home").await;
    let token = home.make("leaked").await.view.token.id;
    let mut other = database.connect().await;
    let lock = "BEGIN; LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE";
    other.execute(lock).await.unwrap();
    let lineage = Lineage { token, since: None };
    let (found, released) = join!(store.descendants(home.tenant.id, lineage, 9), async {
        // The pause is the input here: longer than the time-out of the other queries.
        sleep(Duration::from_secs(4)).await;
        other.execute("ROLLBACK").await
    });
    released.unwrap();
    assert_eq!(found.unwrap().unwrap().total, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_readers_shares_statements_and_each_gets_the_record_of_its_tenant() {
    let database = Database::new().await;
    let stores = Stores::of(database.store(2).await);
    let (home, other) = (stores.realm("home").await, stores.realm("other").await);
    let mut made = Vec::new();
    for n in 0..10 {
        made.push(home.make(&format!("token {n}")).await.view);
        made.push(other.make(&format!("token {n}")).await.view);
    }
    let proxy = Proxy::to(database.port()).await;
    let store = PostgresStore::open(&database.url(Some(proxy.port)), 4, FeedMode::Poll).unwrap();
    store.ping().await.unwrap();
    proxy.executions();
    // Each token by either tenant, of which one has it.
    let asked: Vec<_> = (0..400)
        .map(|n| ([&home, &other][n / 20 % 2].tenant.id, &made[n % 20]))
        .collect();
    let found = join_all(
        asked
            .iter()
            .map(|(tenant, view)| store.get(*tenant, view.token.id)),
    );
    for ((tenant, view), found) in asked.iter().zip(found.await) {
        let own = view.token.tenant == *tenant;
        assert_eq!(found.unwrap().as_ref(), own.then_some(*view));
    }
    let statements = proxy.executions();
    assert!(statements <= 40, "{statements} statements");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spoilt_row_is_no_fault_of_those_who_asked_with_it() {
    let database = Database::new().await;
    let store = database.store(2).await;
    let home = Stores::of(store.clone()).realm("home").await;
    let (good, bad, worse) = (
        home.make("good").await,
        home.make("bad").await,
        home.make("worse").await,
    );
    database
        .connect()
        .await
        .execute(
            "UPDATE api_tokens SET permissions = ARRAY['{ spoilt'] WHERE name = 'bad';
             UPDATE api_tokens SET permissions = ARRAY[NULL] WHERE name = 'worse'",
        )
        .await
        .unwrap();
    let asked: Vec<_> = (0..30)
        .map(|n| [&good, &bad, &worse][n % 3].secret.digest())
        .collect();
    let found = join_all(asked.iter().map(|digest| store.find(digest))).await;
    for (n, found) in found.into_iter().enumerate() {
        match n % 3 {
            0 => assert_eq!(found.unwrap().unwrap().token, good.view.token.id),
            1 => assert!(
                matches!(found, Err(StoreError::Corrupt { .. })),
                "{found:?}"
            ),
            _ => assert!(found.is_err(), "{found:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_leave_spoil_no_connection_for_those_that_stay() {
    let database = Database::new().await;
    let store = database.store(2).await;
    let home = Stores::of(store.clone()).realm("home").await;
    let mut made = Vec::new();
    for n in 0..10 {
        made.push(home.make(&format!("token {n}")).await.view);
    }
    for round in 0..50 {
        for view in &made {
            // As far as it comes at once, or after having been sent.
            let mut leaving = Box::pin(store.events(home.tenant.id, view.token.id, None, 1));
            // A server that is quick may even have answered.
            let left = leaving.as_mut().now_or_never().is_none();
            if left && round % 2 == 0 {
                tokio::task::yield_now().await;
                let _ = leaving.as_mut().now_or_never();
            }
        }
        let view = &made[round % 10];
        let read = store.get(home.tenant.id, view.token.id).await.unwrap();
        assert_eq!(read.as_ref(), Some(view));
    }
    let used = store.connections();
    // Beside those of requests, the one that notifies.
    assert!(used.open <= 2 + 1, "{used:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_counted_and_kept() {
    let database = Database::new().await;
    let store = database.store(3).await;
    // The one that looked at the migrations, which is none of requests.
    let aside = 1;
    assert_eq!(
        (store.connections().open, store.connections().limit),
        (aside, 3 + 8)
    );
    for _ in 0..5 {
        store.ping().await.unwrap();
        let used = store.connections();
        assert_eq!((used.open, used.idle), (aside + 1, aside + 1));
    }
    // A server that answers at once would need one connection for all of them.
    let mut owner = database.connect().await;
    let mut blocking = owner.begin().await.unwrap();
    blocking.execute("LOCK TABLE tenants").await.unwrap();
    let pings = join_all((0..12).map(|_| store.ping()));
    let (pings, ()) = join!(pings, async {
        database.until_waiting(3).await;
        blocking.commit().await.unwrap();
    });
    assert!(pings.iter().all(Result::is_ok));
    assert_eq!(store.connections().open, aside + 3);
    store.close().await;
    assert!(soon(async || store.connections().open == 0).await);
    assert!(store.ping().await.is_err());
}
