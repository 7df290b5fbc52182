//! The Bearer credential of a request (RFC 6750, section 2.1). Only the header `Authorization`
//! counts. A token in a query or in a cookie is ignored, because both end up in places that others
//! read.

use http::{HeaderMap, header};
use thiserror::Error;

/// Reason why a request carries no usable credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BearerError {
    /// The request has no Bearer, or nothing after the word.
    #[error("no credential was sent")]
    Missing,
    /// The request has more than one credential.
    #[error("several credentials were sent")]
    Several,
    /// The credential is not text.
    #[error("the credential is no text")]
    NotText,
}

/// The credential of a request.
///
/// # Errors
/// Returns an error if there is none, more than one, or one that is not text.
pub fn bearer(headers: &HeaderMap) -> Result<&str, BearerError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(BearerError::Missing),
        (Some(_), Some(_)) => return Err(BearerError::Several),
        (Some(value), None) => value.as_bytes(),
    };
    let end = value.iter().position(|byte| *byte == b' ');
    let (scheme, rest) = value.split_at(end.unwrap_or(value.len()));
    let credential = rest.trim_ascii();
    if !scheme.eq_ignore_ascii_case(b"bearer") || credential.is_empty() {
        return Err(BearerError::Missing);
    }
    if credential.contains(&b',') {
        return Err(BearerError::Several);
    }
    std::str::from_utf8(credential).map_err(|_| BearerError::NotText)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    type Case = (&'static [&'static [u8]], Result<&'static str, BearerError>);

    #[test]
    fn only_one_bearer_is_taken() {
        use BearerError::{Missing, NotText, Several};
        let cases: [Case; 12] = [
            (&[], Err(Missing)),
            (&[b""], Err(Missing)),
            (&[b"Basic eDp5"], Err(Missing)),
            (&[b"Bearer"], Err(Missing)),
            (&[b"Bearer  "], Err(Missing)),
            (&[b"Bearerx a"], Err(Missing)),
            (&[b"Bearer a"], Ok("a")),
            (&[b"bearer   a "], Ok("a")),
            (&[b"BEARER a"], Ok("a")),
            (&[b"Bearer a", b"Bearer a"], Err(Several)),
            (&[b"Bearer a, Bearer b"], Err(Several)),
            (&[b"Bearer \xff"], Err(NotText)),
        ];
        for (lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(
                    header::AUTHORIZATION,
                    HeaderValue::from_bytes(line).unwrap(),
                );
            }
            assert_eq!(bearer(&headers), expected, "{lines:?}");
        }
    }
}
