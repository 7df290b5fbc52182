//! A fake Countersign for tests: it speaks just enough HTTP over real sockets, and gives prepared
//! answers.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

use crate::samples::{begin, credential, secret};

/// The prepared answers of the server, and the requests that it got.
pub(super) struct FakeServer {
    pub(super) address: SocketAddr,
    pub(super) verdict: Mutex<(u16, Value)>,
    pub(super) changes: Mutex<u16>,
    /// The age that the server reports for its answers.
    pub(super) age: Mutex<Option<u64>>,
    /// The heads of all requests, in lower case.
    pub(super) heads: Mutex<Vec<String>>,
    /// The streams that were opened.
    streams: Mutex<UnboundedSender<UnboundedSender<String>>>,
}

/// The answer about a known token at some version.
pub(super) fn verdict(version: i64) -> Value {
    let facts = credential(1);
    json!({
        "active": false, "code": "address-not-allowed", "tenantId": facts.tenant,
        "token": {
            "id": facts.token, "version": version, "userId": facts.user, "name": &*facts.user_name,
            "creationDate": begin(), "lastModifiedDate": begin(), "partialToken": secret(1).masked(),
            "expiry": facts.expiry, "allowedAddresses": facts.addresses, "permissions": facts.permissions,
            "owner": facts.owner, "metadata": facts.metadata,
        },
    })
}

pub(super) type Streams = UnboundedReceiver<UnboundedSender<String>>;

impl FakeServer {
    pub(super) async fn open() -> (Arc<Self>, Streams) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (streams, opened) = unbounded_channel();
        let stage = Arc::new(Self {
            address: listener.local_addr().unwrap(),
            verdict: Mutex::new((200, verdict(1))),
            changes: Mutex::new(200),
            age: Mutex::default(),
            heads: Mutex::default(),
            streams: Mutex::new(streams),
        });
        let server = Arc::clone(&stage);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&server).serve(socket));
            }
        });
        (stage, opened)
    }

    pub(super) fn answer(&self, status: u16, verdict: Value) {
        *self.verdict.lock().unwrap() = (status, verdict);
    }

    pub(super) fn asked(&self, path: &str) -> usize {
        let heads = self.heads.lock().unwrap();
        heads.iter().filter(|head| head.contains(path)).count()
    }

    async fn serve(self: Arc<Self>, mut socket: TcpStream) {
        while let Some(head) = head(&mut socket).await {
            let of_changes = head.contains("/changes ");
            self.heads.lock().unwrap().push(head);
            if of_changes {
                return self.stream(socket).await;
            }
            let (status, body) = self.verdict.lock().unwrap().clone();
            let body = body.to_string();
            let age = *self.age.lock().unwrap();
            let age = age.map_or_else(String::new, |age| format!("age: {age}\r\n"));
            let answer = format!(
                "HTTP/1.1 {status} X\r\n{age}content-length: {}\r\n\r\n{body}",
                body.len()
            );
            if socket.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    /// Sends what the test sends, until the test drops its end.
    async fn stream(&self, mut socket: TcpStream) {
        let status = *self.changes.lock().unwrap();
        let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n\r\n");
        socket.write_all(head.as_bytes()).await.unwrap();
        if status != 200 {
            return;
        }
        let (sender, mut pieces) = unbounded_channel();
        self.streams.lock().unwrap().send(sender).unwrap();
        while let Some(piece) = pieces.recv().await {
            if socket.write_all(piece.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// Reads the head of a request, and its body.
async fn head(socket: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let size = socket
            .read(&mut piece)
            .await
            .ok()
            .filter(|size| *size > 0)?;
        read.extend_from_slice(&piece[..size]);
        let text = String::from_utf8_lossy(&read).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split_once("content-length: ").map_or(0, |(_, rest)| {
                let digits = rest.lines().next().unwrap_or_default();
                digits.parse().unwrap()
            });
            if body.len() >= length {
                return Some(head.to_owned());
            }
        }
    }
}
