//! The headers in which forward auth describes an admitted caller.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use countersign_domain::Grant;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::metadata_headers::{MetadataHeaders, OMITTED};

const TENANT_ID: HeaderName = HeaderName::from_static("x-countersign-tenant-id");
const TOKEN_ID: HeaderName = HeaderName::from_static("x-countersign-token-id");
const TOKEN_EXPIRY: HeaderName = HeaderName::from_static("x-countersign-token-expiry");
const USER_ID: HeaderName = HeaderName::from_static("x-countersign-user-id");
const USER_NAME: HeaderName = HeaderName::from_static("x-countersign-user-name");
const OWNER: HeaderName = HeaderName::from_static("x-countersign-owner");
const PERMISSIONS: HeaderName = HeaderName::from_static("x-countersign-permissions");

/// Says that the list of permissions was left out because it is longer than [`LONGEST_LIST`].
const PERMISSIONS_OMITTED: HeaderName =
    HeaderName::from_static("x-countersign-permissions-omitted");

/// The maximum length of a list of permissions, and of the metadata with it, in bytes. Many proxies
/// have a buffer of 4 or 8 KiB for a whole head and refuse an answer that does not fit, so a longer
/// list would make the token unusable.
const LONGEST_LIST: usize = 4096;

/// Characters that are escaped in a header; all but ASCII always are.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

pub(super) fn let_through(grant: &Grant, metadata: &MetadataHeaders) -> Response {
    let credential = &grant.credential;
    let mut response = StatusCode::OK.into_response();
    // Reserves room for these headers and those that every answer gets, once.
    response.headers_mut().reserve(12);
    let permissions = credential.permissions.to_string();
    let permissions = if permissions.len() > LONGEST_LIST {
        (PERMISSIONS_OMITTED, "true".to_owned())
    } else {
        (PERMISSIONS, permissions)
    };
    let room = LONGEST_LIST - permissions.1.len();
    let owner = credential.owner.as_ref();
    for (header, value) in [
        (TENANT_ID, credential.tenant.to_string()),
        (TOKEN_ID, credential.token.to_string()),
        (TOKEN_EXPIRY, credential.expiry.to_string()),
        (USER_ID, credential.user.to_string()),
        (USER_NAME, escaped(&credential.user_name)),
        permissions,
    ]
    .into_iter()
    .chain(owner.map(|owner| (OWNER, escaped(owner.as_str()))))
    .chain(of_metadata(grant, metadata, room))
    {
        // The values are ids, an instant, names of permissions, and texts whose special characters
        // are escaped.
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(header, value);
        }
    }
    response
}

/// The values of the keys that the setting names, or the header that says that they need more room.
fn of_metadata(grant: &Grant, headers: &MetadataHeaders, room: usize) -> Vec<(HeaderName, String)> {
    let metadata = &grant.credential.metadata;
    let named = headers.iter().filter_map(|(key, header)| {
        let value = metadata.get(key)?;
        Some((header.clone(), escaped(value)))
    });
    let named: Vec<_> = named.collect();
    let length = named.iter().map(|(_, value)| value.len()).sum::<usize>();
    if length > room {
        vec![(OMITTED, "true".to_owned())]
    } else {
        named
    }
}

/// A text as a header's value. Blanks at its ends are escaped, too: a header's value is trimmed
/// (RFC 9110, section 5.5).
fn escaped(text: &str) -> String {
    let inner = text.trim_matches(' ');
    let encoded = utf8_percent_encode(inner, ESCAPED).to_string();
    if inner.len() == text.len() {
        return encoded;
    }
    let before = text.len() - text.trim_start_matches(' ').len();
    let after = text.len() - before - inner.len();
    [
        &"%20".repeat(before),
        encoded.as_str(),
        &"%20".repeat(after),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_text_survives_the_trimming_of_a_header() {
        for (text, value) in [
            ("gold", "gold"),
            ("a b", "a b"),
            (" gold  ", "%20gold%20%20"),
            ("  ", "%20%20"),
            ("", ""),
            ("50 % für", "50 %25 f%C3%BCr"),
        ] {
            assert_eq!(escaped(text), value, "{text:?}");
        }
    }
}
