//! Sign-in with a token, and sign-out.

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use countersign_application::{LimitReached, SessionId, UseCaseError, error_chain};
use countersign_domain::{Actor, Denied, Operation as _, ReadTokens};
use countersign_gate::CheckError;

use super::Answer;
use crate::{
    auth,
    browser_request::{BrowserRequest, form_token},
    cookie,
    error::{PageError, SIGN_IN, SessionEnd},
    form::Form,
    guard,
    list_query::LIST,
    state::ConsoleState,
    view::{self, layout},
};

/// Shows the page, unless the browser is already signed in.
pub(super) async fn ask(
    State(app): State<ConsoleState>,
    visit: BrowserRequest,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let next = next(query.get("next"));
    let ended = SessionEnd::of(query.get("ended"));
    if let Some(id) = &visit.id
        && ended.is_none()
        && auth::resume(&app, &visit, id).await?.is_ok()
    {
        return Ok(Redirect::to(next).into_response());
    }
    if visit.id.is_none() && guard::came_from_elsewhere(&headers) {
        // A new id would replace the one that the browser did not send.
        return Err(PageError::Elsewhere(visit.target));
    }
    let (id, fresh) = visitor(&app, &visit)?;
    let told = ended.map(SessionEnd::message);
    let main = view::sign_in::page(&form_token(&id), next, None, told);
    let mut response = layout::page(StatusCode::OK, None, "Sign in", &main);
    if fresh {
        hand_out(&mut response, cookie::set(&id, visit.secure));
    }
    Ok(response)
}

/// Checks the token like any request with it, and begins a session.
pub(super) async fn sign_in(
    State(app): State<ConsoleState>,
    visit: BrowserRequest,
    sent: Form,
) -> Answer {
    let next = next(sent.get("next")).to_owned();
    let (id, _) = visitor(&app, &visit)?;
    let refused = |status: StatusCode, words: &str| {
        let main = view::sign_in::page(&form_token(&id), &next, Some(words), None);
        layout::page(status, None, "Sign in", &main)
    };
    let secret = sent.get("token").trim();
    if secret.is_empty() {
        return Ok(refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Paste the secret of an API token.",
        ));
    }
    let needed = ReadTokens::PERMISSION;
    let checked = app.gate.check(secret, visit.address, needed.as_ref());
    let grant = match checked.await {
        Ok(grant) => grant,
        Err(rejected) => {
            // The secret is judged first: the right one gets in, whatever others behind the same
            // address try.
            if is_wrong(&rejected)
                && let Err(reached) = app.count_failed_sign_in(visit.address)
            {
                return Ok(too_many(reached, refused));
            }
            let (status, words) = status_and_words(rejected);
            return Ok(refused(status, words));
        }
    };
    // The cell is empty, because a request has one caller.
    let _ = visit.actor.set(grant.credential.token);
    let reader = Actor::from(grant).authorize()?;
    let session = app.sessions.begin(&reader).await?;
    if let Some(before) = &visit.id {
        app.sessions.end(before).await?;
    }
    let mut response = Redirect::to(&next).into_response();
    hand_out(&mut response, cookie::set(&session, visit.secure));
    Ok(response)
}

/// Ends the session on the server, not only in the browser.
pub(super) async fn sign_out(
    State(app): State<ConsoleState>,
    visit: BrowserRequest,
    _: Form,
) -> Answer {
    if let Some(id) = &visit.id {
        app.sessions.end(id).await?;
    }
    let mut response = Redirect::to(SIGN_IN).into_response();
    hand_out(&mut response, cookie::remove(visit.secure));
    Ok(response)
}

/// The id of a browser before the sign-in: the one that it sent, or a new one.
fn visitor(app: &ConsoleState, visit: &BrowserRequest) -> Result<(SessionId, bool), PageError> {
    if let Some(id) = &visit.id {
        return Ok((id.clone(), false));
    }
    let mut random = [0; 32];
    app.entropy.fill(&mut random).map_err(UseCaseError::from)?;
    Ok((SessionId::from_random(&random), true))
}

/// Whether the text is not a working secret. A token that may not sign in counts as known, not as
/// guessed.
fn is_wrong(rejected: &CheckError) -> bool {
    match rejected {
        CheckError::Missing
        | CheckError::Several
        | CheckError::Invalid
        | CheckError::Denied(Denied::Retired | Denied::Expired(_)) => true,
        CheckError::Denied(Denied::AddressNotAllowed | Denied::MissingPermission(_))
        | CheckError::Unavailable(_) => false,
    }
}

fn too_many(reached: LimitReached, refused: impl Fn(StatusCode, &str) -> Response) -> Response {
    let seconds = reached.wait_seconds;
    let words = format!(
        "Too many sign-ins failed from your address. This secret is not the right one, or not any more; \
         wait {seconds} s before you try another. The right one is let in at any time."
    );
    let mut response = refused(StatusCode::TOO_MANY_REQUESTS, &words);
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, seconds.into());
    response
}

fn status_and_words(rejected: CheckError) -> (StatusCode, &'static str) {
    match rejected {
        CheckError::Missing
        | CheckError::Several
        | CheckError::Invalid
        | CheckError::Denied(Denied::Retired) => (
            StatusCode::UNAUTHORIZED,
            "This is not the secret of a token that works.",
        ),
        CheckError::Denied(Denied::Expired(_)) => {
            (StatusCode::UNAUTHORIZED, "This token has expired.")
        }
        CheckError::Denied(Denied::AddressNotAllowed) => (
            StatusCode::FORBIDDEN,
            "This token may not be used from your address.",
        ),
        CheckError::Denied(Denied::MissingPermission(_)) => (
            StatusCode::FORBIDDEN,
            "This token may not read tokens: sign in with one that holds api.api-tokens.read.",
        ),
        CheckError::Unavailable(fault) => {
            tracing::warn!(error = error_chain(&fault), "a sign-in cannot be checked");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "The database does not answer. Try again in a moment.",
            )
        }
    }
}

/// The page after the sign-in: one of our own, whatever the address says.
fn next(wanted: &str) -> &str {
    let own = wanted == LIST || wanted.starts_with("/console/") || wanted.starts_with("/console?");
    let plain = wanted
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if own && plain { wanted } else { LIST }
}

fn hand_out(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_elsewhere() {
        for own in ["/console", "/console?q=a&page=2", "/console/tokens/new"] {
            assert_eq!(next(own), own);
        }
        for elsewhere in [
            "",
            "/",
            "//evil.example",
            "https://evil.example/console/",
            "/consoles",
            "/console/\\evil",
            "/console/\r\nSet-Cookie: a=b",
            "javascript:alert(1)",
            "/api/docs/",
        ] {
            assert_eq!(next(elsewhere), LIST, "{elsewhere}");
        }
    }
}
