//! As much of HTTP as tells where an answer ends and whether it is the expected one.

use anyhow::{Context as _, Result, bail};

/// An answer that is there as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Of the whole answer, in bytes.
    pub(super) length: usize,
}

/// The first answer in `bytes`; `None` where some of it is still to come.
pub(super) fn first(bytes: &[u8]) -> Result<Option<Answer>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = &bytes[..end];
    let digits = head
        .get(9..12)
        .and_then(|digits| std::str::from_utf8(digits).ok());
    let status: u16 = digits
        .and_then(|digits| digits.parse().ok())
        .context("no status line")?;
    let length = end + 4 + body(head, status)?;
    Ok((bytes.len() >= length).then_some(Answer { status, length }))
}

fn body(head: &[u8], status: u16) -> Result<usize> {
    const NAME: &[u8] = b"content-length:";
    for line in head.split(|byte| *byte == b'\n') {
        if line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME) {
            let number = std::str::from_utf8(&line[NAME.len()..])?;
            return number.trim().parse().context("a length that is no number");
        }
    }
    if matches!(status, 204 | 304) {
        return Ok(0);
    }
    bail!("an answer without a length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_its_length_says() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP";
        assert_eq!(
            first(whole).unwrap(),
            Some(Answer {
                status: 200,
                length: 41
            })
        );
        assert_eq!(first(&whole[..40]).unwrap(), None);
        assert_eq!(first(&whole[..20]).unwrap(), None);
        let empty = b"HTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(
            first(empty).unwrap(),
            Some(Answer {
                status: 204,
                length: 27
            })
        );
        assert!(first(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(first(b"nonsense\r\n\r\n").is_err());
    }
}
