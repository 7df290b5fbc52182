//! Nobody can be asked: then nobody gets through, and the client learns that it is not its own fault.

use super::{
    READ,
    common::{On, maintenance},
    edge::{Edge, HERE},
};
use countersign_xtask::sql;
use serde_json::Value;

async fn assert_shut(edge: &Edge, token: &Value) {
    let got = edge.get(HERE, token, &[]).await;
    assert_eq!(got.status, 503, "{}", edge.nginx.log());
    assert_eq!(got.all("retry-after"), ["1"]);
    assert!(edge.upstream.take().is_empty());
}

#[tokio::test]
async fn without_countersign_nobody_gets_through() {
    let mut edge = Edge::start(On::Sqlite);
    let token = edge.token("Patient", READ, &[]).await;
    assert_eq!(edge.get(HERE, &token, &[]).await.status, 200);
    assert_eq!(edge.upstream.take().len(), 1);

    edge.node.server.freeze().unwrap();
    assert_shut(&edge, &token).await;
    edge.node.server.thaw().unwrap();
    // nginx leaves a server that did not answer alone for a while only where there is another one.
    assert_eq!(edge.get(HERE, &token, &[]).await.status, 200);
    assert_eq!(edge.upstream.take().len(), 1);

    edge.node.server.kill().unwrap();
    assert_shut(&edge, &token).await;
}

#[tokio::test]
async fn without_its_database_nobody_new_gets_through() {
    let edge = Edge::start(On::Postgres);
    // Never seen before, so that nothing is known of it.
    let token = edge.token("Unknown yet", READ, &[]).await;
    let (_, database) = edge.node.database_url.rsplit_once('/').unwrap();
    let close = format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false");
    sql::postgres(&maintenance(), &close).unwrap();
    let cut = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    );
    sql::postgres(&maintenance(), &cut).unwrap();
    assert_shut(&edge, &token).await;

    let open = format!("ALTER DATABASE {database} ALLOW_CONNECTIONS true");
    sql::postgres(&maintenance(), &open).unwrap();
    let mut status = 503;
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while status == 503 && std::time::Instant::now() < end {
        status = edge.get(HERE, &token, &[]).await.status;
    }
    assert_eq!(status, 200);
}
