//! The headers in which a request may carry its token. `Authorization: Bearer` (RFC 6750, section
//! 2.1) is always one; a deployment may allow Basic (RFC 7617) and headers by name. A token in a
//! query or in a cookie is never taken, because both end up in places that others read.

use std::{fmt, ops::Deref, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use thiserror::Error;
use zeroize::Zeroizing;

mod reserved;

/// The word for Basic in the text of the setting.
const BASIC: &str = "basic";
/// The maximum number of headers by name.
const MAX: usize = 4;

/// Reason why a request carries no usable credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BearerError {
    /// The request has no credential, or an empty one.
    #[error("no credential was sent")]
    Missing,
    /// The request has more than one credential.
    #[error("several credentials were sent")]
    Several,
    /// The credential is not text.
    #[error("the credential is no text")]
    NotText,
}

/// The headers of tokens. By default only `Authorization: Bearer`; the text form lists what is
/// allowed besides, in any order: `basic`, and names of headers.
///
/// ```
/// use countersign_gate::TokenHeaders;
/// let headers: TokenHeaders = "basic, X-API-Key".parse()?;
/// assert_eq!(headers, "x-api-key,basic".parse()?);
/// assert!("Cookie".parse::<TokenHeaders>().is_err());
/// # Ok::<_, countersign_gate::InvalidTokenHeader>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenHeaders {
    basic: bool,
    /// Sorted, so that their order decides nothing.
    names: Vec<HeaderName>,
}

/// The text does not list headers of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidTokenHeader {
    /// The text is no name of a header, or has characters that some proxies drop.
    #[error("{0:?} is no name of letters, digits and hyphens")]
    Name(String),
    /// The header has another meaning.
    #[error("the header {0} has another meaning")]
    Reserved(HeaderName),
    /// There are too many headers.
    #[error("at most {MAX} headers can be named")]
    TooMany,
}

/// The token of a request, which nothing prints.
pub enum PresentedToken<'a> {
    /// As it was sent.
    Text(&'a str),
    /// The password of Basic.
    Password(Zeroizing<String>),
}

impl Deref for PresentedToken<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Password(password) => password,
        }
    }
}

impl fmt::Debug for PresentedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedToken(hidden)")
    }
}

