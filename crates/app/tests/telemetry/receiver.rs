//! A minimal collector, which keeps all that is posted to it.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
    thread,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::Span,
};
use prost::Message as _;

/// Listens until the test ends.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    posts: Arc<Mutex<Posts>>,
}

#[derive(Default)]
struct Posts {
    connections: usize,
    heads: Vec<String>,
    bodies: Vec<Vec<u8>>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        Self::at("127.0.0.1:0".parse().unwrap())
    }

    pub(crate) fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let posts = Arc::<Mutex<Posts>>::default();
        let all = posts.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                all.lock().unwrap().connections += 1;
                let posts = all.clone();
                thread::spawn(move || take(stream.unwrap(), &posts));
            }
        });
        Self { address, posts }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.posts.lock().unwrap().connections
    }

    pub(crate) fn heads(&self) -> Vec<String> {
        self.posts.lock().unwrap().heads.clone()
    }

    /// All bytes that came, as text where they are some.
    pub(crate) fn raw(&self) -> String {
        let posts = self.posts.lock().unwrap();
        let heads = posts.heads.iter().cloned();
        let bodies = posts.bodies.iter();
        heads
            .chain(bodies.map(|body| String::from_utf8_lossy(body).into_owned()))
            .collect()
    }

    /// All spans that came, each with what sent it.
    pub(crate) fn spans(&self) -> Vec<(Resource, Span)> {
        let posts = self.posts.lock().unwrap();
        let mut spans = Vec::new();
        for body in &posts.bodies {
            let request = ExportTraceServiceRequest::decode(body.as_slice());
            let request = request.unwrap_or_else(|error| panic!("{error}: {:?}", posts.heads));
            for group in request.resource_spans {
                let resource = group.resource.unwrap();
                let of_group = group.scope_spans.into_iter().flat_map(|scope| scope.spans);
                spans.extend(of_group.map(|span| (resource.clone(), span)));
            }
        }
        spans
    }
}

fn take(stream: TcpStream, posts: &Mutex<Posts>) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut head, mut line) = (String::new(), String::new());
        while reader.read_line(&mut line).unwrap_or(0) > 2 {
            head.push_str(&line);
            line.clear();
        }
        if head.is_empty() {
            return;
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse().unwrap())
        });
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).unwrap();
        if head.contains("content-encoding: gzip") {
            body = unpacked(&body);
        }
        let mut posts = posts.lock().unwrap();
        posts.heads.push(head);
        posts.bodies.push(body);
        drop(posts);
        let answer =
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        reader.get_mut().write_all(answer.as_bytes()).unwrap();
    }
}

/// Other collectors pack what they hand on; ours is not packed.
fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(packed).unwrap();
    let gzip = Command::new("gzip")
        .arg("-dc")
        .stdin(file.reopen().unwrap())
        .output()
        .unwrap();
    assert!(gzip.status.success());
    gzip.stdout
}

/// Texts and numbers, both as text.
pub(crate) fn attributes(all: &[KeyValue]) -> HashMap<&str, String> {
    let shown = |pair: &KeyValue| match pair.value.as_ref().unwrap().value.as_ref().unwrap() {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => panic!("neither text nor number: {other:?}"),
    };
    all.iter()
        .map(|pair| (pair.key.as_str(), shown(pair)))
        .collect()
}
