//! The file and those who share it: its mode, other processes, other people's locks, and the first start.

#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use countersign_application::{
    ports::{CommitError, StoreError},
    testing::{Stores, TestTenant, rename_to},
};
use countersign_domain::Policy;
use countersign_sqlite::SqliteStore;
use futures_util::future::join_all;
use sqlx::{ConnectOptions as _, Executor as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

/// Tells a copy of this test's program which file it shall work on.
const SHARED: &str = "COUNTERSIGN_TEST_SHARED_FILE";

fn path(folder: &TempDir) -> PathBuf {
    folder.path().join("test.db")
}

async fn open(path: &Path) -> SqliteStore {
    let store = SqliteStore::open(path).await.unwrap();
    store.migrate().await.unwrap();
    store
}

async fn stranger(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    options.connect().await.unwrap()
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_file_and_its_log() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&path(&folder)).await;
    Stores::of(store).realm("home").await.make("a").await;
    let mut files = 0;
    for entry in folder.path().read_dir().unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", entry.path().display());
        files += 1;
    }
    assert_eq!(files, 3, "the database, its log, and the log's index");
}

#[tokio::test]
async fn an_existing_file_keeps_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let stores = Stores::of(open(&path(&folder)).await);
    let home = stores.realm("home").await;
    let view = home.make("a").await.view;
    let again = open(&path(&folder)).await;
    again.migrate().await.unwrap();
    let again = Stores::of(again);
    let read = again.tokens.get(home.tenant.id, view.token.id);
    assert_eq!(read.await.unwrap(), Some(view));
}

#[tokio::test]
async fn what_is_no_database_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(path(&folder), "no database".repeat(1000)).unwrap();
    let missing = folder.path().join("missing/test.db");
    for path in [path(&folder), missing] {
        let outcome = SqliteStore::open(&path).await;
        assert!(outcome.is_err());
    }
}

/// Each handle, and each process, changes the one token when its turn comes.
async fn take_turns(path: &Path, name: &str, turns: usize) {
    let stores = Stores::of(open(path).await);
    let home = TestTenant {
        tenant: stores.tenants.tenants().await.unwrap().remove(0),
        stores: stores.clone(),
        policy: Policy::default(),
    };
    for n in 0..turns {
        loop {
            let view = stores.tokens.list(home.tenant.id, None, 1).await.unwrap();
            let edit = rename_to(&format!("{name} {n}"));
            match home
                .commit(&home.edit(home.system(), &view.content[0], &edit))
                .await
            {
                Ok(()) => break,
                Err(CommitError::Stale { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn processes_share_a_file() {
    if let Some(file) = env::var_os(SHARED) {
        let name = format!("process {}", std::process::id());
        return take_turns(Path::new(&file), &name, 25).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let home = Stores::of(open(&path(&folder)).await).realm("a").await;
    let view = home.make("shared").await.view;
    let copy = || {
        let mut copy = Command::new(env::current_exe().unwrap());
        copy.args(["--exact", "processes_share_a_file"]);
        copy.env(SHARED, path(&folder)).spawn().unwrap()
    };
    let copies = [copy(), copy()];
    take_turns(&path(&folder), "this process", 25).await;
    for mut copy in copies {
        assert!(copy.wait().unwrap().success());
    }
    let last = home.get(view.token.id).await.unwrap();
    assert_eq!(last.token.version.get(), 76);
}

#[tokio::test]
async fn nodes_that_start_at_once_migrate_once() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..5 {
        let path = folder.path().join(format!("{n}.db"));
        join_all((0..8).map(|_| open(&path))).await;
        let mut stranger = stranger(&path).await;
        let applied = sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success");
        let applied: i64 = applied.fetch_one(&mut stranger).await.unwrap();
        let files = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite");
        let files = std::fs::read_dir(files).unwrap().count();
        assert_eq!(usize::try_from(applied), Ok(files));
    }
}

#[tokio::test]
async fn a_foreign_lock_is_waited_for_within_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let home = Stores::of(open(&path(&folder)).await).realm("home").await;
    let view = home.make("a").await.view;
    let change = home.edit(home.system(), &view, &rename_to("b"));
    let mut stranger = stranger(&path(&folder)).await;
    stranger.execute("BEGIN IMMEDIATE").await.unwrap();
    for _ in 0..2 {
        let began = Instant::now();
        let outcomes = join_all((0..5).map(|_| home.commit(&change))).await;
        assert!(began.elapsed() < Duration::from_secs(5));
        for outcome in outcomes {
            let error = outcome.unwrap_err();
            assert!(
                matches!(error, CommitError::Fault(StoreError::Unavailable(_))),
                "{error:?}"
            );
        }
        assert_eq!(home.get(view.token.id).await.as_ref(), Some(&view));
    }
    stranger.execute("ROLLBACK").await.unwrap();
    home.commit(&change).await.unwrap();
    assert_eq!(home.get(view.token.id).await, Some(view.after(&change)));
}
