//! The private cluster, on a real PostgreSQL: what the end-to-end tests lean on.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use countersign_xtask::cluster::{Cluster, Durability};

/// Whether the server answers a request for TLS, the first thing a client may say.
fn answers(port: u16) -> bool {
    let ask = || -> io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
        stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47])?;
        stream.read_exact(&mut [0])
    };
    ask().is_ok()
}

#[test]
fn a_cluster_keeps_its_port_and_data_through_stop_crash_and_freeze() {
    let mut cluster = Cluster::start(Durability::Relaxed).unwrap();
    let port = cluster.port();
    let script = tempfile::NamedTempFile::new().unwrap();
    fs::write(
        script.path(),
        "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1);",
    )
    .unwrap();
    cluster.create_database("one").unwrap();
    assert!(cluster.create_database("one").is_err());
    cluster.run_file("one", script.path()).unwrap();

    cluster.stop().unwrap();
    assert!(!answers(port));
    cluster.start_again().unwrap();
    assert!(answers(port));

    cluster.crash().unwrap();
    assert!(!answers(port));
    cluster.start_again().unwrap();
    fs::write(script.path(), "SELECT 1 / n FROM kept").unwrap();
    cluster.run_file("one", script.path()).unwrap();
    fs::write(script.path(), "DROP TABLE kept; SELECT 1 FROM kept").unwrap();
    assert!(cluster.run_file("one", script.path()).is_err());

    cluster.freeze().unwrap();
    assert!(!answers(port));
    cluster.thaw().unwrap();
    assert!(answers(port));

    drop(cluster);
    assert!(!answers(port));
}
