//! Tests of the extractor behind a real router of axum, with and without a gate.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode},
    routing::get,
};
use countersign_domain::standard::TASKS_READ;
use tower::ServiceExt;

use super::*;
use crate::{
    Gate,
    samples::{FixedSource, begin, credential, secret},
};

fn request() -> Request<Body> {
    let peer: SocketAddr = "192.0.2.7:4711".parse().unwrap();
    let bearer = format!("Bearer {}", secret(1).expose());
    Request::get("/")
        .header("authorization", bearer)
        .extension(ConnectInfo(peer))
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn a_handler_is_handed_its_grant() {
    let gate = Gate::new(FixedSource::knowing(credential(1)), begin)
        .with_peer(|extensions| Some(extensions.get::<ConnectInfo<SocketAddr>>()?.0));
    let name = async |Granted(grant): Granted| Arc::clone(&grant.credential.user_name).to_string();
    let guarded = Router::new()
        .route("/", get(name))
        .layer(gate.require(TASKS_READ));
    let answer = guarded.oneshot(request()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);

    let forgotten = Router::new().route("/", get(name));
    let answer = forgotten.oneshot(request()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);

    let optional = async |granted: Option<Granted>| granted.is_none().to_string();
    let open = Router::new().route("/", get(optional));
    let answer = open.oneshot(request()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}
