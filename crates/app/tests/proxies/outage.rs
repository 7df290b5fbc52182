//! Countersign does not answer: then no request gets through, and the client learns that it is not
//! at fault.

use std::time::{Duration, Instant};

use countersign_xtask::sql;
use serde_json::Value;

use super::{
    READ,
    common::{On, maintenance},
    document::Kind,
    edge::{Edge, HERE},
};

async fn assert_shut(edge: &Edge, token: &Value, status: u16, retry_after: bool) {
    let got = edge.get(HERE, token, &[]).await;
    assert_eq!(got.status, status, "{}", edge.proxy.log());
    let told: &[&str] = if retry_after { &["1"] } else { &[] };
    assert_eq!(got.all("retry-after"), told);
    assert!(edge.upstream.take().is_empty());
}

pub(crate) async fn without_countersign_nobody_gets_through(kind: Kind) {
    let (told, mut edge) = (kind.told(), Edge::start(kind, On::Sqlite));
    let token = edge.token("Patient", READ, &[]).await;
    assert_eq!(edge.get(HERE, &token, &[]).await.status, 200);
    assert_eq!(edge.upstream.take().len(), 1);

    edge.node.server.freeze().unwrap();
    let (status, within) = told.frozen;
    let asked = Instant::now();
    assert_shut(&edge, &token, status, told.retry_after).await;
    assert!(asked.elapsed() < within + Duration::from_secs(5));
    edge.node.server.thaw().unwrap();
    // A server that did not answer is left alone for a while only where there is another one.
    assert_eq!(edge.get(HERE, &token, &[]).await.status, 200);
    assert_eq!(edge.upstream.take().len(), 1);

    edge.node.server.kill().unwrap();
    assert_shut(&edge, &token, told.stopped, told.retry_after).await;
}

pub(crate) async fn without_its_database_nobody_new_gets_through(kind: Kind) {
    let edge = Edge::start(kind, On::Postgres);
    // Never seen before, so that nothing is known of it.
    let token = edge.token("Unknown yet", READ, &[]).await;
    let (_, database) = edge.node.database_url.rsplit_once('/').unwrap();
    let close = format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false");
    sql::postgres(&maintenance(), &close).unwrap();
    let cut = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    );
    sql::postgres(&maintenance(), &cut).unwrap();
    // Countersign itself says so, and each of them hands it on.
    assert_shut(&edge, &token, 503, true).await;

    let open = format!("ALTER DATABASE {database} ALLOW_CONNECTIONS true");
    sql::postgres(&maintenance(), &open).unwrap();
    let mut status = 503;
    let end = Instant::now() + Duration::from_secs(30);
    while status == 503 && Instant::now() < end {
        status = edge.get(HERE, &token, &[]).await.status;
    }
    assert_eq!(status, 200);
}
