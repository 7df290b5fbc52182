//! Rights of roles that do not own the tables: none without a grant, and all that the service needs
//! with the grants in operations.md.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use countersign_application::{
    ports::{
        AuditStore as _, ChangeFeed as _, SessionStore as _, StoreHealth as _, UsageRecord,
        UsageStore as _,
    },
    testing::{Stores, rename_to},
};
use countersign_domain::Secret;
use countersign_postgres::{FeedMode, PostgresStore};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use crate::support::Database;

/// Our own objects in the schema of the tables: what belongs to an extension is not ours.
const OURS: &str =
    "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = o.oid AND d.deptype = 'e')";

async fn texts(connection: &mut PgConnection, sql: &str) -> Vec<String> {
    let rows = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
    rows.fetch_all(connection).await.unwrap()
}

/// A role for one test, which goes with its grants.
async fn role(database: &Database, name: &str) -> String {
    let role = format!("{name}_{}", database.name());
    let make = format!("CREATE ROLE {role} LOGIN PASSWORD 'rights'");
    database.as_superuser(&make).await;
    role
}

async fn drop_role(database: &Database, owner: &mut PgConnection, role: &str) {
    let drop = format!("DROP OWNED BY {role}");
    owner.execute(AssertSqlSafe(drop)).await.unwrap();
    database.as_superuser(&format!("DROP ROLE {role}")).await;
}

/// Every statement that a role could try on any object of ours.
async fn attempts(owner: &mut PgConnection) -> Vec<String> {
    let relations = format!(
        "SELECT format(kind, o.oid::regclass, (SELECT quote_ident(attname) FROM pg_attribute \
         WHERE attrelid = o.oid AND attnum = 1)) FROM pg_class o, unnest(ARRAY['SELECT FROM %s', \
         'INSERT INTO %s DEFAULT VALUES', 'UPDATE %s SET %s = NULL', 'DELETE FROM %s', 'TRUNCATE %s', \
         'LOCK TABLE %s IN SHARE MODE', 'CREATE TEMP TABLE own (LIKE %s); CREATE TRIGGER t BEFORE INSERT ON %1$s \
         FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()']) kind \
         WHERE o.relnamespace = 'public'::regnamespace AND o.relkind IN ('r', 'p', 'v', 'm', 'f') {OURS}"
    );
    let sequences = format!(
        "SELECT format(kind, o.oid::regclass) FROM pg_class o, \
         unnest(ARRAY['SELECT nextval(%L)', 'SELECT setval(%L, 1)', 'SELECT FROM %s']) kind \
         WHERE o.relnamespace = 'public'::regnamespace AND o.relkind = 'S' {OURS}"
    );
    let functions = format!(
        "SELECT CASE WHEN o.prorettype = 'trigger'::regtype THEN format('CREATE TEMP TABLE own (id int); \
         CREATE TRIGGER t BEFORE INSERT ON own FOR EACH ROW EXECUTE FUNCTION %s', o.oid::regprocedure) \
         ELSE format('SELECT %s(%s)', o.oid::regproc, \
         (SELECT string_agg('NULL::' || format_type(t, NULL), ', ') FROM unnest(o.proargtypes) t)) END \
         FROM pg_proc o WHERE o.pronamespace = 'public'::regnamespace {OURS}"
    );
    let mut all = texts(owner, &relations).await;
    all.extend(texts(owner, &sequences).await);
    all.extend(texts(owner, &functions).await);
    all
}

