//! An answer, and what must hold for every answer.

use serde_json::Value;

use super::{Ask, leaks::holds_secret};

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// Reads what came over a bare connection.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines.filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_lowercase(), value.to_owned()))
        });
        let headers: Vec<(_, _)> = headers.collect();
        let chunked = headers.iter().any(|(name, _)| name == "transfer-encoding");
        let body = &bytes[end + 4..];
        Some(Self {
            status,
            headers,
            body: if chunked {
                unchunked(body)?
            } else {
                body.to_vec()
            },
        })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let (_, value) = values.next()?;
        assert!(values.next().is_none(), "{name} stands twice");
        Some(value)
    }

    /// The body; `null` where it is no JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// What is wrong with the answer, whatever the question was about.
    pub(crate) fn flaws(&self, ask: &Ask) -> Vec<String> {
        let mut flaws = Vec::new();
        let mut demand = |holds: bool, flaw: &str| {
            if !holds {
                flaws.push(flaw.to_owned());
            }
        };
        let id = self.header("x-request-id").unwrap_or_default();
        let sane = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
        demand((1..=128).contains(&id.len()), "no request id");
        demand(id.bytes().all(sane), "an odd request id");
        demand(
            self.header("x-content-type-options") == Some("nosniff"),
            "it may be sniffed",
        );
        if self.status >= 400 && ask.method != "HEAD" {
            let document = self.json();
            let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
            let media = self.header("content-type");
            demand(
                media == Some("application/problem+json"),
                "no problem document",
            );
            demand(self.code().is_some(), "no code");
            demand(
                self.header("transfer-encoding").is_none(),
                "a short answer in chunks",
            );
            demand(document["status"] == self.status, "two statuses");
            demand(text("requestId") == id, "two request ids");
            demand(!text("title").is_empty(), "no title");
            demand(!text("detail").is_empty(), "no detail");
            let has = |name| self.header(name).is_some();
            demand(
                self.status != 401 || has("www-authenticate"),
                "401 without a challenge",
            );
            demand(self.status != 405 || has("allow"), "405 without Allow");
            demand(
                self.status != 503 || has("retry-after"),
                "503 without Retry-After",
            );
        }
        flaws.extend(self.stray_pointers(ask));
        flaws.extend(self.secrets(ask));
        flaws
    }

    /// Pointers that lead nowhere in what was sent; to a field that is missing, only the place where it should be.
    fn stray_pointers(&self, ask: &Ask) -> Vec<String> {
        let sent = ask.body.as_deref().unwrap_or_default();
        let sent: Value = serde_json::from_slice(sent).unwrap_or_default();
        let document = self.json();
        let errors = document["errors"].as_array();
        let pointed = errors.into_iter().flatten().filter_map(|error| {
            let pointer = error["pointer"].as_str()?;
            let missing = error["code"] == "missing-field";
            let place = match pointer.rsplit_once('/') {
                Some((parent, _)) if missing => parent,
                _ => pointer,
            };
            let found =
                sent.pointer(place).is_some() && (!missing || sent.pointer(pointer).is_none());
            (!found).then(|| format!("a pointer to nothing: {pointer}"))
        });
        pointed.collect()
    }

    /// Only the answer that makes a secret shows it.
    fn secrets(&self, ask: &Ask) -> Option<String> {
        let path = ask.target.split('?').next().unwrap_or_default();
        let made = if path.ends_with("/rotate") { 200 } else { 201 };
        let headers: String = self
            .headers
            .iter()
            .map(|(_, value)| value.as_str())
            .collect();
        let shown = holds_secret(&headers)
            || (self.status != made && holds_secret(&String::from_utf8_lossy(&self.body)));
        shown.then(|| "a secret shows".to_owned())
    }
}

/// A body out of its chunks (RFC 9112, section 7.1); a last chunk has to be there.
fn unchunked(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = chunks.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&chunks[..end]).ok()?, 16).ok()?;
        let (chunk, rest) = chunks[end + 2..].split_at_checked(size)?;
        if size == 0 {
            return Some(body);
        }
        body.extend(chunk);
        chunks = rest.strip_prefix(b"\r\n")?;
    }
}
