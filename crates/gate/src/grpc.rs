//! Refusals of gRPC calls. The status is in the header `grpc-status` of an answer that has HTTP
//! status 200 and no body ("Trailers-Only" in gRPC over HTTP/2); a client treats any other answer
//! as one that broke off.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::ProblemResponse;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// The prefix of every media type of gRPC, including that of gRPC-Web.
const MEDIA_TYPE: &[u8] = b"application/grpc";

/// The media type of a gRPC request, which is also that of its answer; `None` for other requests.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(header::CONTENT_TYPE)?;
    let begin = value.as_bytes().get(..MEDIA_TYPE.len())?;
    begin
        .eq_ignore_ascii_case(MEDIA_TYPE)
        .then(|| value.clone())
}

impl ProblemResponse {
    /// The gRPC status code of the refusal: `UNAUTHENTICATED` (16), `PERMISSION_DENIED` (7),
    /// `UNAVAILABLE` (14), `RESOURCE_EXHAUSTED` (8) or `INVALID_ARGUMENT` (3).
    #[must_use]
    pub fn grpc_status(&self) -> u8 {
        match self.status {
            StatusCode::UNAUTHORIZED => 16,
            StatusCode::FORBIDDEN => 7,
            StatusCode::TOO_MANY_REQUESTS => 8,
            status if status.is_client_error() => 3,
            _ => 14,
        }
    }

    /// The headers of the answer to a gRPC call with this `Content-Type`. The answer has the status
    /// 200 and no body. The challenge and `Retry-After` are metadata for clients that look for
    /// them.
    #[must_use]
    pub fn grpc_headers(&self, content_type: HeaderValue) -> HeaderMap {
        let mut headers = self.headers();
        headers.insert(header::CONTENT_TYPE, content_type);
        headers.insert(GRPC_STATUS, u16::from(self.grpc_status()).into());
        // The detail consists of fixed words, permissions and instants: printable ASCII without a
        // percent sign, which is the only one of these characters that would have to be encoded.
        if let Ok(message) = HeaderValue::from_str(&self.detail) {
            headers.insert(GRPC_MESSAGE, message);
        }
        headers
    }
}

#[cfg(test)]
#[path = "grpc_tests.rs"]
mod tests;
