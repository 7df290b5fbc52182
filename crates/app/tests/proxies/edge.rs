//! A proxy between a client and a service, and a client that sends what it likes.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use countersign_xtask::{cluster::free_port, proxies::Proxy};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
    time::timeout,
};

use super::{
    common::{Node, On, TOKENS, answered, in_a_year},
    document::Kind,
    upstream::Upstream,
};

/// Where clients come from. Not 127.0.0.1: from there the proxy asks, and it is believed.
pub(crate) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// Another client's address.
pub(crate) const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));

/// The whole chain.
pub(crate) struct Edge {
    pub(crate) node: Node,
    pub(crate) upstream: Upstream,
    pub(crate) proxy: Proxy,
    pub(crate) kind: Kind,
    address: SocketAddr,
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    head: String,
}

impl Got {
    /// All values of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers
            .filter(|header| header.0.eq_ignore_ascii_case(name))
            .map(|header| header.1)
            .collect()
    }
}

impl Edge {
    /// With settings as the document tells them.
    pub(crate) fn start(kind: Kind, on: On) -> Self {
        Self::start_with(kind, on, &[])
    }

    /// With the document's recipe for preflights.
    pub(crate) fn with_preflights(kind: Kind, on: On) -> Self {
        Self::started(kind, on, &[], true)
    }

    /// With further settings.
    pub(crate) fn start_with(kind: Kind, on: On, settings: &[(&str, &str)]) -> Self {
        Self::started(kind, on, settings, false)
    }

    fn started(kind: Kind, on: On, settings: &[(&str, &str)], preflights: bool) -> Self {
        let told = [
            ("COUNTERSIGN_TRUSTED_PROXIES", "127.0.0.1"),
            ("COUNTERSIGN_PROXY_HEADER", "x-forwarded-for"),
        ];
        let node = Node::start_with(on, &[&told, settings].concat());
        let upstream = Upstream::start();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
        let proxy = kind.start(node.server.address(), upstream.address, address, preflights);
        Self {
            node,
            upstream,
            proxy,
            kind,
            address,
        }
    }

    /// A token, as the answer that made it shows it; no addresses are all of them.
    pub(crate) async fn token(&self, name: &str, permissions: &[&str], from: &[IpAddr]) -> Value {
        let body = json!({
            "name": name,
            "expiry": in_a_year(),
            "permissions": permissions,
            "allowedAddresses": from,
        });
        self.token_of(&body).await
    }

    /// A token of that body.
    pub(crate) async fn token_of(&self, body: &Value) -> Value {
        let answer = self.node.request(Method::POST, TOKENS).json(body).send();
        answered(answer.await.unwrap(), 201).await
    }

    /// A GET with that token and those further header lines.
    pub(crate) async fn get(&self, from: IpAddr, token: &Value, lines: &[&str]) -> Got {
        let bearer = bearer(token);
        let lines: Vec<&str> = [&[bearer.as_str()], lines].concat();
        self.send(from, "GET /tasks", &lines, b"").await
    }

    /// Whether the proxy turned these lines down on its own account, and may.
    pub(crate) fn refused_by_itself(&self, lines: &[&str], got: &Got) -> bool {
        [400, 401].contains(&got.status)
            && self.kind.may_refuse(lines)
            && self.upstream.take().is_empty()
    }

    /// A request, byte for byte, on a connection of its own.
    pub(crate) async fn send(&self, from: IpAddr, line: &str, lines: &[&str], body: &[u8]) -> Got {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(from, 0)).unwrap();
        let mut stream = socket.connect(self.address).await.unwrap();
        let mut request = format!("{line} HTTP/1.1\r\nHost: tasks.example\r\n").into_bytes();
        for line in lines {
            request.extend_from_slice(format!("{line}\r\n").as_bytes());
        }
        request.extend_from_slice(b"Connection: close\r\n\r\n");
        request.extend_from_slice(body);
        stream.write_all(&request).await.unwrap();
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        timeout(Duration::from_mins(1), read)
            .await
            .unwrap()
            .unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, _) = answer.split_once("\r\n\r\n").unwrap();
        Got {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
        }
    }
}

/// The line that presents a token.
pub(crate) fn bearer(token: &Value) -> String {
    format!("Authorization: Bearer {}", token["token"].as_str().unwrap())
}
