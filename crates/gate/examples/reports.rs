//! Example: a small service behind a gate. It guards `/reports` by asking a Countersign elsewhere.
//! The README of the crate says how to run it.

use std::{env, error::Error, net::SocketAddr, sync::Arc};

use axum::{Router, extract::ConnectInfo, routing::get};
use countersign_gate::{
    CacheSettings, CachedSource, Gate, Granted, Remote, SystemClock,
    domain::{Secret, standard::ENGAGEMENTS_READ},
};
use tokio::net::TcpListener;

async fn reports(Granted(grant): Granted) -> String {
    format!("reports for {}\n", grant.credential.user_name)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let base = env::var("COUNTERSIGN").unwrap_or_else(|_| "http://127.0.0.1:8080".to_owned());
    let own = Secret::parse(&env::var("COUNTERSIGN_TOKEN")?)?;

    let remote = Arc::new(Remote::new(&base, &own)?);
    let cached = Arc::new(CachedSource::new(
        Arc::clone(&remote),
        CacheSettings::default(),
    ));
    let kept = Arc::clone(&cached);
    tokio::spawn(async move { remote.follow(&kept).await });

    let gate = Gate::new(cached, SystemClock)
        .with_peer(|extensions| Some(extensions.get::<ConnectInfo<SocketAddr>>()?.0));
    let service = Router::new()
        .route("/reports", get(reports))
        .route_layer(gate.require(ENGAGEMENTS_READ))
        .into_make_service_with_connect_info::<SocketAddr>();

    let listener = TcpListener::bind("127.0.0.1:8090").await?;
    Ok(axum::serve(listener, service).await?)
}
