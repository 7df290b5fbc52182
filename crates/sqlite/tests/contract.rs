//! The contract of the ports, promise by promise, each on a file of its own.

#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

use std::error::Error;

use async_trait::async_trait;
use countersign_application::testing::contract::{Backdoor, Bad, Corruption, StoreUnderTest};
use countersign_domain::uuid::Uuid;
use countersign_sqlite::SqliteStore;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

countersign_application::store_contract!(subject);

async fn subject() -> StoreUnderTest {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("test.db"))
        .await
        .unwrap();
    store.migrate().await.unwrap();
    StoreUnderTest::new(store, File(folder))
}

struct File(TempDir);

#[async_trait]
impl Backdoor for File {
    async fn execute(&self, sql: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        let options = SqliteConnectOptions::new().filename(self.0.path().join("test.db"));
        let mut connection = options.connect().await?;
        connection.execute(AssertSqlSafe(sql)).await?;
        Ok(())
    }

    fn audit_outage(&self) -> &'static str {
        "CREATE TRIGGER outage BEFORE INSERT ON audit_events
         BEGIN SELECT raise(ABORT, 'no room for audit events'); END"
    }

    fn corrupt(&self, what: Corruption) -> &'static str {
        match what {
            Corruption::Version => {
                "PRAGMA ignore_check_constraints = ON; UPDATE api_tokens SET version = 0"
            }
            Corruption::Name => "UPDATE api_tokens SET name = ' '",
            Corruption::PartialToken => "UPDATE api_tokens SET partial_token = '{ spoilt'",
            Corruption::Permissions => "UPDATE api_tokens SET permissions = '[\"{ spoilt\"]'",
            Corruption::AllowedAddresses => {
                "UPDATE api_tokens SET allowed_addresses = '[\"{ spoilt\"]'"
            }
            Corruption::Expiry => "UPDATE api_tokens SET expiry = 9223372036854775807",
            Corruption::ChainHead => {
                "PRAGMA ignore_check_constraints = ON; UPDATE api_tokens SET chain_head = x'00'"
            }
            Corruption::Users => "PRAGMA foreign_keys = OFF; DELETE FROM users",
            Corruption::UserKind => {
                "PRAGMA ignore_check_constraints = ON; UPDATE users SET kind = '{ spoilt'"
            }
            Corruption::EventKind => {
                "DROP TRIGGER audit_events_are_not_changed;
                 PRAGMA ignore_check_constraints = ON; UPDATE audit_events SET kind = '{ spoilt'"
            }
            Corruption::Changes => {
                "DROP TRIGGER audit_events_are_not_changed;
                 PRAGMA ignore_check_constraints = ON; UPDATE audit_events SET changes = '{ spoilt'"
            }
            Corruption::EventHash => {
                "DROP TRIGGER audit_events_are_not_changed;
                 PRAGMA ignore_check_constraints = ON; UPDATE audit_events SET hash = x'00'"
            }
            Corruption::EventAddress => {
                "DROP TRIGGER audit_events_are_not_changed;
                 UPDATE audit_events SET address = '{ spoilt'"
            }
            Corruption::Fingerprint => {
                "PRAGMA ignore_check_constraints = ON;
                 UPDATE idempotency_keys SET fingerprint = x'00'"
            }
        }
    }
    fn bad(&self, bad: Bad) -> Option<&'static str> {
        Some(match bad {
            Bad::Text => "'{ spoilt'",
            Bad::Blank => "' '",
            Bad::Bytes => "CAST(x'ff' AS TEXT)",
            Bad::Hash => "x'00'",
            Bad::Zero => "0",
            Bad::Time => "9223372036854775807",
            Bad::List => "'[\"{ spoilt\"]'",
            Bad::NoList => "'[null'",
            Bad::Pairs => "'{\"{ spoilt\":\"x\"}'",
            Bad::Stranger => "x'00000000000070008000000000000000'",
        })
    }

    fn id(&self, id: &Uuid) -> String {
        format!("x'{}'", id.simple())
    }

    fn overwrite(&self, table: &str, column: &str, value: &str, rows: &str) -> String {
        format!(
            "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF;
             DROP TRIGGER IF EXISTS audit_events_are_not_changed;
             UPDATE {table} SET {column} = {value} WHERE {rows}"
        )
    }
}
