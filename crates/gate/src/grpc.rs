//! How a gRPC call is refused. Its status is in the header `grpc-status` of an answer that is 200
//! for HTTP and has no body ("Trailers-Only" in gRPC over HTTP/2); a client takes any other answer
//! for one that broke off.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::ProblemResponse;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// How every media type of gRPC begins, that of gRPC-Web included.
const MEDIA_TYPE: &[u8] = b"application/grpc";

/// The media type of a gRPC request, which is that of its answer too; `None` if it is none.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(header::CONTENT_TYPE)?;
    let begin = value.as_bytes().get(..MEDIA_TYPE.len())?;
    begin
        .eq_ignore_ascii_case(MEDIA_TYPE)
        .then(|| value.clone())
}

impl ProblemResponse {
    /// The gRPC status code that stands for the refusal: `UNAUTHENTICATED` (16),
    /// `PERMISSION_DENIED` (7), `UNAVAILABLE` (14), `RESOURCE_EXHAUSTED` (8) or `INVALID_ARGUMENT`
    /// (3).
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

    /// The headers of the answer to a gRPC call whose `Content-Type` this is. The answer has the
    /// status 200 and no body. The challenge and `Retry-After` are metadata for a client that looks
    /// for them.
    #[must_use]
    pub fn grpc_headers(&self, content_type: HeaderValue) -> HeaderMap {
        let mut headers = self.headers();
        headers.insert(header::CONTENT_TYPE, content_type);
        headers.insert(GRPC_STATUS, u16::from(self.grpc_status()).into());
        // Fixed words, permissions and instants: printable ASCII without a percent sign, which is
        // the only character of them that would have to be encoded.
        if let Ok(message) = HeaderValue::from_str(&self.detail) {
            headers.insert(GRPC_MESSAGE, message);
        }
        headers
    }
}

#[cfg(test)]
#[path = "grpc_tests.rs"]
mod tests;
