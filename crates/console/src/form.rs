//! A form that was sent by the browser that it was shown to. Handlers cannot obtain one in another
//! way. Forms of other sites' pages have been refused before (`guard.rs`).

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest, Request},
    http::header,
};
use tokio::time::timeout;

use countersign_domain::Version;
use zeroize::Zeroize as _;

use crate::{
    browser_request::{form_token, over_tls},
    cookie,
    error::PageError,
    state::ConsoleState,
};

/// The maximum size of a form in bytes, unless the names of all permissions take more than half of
/// it; the same as for the API.
const LARGEST: usize = 64 * 1024;

/// The time for a form to arrive; the same as for a body of the API.
const PATIENCE: Duration = Duration::from_secs(10);

/// The field that ties a form to the browser that it was shown to.
pub(crate) const TOKEN: &str = "form";

/// The fields of a form, in their order; a name may occur several times. There is no `Debug`,
/// because a field may be a secret.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Parses the text of a form.
    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The first value of a field; empty if there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value)
    }

    /// All values of a field.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(field, _)| field == name);
        named.map(|(_, value)| value.as_str())
    }

    /// The version in a field.
    pub(crate) fn version(&self, name: &str) -> Option<Version> {
        let number: i64 = self.get(name).parse().ok()?;
        Version::try_from(number).ok()
    }

    /// Whether the field is present.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }
}

/// A field may be a secret that somebody pasted.
impl Drop for Form {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|(_, value)| value.zeroize());
    }
}

impl FromRequest<ConsoleState> for Form {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &ConsoleState) -> Result<Self, PageError> {
        let secure = over_tls(request.headers(), app.public_url.as_deref());
        let expected = cookie::sent(request.headers(), secure).map(|id| form_token(&id));
        let kind = request.headers().get(header::CONTENT_TYPE);
        let is_form = kind
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| {
                let kind = kind.split(';').next().unwrap_or_default().trim();
                kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
            });
        if !is_form {
            return Err(PageError::NoForm);
        }
        let names = app.tokens.policy().catalog.permissions().written_len();
        let largest = LARGEST.max(LARGEST / 2 + names);
        let form = Self::parse(&read(request.into_body(), largest).await?);
        // One of the two is a digest, so the timing of the comparison reveals nothing useful.
        if expected.as_deref() == Some(form.get(TOKEN)) {
            Ok(form)
        } else {
            Err(PageError::OldForm)
        }
    }
}

async fn read(body: Body, largest: usize) -> Result<Bytes, PageError> {
    match timeout(PATIENCE, to_bytes(body, largest)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(PageError::TooLarge),
        Err(_) => Err(PageError::TooSlow),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream::{StreamExt, pending, repeat, unfold};
    use tokio::time::{Instant, sleep};

    use super::*;

    const BYTE: Result<&str, Infallible> = Ok("a");

    #[tokio::test(start_paused = true)]
    async fn a_form_that_does_not_end_is_not_waited_for() {
        let trickle = unfold((), |()| async {
            sleep(Duration::from_secs(1)).await;
            Some((BYTE, ()))
        });
        let begun = repeat(BYTE).take(3).chain(pending());
        for body in [Body::from_stream(trickle), Body::from_stream(begun)] {
            let start = Instant::now();
            assert!(matches!(read(body, LARGEST).await, Err(PageError::TooSlow)));
            assert_eq!(start.elapsed().as_secs(), 10);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_form_in_time_is_read_whole() {
        let slow = repeat(BYTE).take(9).then(|part| async move {
            sleep(Duration::from_secs(1)).await;
            part
        });
        assert_eq!(
            read(Body::from_stream(slow), LARGEST).await.unwrap(),
            "aaaaaaaaa"
        );
    }
}
