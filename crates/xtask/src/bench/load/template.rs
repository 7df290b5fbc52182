//! A request with places to fill, taken apart once so that filling is copying.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// A request without the lines that depend on its length. Filled in each time are `{value}`,
/// `{version}`, `{micros}` (the version as six digits), `{octet}` (its last byte) and `<one|other>`
/// (the first for even versions).
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
    Octet,
    Either(Vec<u8>, Vec<u8>),
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
            Self::Octet => (version % 256).to_string().len(),
            Self::Either(even, odd) => either(even, odd, version).len(),
        }
    }
}

fn either<'a>(even: &'a [u8], odd: &'a [u8], version: u64) -> &'a [u8] {
    if version.is_multiple_of(2) { even } else { odd }
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
            Piece::Octet => out.extend_from_slice((version % 256).to_string().as_bytes()),
            Piece::Either(even, odd) => out.extend_from_slice(either(even, odd, version)),
        }
    }
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((at, length, piece)) = next_place(rest) {
        found.push(Piece::Text(rest.as_bytes()[..at].to_vec()));
        found.push(piece);
        rest = &rest[at + length..];
    }
    found.push(Piece::Text(rest.as_bytes().to_vec()));
    found
}

/// Where the next place is, how long its word, and what comes there.
fn next_place(text: &str) -> Option<(usize, usize, Piece)> {
    let words = [
        ("{value}", Piece::Value),
        ("{version}", Piece::Version),
        ("{micros}", Piece::Micros),
        ("{octet}", Piece::Octet),
    ];
    words
        .into_iter()
        .filter_map(|(word, piece)| Some((text.find(word)?, word.len(), piece)))
        .chain(next_choice(text))
        .min_by_key(|found| found.0)
}

fn next_choice(text: &str) -> Option<(usize, usize, Piece)> {
    let (before, rest) = text.split_once('<')?;
    let (choice, _) = rest.split_once('>')?;
    let (even, odd) = choice.split_once('|')?;
    let piece = Piece::Either(even.into(), odd.into());
    Some((before.len(), choice.len() + 2, piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(body: &str, version: u64) -> String {
        let request = Request {
            method: "PUT".to_owned(),
            path: "/t/{value}".to_owned(),
            headers: vec![("authorization".to_owned(), "Bearer x".to_owned())],
            body: Some(body.to_owned()),
        };
        let mut out = Vec::new();
        Template::new(&request).write("abc", version, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn places_are_filled_and_the_length_is_right() {
        let expected = "PUT /t/abc HTTP/1.1\r\nhost: countersign\r\nauthorization: Bearer x\r\n\
                        content-length: 29\r\n\r\n{\"version\":12,\"at\":\".000012\"}";
        assert_eq!(
            filled(r#"{"version":{version},"at":".{micros}"}"#, 12),
            expected
        );
    }

    #[test]
    fn a_choice_and_a_byte_follow_the_version() {
        let text = r#"["10.0.0.{octet}"<,"even"|>]"#;
        assert!(filled(text, 258).ends_with("content-length: 19\r\n\r\n[\"10.0.0.2\",\"even\"]"));
        assert!(filled(text, 257).ends_with("content-length: 12\r\n\r\n[\"10.0.0.1\"]"));
    }
}
