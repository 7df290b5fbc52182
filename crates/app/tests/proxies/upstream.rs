//! A service that stands behind a proxy and knows nothing of tokens. It writes down all that reaches it: what a proxy
//! let through, and what it said of whom.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Method and target.
    pub(crate) line: String,
    /// Names in lower case, in the order in which they came.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// All values of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|header| header.0 == name);
        named.map(|header| header.1.as_str()).collect()
    }
}

/// Listens until the test process ends.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, seen) = (listener.local_addr().unwrap(), Arc::default());
        let book = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming() {
                answer(&stream.unwrap(), &book);
            }
        });
        Self { address, seen }
    }

    /// What came since it was last asked.
    pub(crate) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

/// One request for each connection; it is written down before it is answered.
fn answer(mut stream: &TcpStream, book: &Mutex<Vec<Seen>>) {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    // Somebody who only looked whether it listens.
    let Some((line, headers)) = lines.split_first() else {
        return;
    };
    let header = |line: &String| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    let mut seen = Seen {
        line: line.trim_end_matches(" HTTP/1.1").to_owned(),
        headers: headers.iter().map(header).collect(),
        body: Vec::new(),
    };
    let length = seen.all("content-length").concat().parse().unwrap_or(0);
    seen.body.resize(length, 0);
    reader.read_exact(&mut seen.body).unwrap();
    book.lock().unwrap().push(seen);
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone")
        .unwrap();
}
