//! Request bodies, limited in size and time. A body is refused before it is read if the head
//! already shows that it is not acceptable.

mod fields;
mod json;

use std::time::Duration;

use axum::{
    body::{Body, HttpBody as _},
    extract::{FromRequest, Request},
    http::{HeaderMap, Method, header},
};
use bytes::Bytes;
use countersign_domain::PermissionSet;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;
use zeroize::Zeroizing;

pub(crate) use self::{
    fields::{
        Fields, Read, address, annotations, instant, no_array, overlap, text, texts, version,
    },
    json::{Json, check},
};
use crate::problem::{Code, FieldError, Problem};

/// The maximum size of a body in bytes, unless it may name a whole catalog of permissions.
const LARGEST: usize = 64 * 1024;

/// The media type of the OAuth endpoints.
const FORM: &str = "application/x-www-form-urlencoded";

/// The time for a body to arrive, from the end of the check of its credential.
const PATIENCE: Duration = Duration::from_secs(10);

/// The body of an operation that takes none. A body is refused and not ignored, because its sender
/// expects it to matter: a version in the body of a DELETE, a filter in that of a GET.
#[derive(Debug)]
pub(crate) struct NoBody;

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (method, body) = (request.method().clone(), request.into_body());
        if body.is_end_stream() {
            return Ok(Self);
        }
        // A chunked body may turn out to be empty.
        match collect(body, 0).await {
            Ok(_) => Ok(Self),
            Err(problem) if problem.slug() == Code::BodyTooLarge.slug() => {
                Err(unexpected(&method).closing())
            }
            Err(problem) => Err(problem),
        }
    }
}

fn unexpected(method: &Method) -> Problem {
    let detail = if *method == Method::DELETE {
        "this operation takes no body; a version is named by If-Match"
    } else {
        "this operation takes no body"
    };
    let fault = FieldError::at("", "unexpected-body", detail);
    Problem::new(
        Code::InvalidBody,
        "A body was sent to an operation that takes none.",
    )
    .with_faults(vec![fault])
}

/// Reads a JSON body.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    read_as(headers, body, "application/json", LARGEST).await
}

/// Reads a JSON body of at most the size of [`largest_record`].
pub(crate) async fn read_record(
    headers: &HeaderMap,
    body: Body,
    largest: usize,
) -> Result<Bytes, Problem> {
    read_as(headers, body, "application/json", largest).await
}

/// The maximum size in bytes of a body that holds a record with these permissions, so that a record
/// that was read can be sent back, however many they are. The rest of a record fits into half of
/// the general limit.
pub(crate) fn largest_record(permissions: &PermissionSet) -> usize {
    LARGEST.max(LARGEST / 2 + permissions.written_len())
}

/// Reads a form of the OAuth endpoints (RFC 7662, section 2.1).
///
/// The result may hold a secret, and is wiped when it is dropped.
pub(crate) async fn read_form(
    headers: &HeaderMap,
    body: Body,
) -> Result<Zeroizing<String>, Problem> {
    let bytes = read_as(headers, body, FORM, LARGEST).await?;
    String::from_utf8(bytes.into())
        .map(Zeroizing::new)
        .map_err(|_| Problem::new(Code::InvalidParameter, "A form is written in ASCII."))
}

async fn read_as(
    headers: &HeaderMap,
    body: Body,
    media_type: &'static str,
    largest: usize,
) -> Result<Bytes, Problem> {
    check_coding(headers)?;
    check_type(headers, media_type)?;
    check_length(headers, largest)?;
    collect(body, largest).await
}

async fn collect(body: Body, largest: usize) -> Result<Bytes, Problem> {
    let collected = timeout(PATIENCE, Limited::new(body, largest).collect()).await;
    match collected {
        Err(_) => Err(Problem::new(
            Code::RequestTimeout,
            "The body did not arrive within ten seconds.",
        )
        .closing()),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(largest)),
        Ok(Err(_)) => Err(Problem::new(Code::MalformedJson, "The body broke off.").closing()),
    }
}

fn check_length(headers: &HeaderMap, largest: usize) -> Result<(), Problem> {
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > largest as u64) {
        return Err(too_large(largest));
    }
    Ok(())
}

fn check_coding(headers: &HeaderMap) -> Result<(), Problem> {
    let plain = |value: &[u8]| value.trim_ascii().eq_ignore_ascii_case(b"identity");
    let codings = headers.get_all(header::CONTENT_ENCODING);
    if codings.iter().all(|value| plain(value.as_bytes())) {
        Ok(())
    } else {
        Err(unsupported(
            "A body cannot be compressed or encoded otherwise.",
        ))
    }
}

/// Whether the head announces a form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    check_type(headers, FORM).is_ok()
}

fn check_type(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    match (
        types.next().and_then(|value| value.to_str().ok()),
        types.next(),
    ) {
        (Some(value), None) if is_of(value, wanted) => Ok(()),
        _ => Err(unsupported(&format!(
            "The header Content-Type has to be {wanted}."
        ))),
    }
}

/// Whether the media type matches, without a charset or as UTF-8 (RFC 8259, section 8.1); other
/// parameters have no meaning and are ignored.
fn is_of(value: &str, wanted: &str) -> bool {
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case(wanted)
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => charset
                .trim()
                .trim_matches('"')
                .eq_ignore_ascii_case("utf-8"),
            _ => true,
        })
}

fn unsupported(detail: &str) -> Problem {
    Problem::new(Code::UnsupportedMediaType, detail).closing()
}

fn too_large(largest: usize) -> Problem {
    let detail = format!("A body has at most {} KiB here.", largest / 1024);
    Problem::new(Code::BodyTooLarge, detail).closing()
}
