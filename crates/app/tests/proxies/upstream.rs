//! A service behind a proxy that knows nothing of tokens. It records all requests that reach it:
//! what a proxy let through, and how it described the caller.

use std::{
    io::{BufRead, BufReader, Read, Write as _},
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
                let book = Arc::clone(&book);
                thread::spawn(move || answer(&stream.unwrap(), &book));
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
        match line(&mut reader) {
            line if line.is_empty() => break,
            line => lines.push(line),
        }
    }
    // Somebody who only looked whether it listens, or keeps a connection for later.
    let Some((first, headers)) = lines.split_first() else {
        return;
    };
    let header = |line: &String| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    let mut seen = Seen {
        line: first.trim_end_matches(" HTTP/1.1").to_owned(),
        headers: headers.iter().map(header).collect(),
        body: Vec::new(),
    };
    if seen.all("transfer-encoding") == ["chunked"] {
        loop {
            let chunk = usize::from_str_radix(&line(&mut reader), 16).unwrap();
            read(&mut reader, chunk, &mut seen.body);
            line(&mut reader);
            if chunk == 0 {
                break;
            }
        }
    } else {
        let length = seen.all("content-length").concat().parse().unwrap_or(0);
        read(&mut reader, length, &mut seen.body);
    }
    book.lock().unwrap().push(seen);
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone")
        .unwrap();
}

/// A line without its end; none where there is none, or nobody to send it.
fn line(reader: &mut impl BufRead) -> String {
    let mut line = String::new();
    let _ = reader.read_line(&mut line);
    line.trim_end().to_owned()
}

fn read(reader: &mut impl Read, length: usize, body: &mut Vec<u8>) {
    let before = body.len();
    body.resize(before + length, 0);
    reader.read_exact(&mut body[before..]).unwrap();
}
