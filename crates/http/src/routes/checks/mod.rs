//! Ways to ask whether a token is good, beside presenting it to the API itself. All of them lead through the one gate,
//! so that none is more lenient than another; each only words the verdict for those who ask there.

pub(super) mod changes;
pub(super) mod forward_auth;
pub(super) mod introspect;
pub(super) mod metadata;
pub(super) mod revocation;
pub(super) mod token;
pub(super) mod verify;

use std::net::IpAddr;

use axum::http::{HeaderName, header};
use countersign_domain::{Attempt, Permission};
use countersign_gate::{CheckError, FoundCredential};

use crate::{caller::Caller, problem::Problem, problem::verdict, state::ApiState};

/// A question about somebody else's token.
struct Question<'a> {
    token: &'a str,
    address: Option<IpAddr>,
    permissions: &'a [String],
}

/// What a question comes to.
struct Verdict<'a> {
    /// `ok`, or the code of the problem that the token's own request would meet.
    code: &'static str,
    /// The facts, where the token is one of the caller's tenant.
    known: Option<FoundCredential>,
    /// Those of the wanted permissions that it lacks.
    missing: Vec<&'a str>,
}

/// Judges a token that somebody was presented with. A token of another tenant is one that nobody knows.
async fn judge<'a, N>(
    app: &ApiState,
    caller: &Caller<N>,
    question: &Question<'a>,
) -> Result<Verdict<'a>, Problem> {
    let Question {
        token,
        address,
        permissions,
    } = *question;
    let found = match app.gate.look_up(token).await {
        Ok(known) if known.credential.tenant == caller.actor.tenant => Ok(known),
        Ok(_) => Err(CheckError::Invalid),
        Err(rejected) => Err(rejected),
    };
    let known = match found {
        Ok(known) => known,
        // What cannot be read of one token is no answer about others that are asked about along with it.
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
    // One that lacks a permission is not used, only judged.
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
    // A secret that was replaced is one that nobody knows any more, nor what it would lack.
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

/// How old the oldest of the facts are that were judged by, in whole seconds begun; nothing where all were looked up.
fn age(verdicts: &[Verdict<'_>]) -> Option<(HeaderName, String)> {
    let known = verdicts.iter().filter_map(|verdict| verdict.known.as_ref());
    let age = known.map(|known| known.age).max()?;
    let seconds = age.as_secs() + u64::from(age.subsec_nanos() > 0);
    (seconds > 0).then(|| (header::AGE, seconds.to_string()))
}

/// A permission as a parameter names it.
fn permission(text: &str) -> Option<Permission> {
    Permission::parse(text).ok()
}
