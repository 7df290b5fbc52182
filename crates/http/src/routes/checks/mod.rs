//! Endpoints that check tokens, besides the API itself. All of them use the one gate, so none is
//! more lenient than another; each only has its own form of the verdict.

pub(super) mod changes;
pub(super) mod forward_auth;
mod grant_headers;
pub(super) mod introspect;
pub(super) mod metadata;
pub(super) mod revocation;
pub(super) mod token;
pub(super) mod token_format;
pub(super) mod verify;

use std::net::IpAddr;

use axum::http::{HeaderName, header};
use countersign_domain::{Attempt, Permission, ReadTokens};
use countersign_gate::{CheckError, FoundCredential};

use crate::{caller::Caller, problem::Problem, problem::verdict, state::ApiState};

/// A question about somebody else's token.
struct Question<'a> {
    token: &'a str,
    address: Option<IpAddr>,
    permissions: &'a [String],
}

/// The verdict about a question.
struct Verdict<'a> {
    /// `ok`, or the code of the problem that a request with the token would get.
    code: &'static str,
    /// The facts, if the token belongs to the caller's tenant.
    known: Option<FoundCredential>,
    /// The wanted permissions that the token lacks.
    missing: Vec<&'a str>,
}

/// Judges a token that was presented to the caller. A token of another tenant is treated as
/// unknown.
async fn judge<'a>(
    app: &ApiState,
    caller: &Caller<ReadTokens>,
    question: &Question<'a>,
) -> Result<Verdict<'a>, Problem> {
    let Question {
        token,
        address,
        permissions,
    } = *question;
    let found = match app.gate.look_up(token).await {
        Ok(known) if known.credential.tenant == caller.actor().tenant => Ok(known),
        Ok(_) => Err(CheckError::Invalid),
        Err(rejected) => Err(rejected),
    };
    let known = match found {
        Ok(known) => known,
        // An unreadable row of one token must not fail the questions about others.
        Err(CheckError::Unavailable(fault)) if fault.is_away() => {
            return Err(CheckError::Unavailable(fault).into());
        }
        Err(rejected) => {
            let code = verdict(Some(&rejected));
            app.metrics.count_check(code);
            return Ok(Verdict {
                code,
                known: None,
                missing: Vec::new(),
            });
        }
    };
    let held = &known.credential.permissions;
    let lacks = |name: &&String| held.find(name).is_none();
    let missing: Vec<&str> = permissions
        .iter()
        .filter(lacks)
        .map(String::as_str)
        .collect();
    // A token that lacks a permission is judged without counting as used.
    let judged = if missing.is_empty() {
        app.gate.admit(&known, address, None).map(drop)
    } else {
        let attempt = Attempt {
            now: app.clock.now(),
            address,
            permission: None,
        };
        known.credential.admit(&attempt).map(drop)
    };
    let judged = judged.map_err(CheckError::from);
    let code = match verdict(judged.as_ref().err()) {
        "ok" if !missing.is_empty() => crate::problem::Code::InsufficientScope.slug(),
        code => code,
    };
    app.metrics.count_check(code);
    // A replaced secret is treated as unknown, and so is what it would lack.
    let (known, missing) = if code == crate::problem::Code::InvalidToken.slug() {
        (None, Vec::new())
    } else {
        (Some(known), missing)
    };
    Ok(Verdict {
        code,
        known,
        missing,
    })
}

/// The age of the oldest facts in whole seconds, rounded up; none if all were looked up.
fn age(verdicts: &[Verdict<'_>]) -> Option<(HeaderName, String)> {
    let known = verdicts.iter().filter_map(|verdict| verdict.known.as_ref());
    let age = known.map(|known| known.age).max()?;
    let seconds = age.as_secs() + u64::from(age.subsec_nanos() > 0);
    (seconds > 0).then(|| (header::AGE, seconds.to_string()))
}

/// Parses a permission from a parameter.
fn permission(text: &str) -> Option<Permission> {
    Permission::parse(text).ok()
}
