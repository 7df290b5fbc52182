//! The life of a server process, on a stand-in that behaves as the service promises to.

#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use countersign_xtask::server::{Launch, Server};

/// Names its address, is ready, keeps a secret beside the database, and ends well on SIGTERM.
const STAND_IN: &str = r#"#!/usr/bin/env python3
import http.server, json, os, signal, sys

class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
with open(os.environ["COUNTERSIGN_DATABASE_URL"].removeprefix("sqlite:") + ".root-token", "w") as file:
    file.write(os.environ["STAND_IN_SECRET"] + "\n")
host, port = os.environ["COUNTERSIGN_LISTEN"].split(":")
server = http.server.ThreadingHTTPServer((host, int(port)), Ready)
line = {"message": "listening", "listen": "%s:%d" % server.server_address}
print(json.dumps({"fields": line}), file=sys.stderr, flush=True)
server.serve_forever()
"#;

fn launch(folder: &Path) -> Launch {
    let binary = folder.join("stand-in");
    fs::write(&binary, STAND_IN).unwrap();
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
    let mut launch = Launch::new(binary, "sqlite:tokens.db");
    launch
        .environment
        .push(("STAND_IN_SECRET".to_owned(), "hidden".to_owned()));
    launch
}

fn answers(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    stream
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    stream.read_exact(&mut [0]).is_ok()
}

#[test]
fn a_server_keeps_its_address_through_kill_freeze_and_terminate() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(launch(folder.path())).unwrap();
    let address = server.address();
    assert_ne!(address.port(), 0);
    assert_eq!(server.root_token().unwrap(), "hidden");
    assert!(answers(address));
    assert!(server.restart().is_err());

    server.freeze().unwrap();
    assert!(!answers(address));
    server.thaw().unwrap();
    assert!(answers(address));

    server.kill().unwrap();
    assert!(!answers(address));
    assert!(server.kill().is_err());
    server.restart().unwrap();
    assert!(answers(address));
    assert_eq!(server.address(), address);

    assert!(server.terminate().unwrap().success());
    assert!(!answers(address));
    assert_eq!(server.log().unwrap().matches("listening").count(), 2);
}

#[test]
fn a_dropped_server_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(launch(folder.path())).unwrap();
    let (address, own) = (server.address(), server.folder().to_owned());
    drop(server);
    assert!(!answers(address));
    assert!(!own.exists());
}
