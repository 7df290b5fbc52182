//! What one tenant's crowd of readers, or a crowd of strangers, leaves to everybody else.

use std::{future::Future, pin::Pin};

use countersign_application::{
    ports::{EventFilter, Session, SessionDigest, SessionStore as _, StoreHealth as _},
    testing::{Stores, no_change},
};
use countersign_postgres::{FeedMode, PostgresStore};
use futures_util::future::join_all;
use sqlx::Executor as _;

use crate::support::{Database, Proxy};

type Call = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Each crowd waits for a table that somebody holds, and so keeps whatever connections it took.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenants_lists_histories_and_dry_runs_leave_connections_to_others() {
    let database = Database::new().await;
    let store = database.store(4).await;
    let stores = Stores::of(store.clone());
    let (home, other) = (stores.realm("home").await, stores.realm("other").await);
    let mine = home.make("mine").await.view;
    let theirs = other.make("theirs").await.view.token;
    let mut shorter = no_change(&mine);
    shorter.expiry = Some(mine.token.expiry.minus_seconds(1));
    let change = home.edit(home.system(), &mine, &shorter);
    let (tenant, token) = (home.tenant.id, mine.token.id);
    let call = |kind: &str| -> Call {
        let (tokens, change) = (stores.tokens.clone(), change.clone());
        let every = EventFilter::default();
        match kind {
            "list" => Box::pin(async move { drop(tokens.list(tenant, None, 1).await) }),
            "events" => Box::pin(async move { drop(tokens.events(tenant, token, None, 1).await) }),
            "dry run" => Box::pin(async move { drop(tokens.dry_run(&change).await) }),
            _ => Box::pin(async move { drop(tokens.history(tenant, &every, None, 1).await) }),
        }
    };
    for kind in ["list", "events", "history", "dry run"] {
        let mut holder = database.connect().await;
        let lock = "BEGIN; LOCK TABLE audit_events, token_uses IN ACCESS EXCLUSIVE MODE";
        holder.execute(lock).await.unwrap();
        let crowd = tokio::spawn(join_all((0..16).map(|_| call(kind))));
        database.until_somebody_waits().await;
        for _ in 0..20 {
            let user = stores.users.user(other.tenant.id, theirs.user).await;
            assert!(user.is_ok_and(|user| user.is_some()), "{kind}");
            store.ping().await.unwrap();
        }
        holder.execute("ROLLBACK").await.unwrap();
        crowd.await.unwrap();
    }
}

/// Everybody can send a cookie with an id that leads nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_session_look_ups_shares_statements_and_each_gets_its_own_answer() {
    let database = Database::new().await;
    let stores = Stores::of(database.store(2).await);
    let home = stores.realm("home").await;
    let now = stores.clock.now();
    let mut began = Vec::new();
    for n in 0..10 {
        let made = home.make(&format!("token {n}")).await;
        let session = Session {
            digest: SessionDigest::from_bytes([n; 32]),
            tenant: home.tenant.id,
            token: made.view.token.id,
            secret: made.secret.digest(),
            began: now,
            seen: now,
        };
        stores.sessions.begin(&session).await.unwrap();
        began.push(session);
    }
    let proxy = Proxy::to(database.port()).await;
    let store = PostgresStore::open(&database.url(Some(proxy.port)), 4, FeedMode::Poll).unwrap();
    store.session(&began[0].digest).await.unwrap();
    proxy.executions();
    let found = join_all((0..400_u16).map(|n| {
        let mut digest = [u8::try_from(n % 20).unwrap(); 32];
        if n % 20 >= 10 {
            digest[..2].copy_from_slice(&n.to_be_bytes());
        }
        let store = &store;
        async move { store.session(&SessionDigest::from_bytes(digest)).await }
    }));
    for (n, found) in found.await.into_iter().enumerate() {
        assert_eq!(found.unwrap().as_ref(), began.get(n % 20), "{n}");
    }
    let statements = proxy.executions();
    assert!(statements <= 20, "{statements} statements");
}
