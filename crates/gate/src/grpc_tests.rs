//! Tests of a gate in front of tonic's own health service, called by tonic's own client.

use std::{net::SocketAddr, sync::Arc};

use countersign_domain::standard::{TASKS_READ, TASKS_WRITE};
use http::{Request, Response, header};
use http_body::Body as _;
use tokio::net::TcpListener;
use tonic::{
    Code, Status,
    metadata::MetadataValue,
    transport::{
        Channel, Server,
        server::{TcpConnectInfo, TcpIncoming},
    },
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::{
    Gate, GateLayer, SourceError,
    domain::AllowedAddresses,
    samples::{FixedSource, begin, credential, secret},
};

/// A source that knows the first secret, which is valid on this machine.
fn source() -> Arc<FixedSource> {
    let mut known = credential(1);
    known.addresses = AllowedAddresses::parse(["127.0.0.1"]).unwrap();
    FixedSource::knowing(known)
}

fn gate(source: &Arc<FixedSource>) -> Gate {
    Gate::new(Arc::clone(source) as _, begin).with_peer(|extensions| {
        let connection = extensions.get::<TcpConnectInfo>()?;
        connection.remote_addr()
    })
}

/// A client of a health service behind the layer.
async fn client(layer: GateLayer) -> HealthClient<Channel> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let (_, health) = tonic_health::server::health_reporter();
    let served = Server::builder().layer(layer).add_service(health);
    tokio::spawn(served.serve_with_incoming(TcpIncoming::from(listener)));
    let channel = Channel::from_shared(format!("http://{address}")).unwrap();
    HealthClient::new(channel.connect().await.unwrap())
}

fn call(bearers: &[&str]) -> tonic::Request<HealthCheckRequest> {
    let mut request = tonic::Request::new(HealthCheckRequest::default());
    for bearer in bearers {
        let value: MetadataValue<_> = format!("Bearer {bearer}").parse().unwrap();
        request.metadata_mut().append("authorization", value);
    }
    request
}

#[tokio::test]
async fn an_admitted_call_is_answered_with_its_trailers() {
    let mut client = client(gate(&source()).require(TASKS_READ)).await;
    let secret = secret(1);
    let known = call(&[secret.expose()]);
    let answer = client.check(known).await.unwrap().into_inner();
    assert_eq!(answer.status(), ServingStatus::Serving);
    let known = call(&[secret.expose()]);
    let mut stream = client.watch(known).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
}

#[tokio::test]
async fn a_refused_call_ends_with_the_status_of_its_reason() {
    let source = source();
    let mut any = client(gate(&source).layer()).await;
    let mut writing = client(gate(&source).require(TASKS_WRITE)).await;
    let mut elsewhere = client(Gate::new(Arc::clone(&source) as _, begin).layer()).await;
    let (known, unknown) = (secret(1), "csg_unknown");
    let known = known.expose();
    let refused = |status: Status| (status.code(), status.message().to_owned());
    let mut told = Vec::new();
    for bearers in [&[][..], &[unknown], &[known, known]] {
        told.push(refused(any.check(call(bearers)).await.unwrap_err()));
        // A call that is answered with a stream is refused in the same way.
        let status = any.watch(call(bearers)).await.unwrap_err();
        assert_eq!(refused(status), told[told.len() - 1]);
    }
    let lacking = writing.check(call(&[known])).await.unwrap_err();
    let challenge = lacking.metadata().get("www-authenticate").unwrap();
    assert!(
        challenge
            .to_str()
            .unwrap()
            .contains(r#"scope="api.tasks.write""#)
    );
    told.push(refused(lacking));
    told.push(refused(elsewhere.check(call(&[known])).await.unwrap_err()));
    source.set(Some(Err(SourceError::away("gone"))));
    told.push(refused(any.check(call(&[known])).await.unwrap_err()));
    let codes: Vec<Code> = told.iter().map(|(code, _)| *code).collect();
    assert_eq!(
        codes,
        [
            Code::Unauthenticated,
            Code::Unauthenticated,
            Code::InvalidArgument,
            Code::PermissionDenied,
            Code::PermissionDenied,
            Code::Unavailable,
        ]
    );
    assert_eq!(told[1].1, "The API token is not valid.");
    assert_eq!(told[3].1, "The API token lacks api.tasks.write.");
}

#[tokio::test]
async fn the_media_type_decides_how_a_refusal_is_written() {
    let gate = gate(&source());
    for (media_type, is_grpc) in [
        ("application/grpc", true),
        ("application/grpc+proto", true),
        ("Application/gRPC-web-text", true),
        ("application/json", false),
        ("application/grp", false),
        ("", false),
    ] {
        let mut request = Request::new(String::new());
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, media_type.parse().unwrap());
        let inside = async |_| Ok::<_, std::convert::Infallible>(Response::new(String::new()));
        let answer = gate.layer().layer(service_fn(inside)).oneshot(request);
        let answer = answer.await.unwrap();
        let headers = answer.headers();
        let told = (answer.status().as_u16(), answer.body().is_end_stream());
        assert_eq!(
            told,
            if is_grpc { (200, true) } else { (401, false) },
            "{media_type}"
        );
        assert_eq!(
            headers.get("grpc-status").is_some_and(|code| code == "16"),
            is_grpc
        );
        assert_eq!(
            headers[header::CONTENT_TYPE] == media_type,
            is_grpc,
            "{media_type}"
        );
    }
}