/// A credential that is not decoded yet.
enum Credential<'a> {
    Text(&'a [u8]),
    Basic(&'a [u8]),
}

impl TokenHeaders {
    /// Allows Basic, with the token as the password and any name.
    #[must_use]
    pub fn with_basic(mut self) -> Self {
        self.basic = true;
        self
    }

    /// The names of the headers besides `Authorization`.
    #[must_use]
    pub fn names(&self) -> &[HeaderName] {
        &self.names
    }

    /// Whether Basic is allowed.
    #[must_use]
    pub const fn has_basic(&self) -> bool {
        self.basic
    }

    /// The token of a request. A header or scheme that is not allowed is not looked at.
    ///
    /// # Errors
    /// Returns an error if there is no token, more than one, or one that is not text.
    pub fn read<'a>(&self, headers: &'a HeaderMap) -> Result<PresentedToken<'a>, BearerError> {
        let mut found = self.authorization(headers)?;
        for name in &self.names {
            let text = only(headers, name)?.map(Credential::Text);
            match (&found, text) {
                (Some(_), Some(_)) => return Err(BearerError::Several),
                (None, text) => found = text,
                (Some(_), None) => {}
            }
        }
        match found.ok_or(BearerError::Missing)? {
            Credential::Text(text) => {
                let text = std::str::from_utf8(text).map_err(|_| BearerError::NotText)?;
                Ok(PresentedToken::Text(text))
            }
            Credential::Basic(encoded) => {
                let password = password(encoded).ok_or(BearerError::Missing)?;
                Ok(PresentedToken::Password(password))
            }
        }
    }

    fn authorization<'a>(
        &self,
        headers: &'a HeaderMap,
    ) -> Result<Option<Credential<'a>>, BearerError> {
        let Some(value) = single(headers, &header::AUTHORIZATION)? else {
            return Ok(None);
        };
        let end = value.iter().position(|byte| *byte == b' ');
        let (scheme, rest) = value.split_at(end.unwrap_or(value.len()));
        let kind = if scheme.eq_ignore_ascii_case(b"bearer") {
            Credential::Text
        } else if self.basic && scheme.eq_ignore_ascii_case(BASIC.as_bytes()) {
            Credential::Basic
        } else {
            return Ok(None);
        };
        Ok(one(rest)?.map(kind))
    }

    /// Whether the request has a header that may carry a token, even an empty one.
    #[must_use]
    pub fn are_in(&self, headers: &HeaderMap) -> bool {
        self.all().any(|name| headers.contains_key(name))
    }

    /// The headers that may carry a token, alone.
    #[must_use]
    pub fn picked(&self, headers: &HeaderMap) -> HeaderMap {
        let lines = self.all().flat_map(|name| {
            let values = headers.get_all(name).iter();
            values.map(|value| (name.clone(), value.clone()))
        });
        lines.collect()
    }

    /// Hides the credentials from code that prints headers.
    pub fn hide(&self, headers: &mut HeaderMap) {
        for name in self.all() {
            if let http::header::Entry::Occupied(mut values) = headers.entry(name) {
                values
                    .iter_mut()
                    .for_each(|value| value.set_sensitive(true));
            }
        }
    }

    /// The challenges of what is allowed besides Bearer (RFC 9110, section 11.6.1). A header by
    /// name has no registered scheme; `ApiKey` is what others use.
    #[must_use]
    pub fn challenges(&self) -> Vec<HeaderValue> {
        let basic = self
            .basic
            .then(|| r#"Basic realm="countersign""#.to_owned());
        let named = self.names.iter();
        let named = named.map(|name| format!(r#"ApiKey realm="countersign", header="{name}""#));
        let all = basic.into_iter().chain(named);
        // A name of a header has no quote and no backslash.
        all.filter_map(|text| text.try_into().ok()).collect()
    }

    fn all(&self) -> impl Iterator<Item = &HeaderName> {
        [&header::AUTHORIZATION].into_iter().chain(&self.names)
    }
}

impl FromStr for TokenHeaders {
    type Err = InvalidTokenHeader;

    fn from_str(text: &str) -> Result<Self, InvalidTokenHeader> {
        let parts = text.split(',').map(str::trim);
        let mut headers = Self::default();
        for part in parts.filter(|_| !text.trim().is_empty()) {
            if part.eq_ignore_ascii_case(BASIC) {
                headers.basic = true;
            } else {
                headers.names.push(name(part)?);
            }
        }
        headers.names.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        headers.names.dedup();
        if headers.names.len() > MAX {
            return Err(InvalidTokenHeader::TooMany);
        }
        Ok(headers)
    }
}

fn name(text: &str) -> Result<HeaderName, InvalidTokenHeader> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let begins = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic());
    let name = text.parse::<HeaderName>().ok();
    let name = name.filter(|_| begins && text.bytes().all(plain));
    let name = name.ok_or_else(|| InvalidTokenHeader::Name(text.to_owned()))?;
    if reserved::is_reserved(name.as_str()) {
        return Err(InvalidTokenHeader::Reserved(name));
    }
    Ok(name)
}

/// The value of a header that may be sent once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a [u8]>, BearerError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value.map(HeaderValue::as_bytes)),
        (_, Some(_)) => Err(BearerError::Several),
    }
}

/// The credential of a header that may be sent once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a [u8]>, BearerError> {
    single(headers, name)?.map_or(Ok(None), one)
}

/// The one credential in a value. A proxy joins several lines of a header with commas, which no
/// token and no base64 has.
fn one(value: &[u8]) -> Result<Option<&[u8]>, BearerError> {
    let credential = value.trim_ascii();
    if credential.contains(&b',') {
        return Err(BearerError::Several);
    }
    Ok((!credential.is_empty()).then_some(credential))
}

/// The password of a Basic credential; an empty one is a wrong token, not a missing one.
fn password(encoded: &[u8]) -> Option<Zeroizing<String>> {
    let decoded = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let (_, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(Zeroizing::new(password.to_owned()))
}

#[cfg(test)]
#[path = "token_headers/tests.rs"]
mod tests;
