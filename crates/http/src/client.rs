//! The caller of an OAuth endpoint. OAuth's libraries send a client's secret as the password of
//! HTTP Basic or as a field of the form (RFC 6749, section 2.3.1). That secret is an API token; the
//! client's name is ignored.

use std::fmt;

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use countersign_domain::{Grant, Operation};
use countersign_gate::{BearerError, PresentedToken, TokenHeaders};
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
        let allowed = app.gate.token_headers().clone().with_basic();
        let in_header = allowed.are_in(headers);
        if !in_header && !body::is_form(headers) {
            let grant = admit::<O>(Err(BearerError::Missing), &exchange, app).await;
            return Err(grant
                .err()
                .map_or_else(Problem::internal, Problem::for_any_scheme));
        }
        let by_header = if in_header {
            Some(admitted::<O>(&allowed, headers, &exchange, app).await?)
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
                let presented = secret.map(PresentedToken::Password);
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
    allowed: &TokenHeaders,
    headers: &HeaderMap,
    exchange: &RequestContext,
    app: &ApiState,
) -> Result<Grant, Problem> {
    let scheme = scheme(headers);
    let presented = allowed.read(headers).map(form_decoded);
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

/// The token, form-decoded if it is the password of Basic: name and password are form-encoded before
/// they are joined (RFC 6749, section 2.3.1). Clients that leave that out send the same secret,
/// because it has no character that the encoding changes.
fn form_decoded(presented: PresentedToken<'_>) -> PresentedToken<'_> {
    let PresentedToken::Password(password) = presented else {
        return presented;
    };
    // A plus sign stands for a blank.
    let escaped = Zeroizing::new(password.replace('&', "%26").replace('=', "%3D"));
    let mut pairs = form_urlencoded::parse(escaped.as_bytes());
    let decoded = pairs.next().map(|(name, _)| name.into_owned());
    PresentedToken::Password(Zeroizing::new(decoded.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_basic_password_is_taken_and_decoded() {
        use BearerError::{Missing, Several};
        for (lines, expected) in [
            (&["Basic YTpi"][..], Ok("b")),
            (&["bAsIc YTpiOmM="], Ok("b:c")),
            (&["Basic OmI="], Ok("b")),
            // `a:csg%5Fx+y`, `a:=&` and `a:%zz`
            (&["Basic YTpjc2clNUZ4K3k="], Ok("csg_x y")),
            (&["Basic YTo9Jg=="], Ok("=&")),
            (&["Basic YTolenpa"], Ok("%zzZ")),
            (&["Basic YQ=="], Err(Missing)),
            (&["Basic %"], Err(Missing)),
            // A Bearer is taken as it is.
            (&["Bearer a%5Fb"], Ok("a%5Fb")),
            (&["Basic YTpi", "Basic YTpi"], Err(Several)),
            (&[], Err(Missing)),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::AUTHORIZATION, line.parse().unwrap());
            }
            let presented = TokenHeaders::default().with_basic().read(&headers);
            let presented = presented.map(|token| form_decoded(token).to_owned());
            let presented = presented.as_deref().map_err(|error| *error);
            assert_eq!(presented, expected, "{lines:?}");
        }
    }
}
