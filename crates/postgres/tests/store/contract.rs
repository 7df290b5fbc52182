//! The contract of all stores, kept on real PostgreSQL.

use crate::support::Database;
use countersign_application::testing::contract::StoreUnderTest;

async fn subject() -> StoreUnderTest {
    let database = Database::new().await;
    let store = database.store(20).await;
    StoreUnderTest::new(store, database)
}

countersign_application::store_contract!(subject);
