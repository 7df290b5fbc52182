//! The contract of all stores, kept on real PostgreSQL.

use crate::support::Database;
use countersign_application::testing::contract::Subject;

async fn subject() -> Subject {
    let database = Database::new().await;
    let store = database.store(20).await;
    Subject::new(store, database)
}

countersign_application::store_contract!(subject);
