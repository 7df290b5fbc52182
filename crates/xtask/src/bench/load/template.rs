//! A request with places to fill, taken apart once so that filling is copying.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// A request without the lines that depend on its length. `{value}`, `{version}` and `{micros}` (the version as six
/// digits) are filled in each time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// From the slash on.
    pub path: String,
    /// Name and value of each header; `host` and `content-length` are added.
    pub headers: Vec<(String, String)>,
    /// `None` where the request has no body.
    pub body: Option<String>,
}

#[derive(Debug)]
enum Piece {
    Text(Vec<u8>),
    Value,
    Version,
    Micros,
}

/// A [`Request`] that is quick to write.
#[derive(Debug)]
pub(super) struct Template {
    head: Vec<Piece>,
    body: Option<Vec<Piece>>,
}

impl Template {
    pub(super) fn new(request: &Request) -> Self {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: countersign\r\n",
            request.method, request.path
        );
        for (name, value) in &request.headers {
            // Writing into memory cannot fail.
            let _ = write!(head, "{name}: {value}\r\n");
        }
        Self {
            head: pieces(&head),
            body: request.body.as_deref().map(pieces),
        }
    }

    /// Writes the request behind what is in `out`.
    pub(super) fn write(&self, value: &str, version: u64, out: &mut Vec<u8>) {
        fill(&self.head, value, version, out);
        if let Some(body) = &self.body {
            let length: usize = body.iter().map(|piece| piece.length(value, version)).sum();
            out.extend_from_slice(b"content-length: ");
            out.extend_from_slice(length.to_string().as_bytes());
            out.extend_from_slice(b"\r\n\r\n");
            fill(body, value, version, out);
        } else {
            out.extend_from_slice(b"\r\n");
        }
    }
}

impl Piece {
    fn length(&self, value: &str, version: u64) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Value => value.len(),
            Self::Version => version.to_string().len(),
            Self::Micros => 6,
        }
    }
}

fn fill(pieces: &[Piece], value: &str, version: u64, out: &mut Vec<u8>) {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text),
            Piece::Value => out.extend_from_slice(value.as_bytes()),
            Piece::Version => out.extend_from_slice(version.to_string().as_bytes()),
            Piece::Micros => {
                out.extend_from_slice(format!("{:06}", version % 1_000_000).as_bytes());
            }
        }
    }
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((at, word, piece)) = next_place(rest) {
        found.push(Piece::Text(rest.as_bytes()[..at].to_vec()));
        found.push(piece);
        rest = &rest[at + word.len()..];
    }
    found.push(Piece::Text(rest.as_bytes().to_vec()));
    found
}

fn next_place(text: &str) -> Option<(usize, &'static str, Piece)> {
    let places = [
        ("{value}", Piece::Value),
        ("{version}", Piece::Version),
        ("{micros}", Piece::Micros),
    ];
    places
        .into_iter()
        .filter_map(|(word, piece)| Some((text.find(word)?, word, piece)))
        .min_by_key(|found| found.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_the_length_is_right() {
        let request = Request {
            method: "PUT".to_owned(),
            path: "/t/{value}".to_owned(),
            headers: vec![("authorization".to_owned(), "Bearer x".to_owned())],
            body: Some(r#"{"version":{version},"at":".{micros}"}"#.to_owned()),
        };
        let mut out = Vec::new();
        Template::new(&request).write("abc", 12, &mut out);
        let expected = "PUT /t/abc HTTP/1.1\r\nhost: countersign\r\nauthorization: Bearer x\r\n\
                        content-length: 29\r\n\r\n{\"version\":12,\"at\":\".000012\"}";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