#[tokio::test]
async fn a_role_without_grants_can_do_nothing() {
    let database = Database::new().await;
    database.store(1).await;
    let mut owner = database.connect().await;
    let attempts = attempts(&mut owner).await;
    for known in [
        "FROM token_secrets",
        "_sqlx_migrations",
        "keep_lists()",
        "SELECT admit_change(",
        "SELECT admit_one_change(",
        "admit_changes(",
        "SELECT authorize_change(",
        "authorize_changes(",
    ] {
        let tried = attempts.iter().any(|attempt| attempt.contains(known));
        assert!(tried, "{known} is not tried: {attempts:#?}");
    }
    let stranger = role(&database, "stranger").await;
    let mut session = database.connect().await;
    let become_stranger = format!("SET ROLE {stranger}");
    session
        .execute(AssertSqlSafe(become_stranger))
        .await
        .unwrap();
    for attempt in attempts {
        let whole = format!("BEGIN; {attempt}; ROLLBACK");
        let outcome = session.execute(AssertSqlSafe(whole)).await;
        let code = outcome
            .as_ref()
            .err()
            .and_then(|error| error.as_database_error()?.code());
        assert_eq!(code.as_deref(), Some("42501"), "{attempt}: {outcome:?}");
        session.execute("ROLLBACK").await.unwrap();
    }
    drop_role(&database, &mut owner, &stranger).await;
}

#[tokio::test]
async fn no_function_of_ours_is_executable_by_everybody() {
    let database = Database::new().await;
    database.store(1).await;
    let open = format!(
        "SELECT o.oid::regprocedure::text FROM pg_proc o, \
         aclexplode(coalesce(o.proacl, acldefault('f', o.proowner))) g \
         WHERE o.pronamespace = 'public'::regnamespace AND g.grantee = 0 {OURS}"
    );
    let open = texts(&mut database.connect().await, &open).await;
    assert_eq!(open, [""; 0]);
}

/// The block of the document, for another role and database.
fn documented_grants(database: &Database, role: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");
    let document = std::fs::read_to_string(path).unwrap();
    let (_, rest) = document
        .split_once("```sql\n-- The grants of the service's role")
        .unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let block = block.split_once('\n').unwrap().1;
    block.replace("countersign_service", role).replace(
        "DATABASE countersign ",
        &format!("DATABASE {} ", database.name()),
    )
}

#[tokio::test]
async fn the_documented_grants_are_all_that_the_service_needs() {
    let database = Database::new().await;
    database.store(1).await;
    let mut owner = database.connect().await;
    let service = role(&database, "service").await;
    let grants = documented_grants(&database, &service);
    owner.execute(AssertSqlSafe(grants)).await.unwrap();

    let mut url = url::Url::parse(&database.url(None)).unwrap();
    url.set_username(&service).unwrap();
    url.set_password(Some("rights")).unwrap();
    let store = PostgresStore::open(url.as_str(), 2, FeedMode::Notify).unwrap();
    // Nothing is to be migrated.
    store.migrate().await.unwrap();
    store.ping().await.unwrap();
    let before = store.position().await.unwrap();
    let home = Stores::of(store.clone()).realm("home").await;
    let actor = home.make("actor").await;
    let key = countersign_domain::IdempotentRequest {
        key: "once".parse().unwrap(),
        fingerprint: countersign_domain::Fingerprint::of(b"{}"),
    };
    let by = || home.actor(&actor.view);
    let (creation, secret) = home.creation(by(), &home.draft("made"), Some(key));
    home.commit(&creation).await.unwrap();
    let view = home.get(creation.next().id).await.unwrap();
    let view = home.update_by(by(), &view, &rename_to("renamed")).await;
    let rotation = home.rotation(by(), &view, &Secret::from_random(&[3; 32]), 60);
    home.commit(&rotation).await.unwrap();
    let used = UsageRecord {
        tenant: home.tenant.id,
        token: view.token.id,
        digest: secret.digest(),
        at: home.stores.clock.now(),
        address: None,
    };
    store.record(&[used]).await.unwrap();
    let view = view.after(&rotation);
    home.commit(&home.revocation(by(), &view)).await.unwrap();
    let news = store.since(&before, 100).await.unwrap();
    assert_eq!(news.changes.map(|changes| changes.len()), Some(5));
    store.histories(None, 10).await.unwrap();
    let now = home.stores.clock.now();
    store.token_counts(now).await.unwrap();
    store.expiring(now, &[now]).await.unwrap();
    store
        .forget(home.stores.clock.now(), home.stores.clock.now())
        .await
        .unwrap();
    store.close().await;
    drop_role(&database, &mut owner, &service).await;
}
