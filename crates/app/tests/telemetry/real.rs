//! A third-party collector between the service and the test: what it forwards, it has understood.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
};

use countersign_xtask::wheel;
use reqwest::Method;

use crate::{
    CALLER, TRACE,
    common::{TOKENS, answered, until},
    hexadecimal, node,
    receiver::Receiver,
};

const PACKAGE: &str = "rotel==0.0.1a15";

/// Ends with the test.
struct Collector(Child);

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn a_real_collector_takes_the_spans_and_hands_them_on() {
    let (receiver, http, grpc) = (Receiver::start(), free(), free());
    let folder = tempfile::tempdir().unwrap();
    let store = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = wheel(PACKAGE, "rotel/rotel-agent", store).unwrap();
    let running = Command::new(program)
        .arg("start")
        .current_dir(folder.path())
        .args(["--otlp-http-endpoint", &http.to_string()])
        .args(["--otlp-grpc-endpoint", &grpc.to_string()])
        .args(["--exporter", "otlp"])
        .args(["--otlp-exporter-protocol", "http"])
        .args(["--otlp-exporter-endpoint", &receiver.endpoint()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _collector = Collector(running.unwrap());
    until("the collector listens", || TcpStream::connect(http).is_ok());

    let mut node = node(&format!("http://{http}"));
    let current = node
        .request(Method::GET, &format!("{TOKENS}/current"))
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"));
    answered(current.send().await.unwrap(), 200).await;
    assert!(node.server.terminate().unwrap().success());
    assert!(!node.server.log().unwrap().contains(crate::SILENCE));
    until("the span is handed on", || {
        let spans = receiver.spans();
        spans.iter().any(|(_, span)| {
            span.name == "GET /api/v1/api-tokens/current"
                && hexadecimal(&span.trace_id) == TRACE
                && hexadecimal(&span.parent_span_id) == CALLER
        })
    });
}
