//! The service behind TLS with a certificate authority of its own, and behind a proxy.

use std::{
    fs,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

use crate::{
    common::{Node, On},
    user::{Run, User},
};

/// A certificate for `localhost` that nobody vouches for, with its key, made by
/// `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500` for this test.
const LOCALHOST: &str = include_str!("localhost.pem");

/// Speaks TLS in front of the service, and writes its certificate to a file.
async fn terminate_tls(user: &User, service: SocketAddr) -> SocketAddr {
    let (certificate, _) = LOCALHOST.split_once("-----BEGIN PRIVATE KEY").unwrap();
    fs::write(user.home().join("ca.pem"), certificate).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(LOCALHOST.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(LOCALHOST.as_bytes()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut outside) = acceptor.accept(socket).await {
                    let mut inside = TcpStream::connect(service).await.unwrap();
                    let _ = copy_bidirectional(&mut outside, &mut inside).await;
                }
            });
        }
    });
    address
}

/// A proxy that connects to one place, whatever it is asked for, and keeps the heads of requests.
async fn proxy(target: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap());
            }
            kept.lock().unwrap().push(String::from_utf8(head).unwrap());
            socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut inside = TcpStream::connect(target).await.unwrap();
            let _ = copy_bidirectional(&mut socket, &mut inside).await;
        }
    });
    (address, heads)
}

async fn whoami(user: &User, url: &str, further: &[&str], proxy: Option<SocketAddr>) -> Run {
    let mut command = user.command(&[&["whoami", "--url", url][..], further].concat());
    for name in ["ALL_PROXY", "HTTPS_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    if let Some(proxy) = proxy {
        command.env("HTTPS_PROXY", format!("http://{proxy}"));
    }
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    run.await.unwrap().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_authority_and_a_proxy_lead_to_the_service() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    let tls = terminate_tls(&user, node.server.address()).await;
    let url = format!("https://localhost:{}", tls.port());
    let trusting = ["--ca-file", "ca.pem"];

    let distrusted = whoami(&user, &url, &[], None).await;
    assert_ne!(distrusted.code, 0, "nobody vouches for the certificate");
    whoami(&user, &url, &trusting, None).await.done();
    let other = whoami(
        &user,
        &url.replace("localhost", "127.0.0.1"),
        &trusting,
        None,
    )
    .await;
    assert_eq!(
        other.code, 4,
        "the certificate is for another name: {}",
        other.err
    );

    let (proxy, heads) = proxy(tls).await;
    // Nobody listens there, so only the proxy leads to the service.
    whoami(&user, "https://localhost:1", &trusting, Some(proxy))
        .await
        .done();
    whoami(&user, &user.url, &[], Some(proxy)).await.done();
    let heads = heads.lock().unwrap().concat();
    assert_eq!(heads.matches("CONNECT localhost:1 ").count(), 1, "{heads}");
    assert_eq!(
        heads.matches("CONNECT").count(),
        1,
        "http goes past the proxy: {heads}"
    );
    assert!(!heads.contains(&node.root));
}
