//! Tests of requests through the layer: which pass, what they carry, and how the others are
//! answered.

use std::convert::Infallible;

use bytes::Bytes;
use countersign_domain::standard::{TASKS_READ, TASKS_WRITE};
use http::{HeaderMap, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{ServiceExt, service_fn};

use super::*;
use crate::{
    Gate, SourceError,
    samples::{FixedSource, begin, credential, secret},
};

const HOME: &str = "192.0.2.7:4711";

fn request(bearer: Option<&str>, peer: Option<&str>) -> Request<String> {
    let mut request = Request::new("body".to_owned());
    if let Some(bearer) = bearer {
        let value = format!("Bearer {bearer}").parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    if let Some(peer) = peer {
        let peer = Peer(peer.parse().unwrap());
        request.extensions_mut().insert(peer);
    }
    request
}

/// Answers with the name of the user of the grant.
async fn inside(request: Request<String>) -> Result<Response<Full<Bytes>>, Infallible> {
    assert!(request.headers()[header::AUTHORIZATION].is_sensitive());
    let grant = request.extensions().get::<Grant>().unwrap();
    let name = grant.credential.user_name.to_string();
    Ok(Response::new(Full::from(name + request.body())))
}

async fn call(layer: GateLayer, request: Request<String>) -> (StatusCode, HeaderMap, Bytes) {
    let guarded = layer.layer(service_fn(inside));
    let (head, body) = guarded.oneshot(request).await.unwrap().into_parts();
    let told = body.size_hint().exact().unwrap();
    let body = body.collect().await.unwrap().to_bytes();
    assert_eq!(told, u64::try_from(body.len()).unwrap());
    (head.status, head.headers, body)
}

#[tokio::test]
async fn an_admitted_request_passes_with_its_grant() {
    let gate = Gate::new(FixedSource::knowing(credential(1)), begin);
    let text = secret(1).expose().to_owned();
    for layer in [gate.layer(), gate.require(TASKS_READ)] {
        let (status, _, body) = call(layer, request(Some(&text), Some(HOME))).await;
        assert_eq!(
            (status, &*body),
            (StatusCode::OK, &b"Nightly exportbody"[..])
        );
    }
}

#[tokio::test]
async fn all_others_are_told_why_and_never_get_in() {
    let source = FixedSource::knowing(credential(1));
    let gate = Gate::new(Arc::clone(&source) as _, begin);
    let text = secret(1).expose().to_owned();
    let refused = async |layer: GateLayer, request| {
        let (status, headers, body) = call(layer, request).await;
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
        let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
        (
            status.as_u16(),
            document["type"].as_str().unwrap().to_owned(),
        )
    };
    let problem = |status, code: &str| (status, format!("/problems/{code}"));
    assert_eq!(
        refused(gate.layer(), request(None, Some(HOME))).await,
        problem(401, "missing-credential")
    );
    assert_eq!(
        refused(gate.layer(), request(Some("x"), Some(HOME))).await,
        problem(401, "invalid-token")
    );
    assert_eq!(
        refused(gate.layer(), request(Some(&text), None)).await,
        problem(403, "address-not-allowed")
    );
    assert_eq!(
        refused(gate.require(TASKS_WRITE), request(Some(&text), Some(HOME))).await,
        problem(403, "insufficient-scope")
    );
    let mut twice = request(Some(&text), Some(HOME));
    let value = twice.headers()[header::AUTHORIZATION].clone();
    twice.headers_mut().append(header::AUTHORIZATION, value);
    assert_eq!(
        refused(gate.layer(), twice).await,
        problem(400, "invalid-parameter")
    );
    source.set(Some(Err(SourceError::away("gone"))));
    assert_eq!(
        refused(gate.layer(), request(Some(&text), Some(HOME))).await,
        problem(503, "store-unavailable")
    );
}

#[tokio::test]
async fn the_peer_is_found_where_the_server_puts_it() {
    let gate = Gate::new(FixedSource::knowing(credential(1)), begin)
        .with_peer(|extensions| extensions.get::<SocketAddr>().copied());
    let mut request = request(Some(secret(1).expose()), None);
    let address: SocketAddr = HOME.parse().unwrap();
    request.extensions_mut().insert(address);
    let (status, ..) = call(gate.layer(), request).await;
    assert_eq!(status, StatusCode::OK);
}
