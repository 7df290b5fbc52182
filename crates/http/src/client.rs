//! The caller of an OAuth endpoint. OAuth's libraries send a client's secret as the password of
//! HTTP Basic or as a field of the form (RFC 6749, section 2.3.1). That secret is an API token; the
//! client's name is ignored.

use std::fmt;

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_domain::{Grant, Operation};
use countersign_gate::{BearerError, bearer};
use zeroize::Zeroizing;

use crate::{
    body,
    caller::{Caller, admit, exchange},
    params::Params,
    problem::{FieldError, Problem},
    request_context::RequestContext,
    state::ApiState,
};

/// An admitted client with the form that it sent.
#[derive(Debug)]
pub(crate) struct OAuthCaller<O> {
    pub(crate) caller: Caller<O>,
    pub(crate) form: Form,
}

/// A form, which may hold secrets.
pub(crate) struct Form(Zeroizing<String>);

impl Form {
    /// The fields of the form.
    pub(crate) fn params(&self) -> Params<'_> {
        Params::of(Some(&self.0))
    }

    /// The client's secret, if there is one and it is not empty.
    fn client_secret(&self) -> Result<Option<Zeroizing<String>>, Problem> {
        let mut params = self.params();
        let secret = params.single("client_secret", "a text", |text| Some(text.to_owned()));
        params.finish_form()?;
        Ok(secret
            .filter(|secret| !secret.is_empty())
            .map(Zeroizing::new))
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Form(hidden)")
    }
}

impl<O: Operation> FromRequest<ApiState> for OAuthCaller<O> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &ApiState) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let exchange = exchange(&head)?;
        let headers = &head.headers;
        // A body is read before its sender is admitted only if nothing else can admit it.
        let in_header = headers.contains_key(header::AUTHORIZATION);
        if !in_header && !body::is_form(headers) {
            let grant = admit::<O>(Err(BearerError::Missing), &exchange, app).await;
            return Err(grant
                .err()
                .map_or_else(Problem::internal, Problem::for_any_scheme));
        }
        let by_header = if in_header {
            Some(admitted::<O>(headers, &exchange, app).await?)
        } else {
            None
        };
        Params::none(head.uri.query())?;
        let form = Form(body::read_form(headers, body).await?);
        let by_form = form.client_secret()?;
        let grant = match (by_header, by_form) {
            (Some(grant), None) => grant,
            (Some(_), Some(_)) => return Err(twice()),
            (None, secret) => {
                let presented = secret.as_ref().map(|secret| secret.as_str());
                let presented = presented.ok_or(BearerError::Missing);
                let admitted = admit::<O>(presented, &exchange, app).await;
                admitted.map_err(Problem::for_any_scheme)?
            }
        };
        let caller = Caller::of(grant, exchange)?;
        Ok(Self { caller, form })
    }
}

/// The grant for the credential in the header.
async fn admitted<O: Operation>(
    headers: &HeaderMap,
    exchange: &RequestContext,
    app: &ApiState,
) -> Result<Grant, Problem> {
    let scheme = scheme(headers);
    let password = basic_password(headers);
    let presented = match &password {
        Some(password) => Ok(password.as_str()),
        None => bearer(headers),
    };
    let admitted = admit::<O>(presented, exchange, app).await;
    admitted.map_err(|problem| match scheme {
        Some(scheme) if scheme.eq_ignore_ascii_case(b"basic") => problem.for_basic(),
        Some(scheme) if scheme.eq_ignore_ascii_case(b"bearer") => problem,
        _ => problem.for_any_scheme(),
    })
}

fn twice() -> Problem {
    let detail = "a client authenticates in the header Authorization or in the form, not in both";
    Problem::invalid_parameters(vec![FieldError::in_parameter(
        "client_secret",
        "several-values",
        detail,
    )])
}

/// The scheme that the client tried, even with a malformed credential.
fn scheme(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?;
    value.as_bytes().split(|byte| *byte == b' ').next()
}

/// The password of the one Basic credential (RFC 7617), if there is one. Name and password are
/// form-encoded before they are joined (RFC 6749, section 2.3.1). Clients that leave that out send
/// the same secret, because it has no character that the encoding changes.
fn basic_password(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?.to_str().ok()?, values.next()) else {
        return None;
    };
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
    let (_, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(form_decoded(password))
}

/// Decodes a form-encoded text, in which a plus sign stands for a blank.
fn form_decoded(text: &str) -> Zeroizing<String> {
    let escaped = Zeroizing::new(text.replace('&', "%26").replace('=', "%3D"));
    let mut pairs = form_urlencoded::parse(escaped.as_bytes());
    let decoded = pairs.next().map(|(name, _)| name.into_owned());
    Zeroizing::new(decoded.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_basic_password_is_taken() {
        for (lines, expected) in [
            (&["Basic YTpi"][..], Some("b")),
            (&["bAsIc YTpiOmM="], Some("b:c")),
            (&["Basic OmI="], Some("b")),
            // `a:csg%5Fx+y`, `a:=&` and `a:%zz`
            (&["Basic YTpjc2clNUZ4K3k="], Some("csg_x y")),
            (&["Basic YTo9Jg=="], Some("=&")),
            (&["Basic YTolenpa"], Some("%zzZ")),
            (&["Basic YQ=="], None),
            (&["Basic %"], None),
            (&["Bearer YTpi"], None),
            (&["Basic YTpi", "Basic YTpi"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::AUTHORIZATION, line.parse().unwrap());
            }
            let password = basic_password(&headers);
            assert_eq!(
                password.as_ref().map(|text| text.as_str()),
                expected,
                "{lines:?}"
            );
        }
    }
}
