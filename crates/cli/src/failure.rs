//! Failures, their exit codes, and how they are shown.

use std::{error::Error as _, fmt::Write as _, io};

use countersign_client::{Error, Open, Problem};

/// The table of exit codes, for the help.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  It is done.
  1  A mistake on this side: a file, a name or an answer that cannot be used; or the judged token is not valid
  2  Wrong arguments
  3  The service refused the request; the problem's code is shown
  4  The service could not be reached, or what answered is not Countersign
  5  Somebody else changed the record first: version-conflict, precondition-failed or count-differs";

/// The reason why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A mistake on this side, in words.
    Mistake(String),
    /// Wrong arguments, in words.
    Usage(String),
    /// The judged token is not valid; the output says why.
    Inactive,
    /// The record has changed meanwhile; what is to say has been said.
    Conflict(String),
    /// A call has no result.
    Client(Error),
    /// Nobody reads standard output any more.
    Closed,
}

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// A mistake on this side.
pub(crate) fn mistake(text: impl Into<String>) -> Failure {
    Failure::Mistake(text.into())
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(text) => Self::Mistake(text),
            other => Self::Client(other),
        }
    }
}

impl From<io::Error> for Failure {
    /// Of standard output; failures of files are named where they occur.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::Mistake(format!("cannot write to standard output: {error}"))
        }
    }
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Mistake(_) | Self::Inactive => 1,
            Self::Usage(_) => 2,
            Self::Conflict(_) => 5,
            Self::Client(Error::Problem(problem)) if problem.is_conflict() => 5,
            Self::Client(Error::Problem(_)) => 3,
            Self::Client(_) => 4,
        }
    }

    /// The words for people; empty if there is nothing to say.
    pub(crate) fn message(&self, url: Option<&str>) -> String {
        match self {
            Self::Inactive | Self::Closed => String::new(),
            Self::Mistake(text) | Self::Usage(text) | Self::Conflict(text) => text.clone(),
            Self::Client(Error::Problem(problem)) => described(problem, url),
            Self::Client(error) => {
                let mut text = error.to_string();
                let mut cause = error.source();
                while let Some(inner) = cause {
                    let words = inner.to_string();
                    if !text.contains(&words) {
                        let _ = write!(text, ": {words}");
                    }
                    cause = inner.source();
                }
                text
            }
        }
    }
}

/// A problem, field by field.
fn described(problem: &Open<Problem>, url: Option<&str>) -> String {
    let mut text = format!(
        "{} ({}): {}",
        problem.code(),
        problem.status,
        problem.detail
    );
    for error in &problem.errors {
        let place = error.pointer.as_deref().or(error.parameter.as_deref());
        let place = place.filter(|place| !place.is_empty()).unwrap_or("request");
        let _ = write!(text, "\n  {place}: {} ({})", error.detail, error.code);
        if let Some(value) = &error.value {
            let _ = write!(text, "\n    value: {value}");
        }
        if !error.suggestions.is_empty() {
            let _ = write!(text, "\n    did you mean: {}", error.suggestions.join(", "));
        }
    }
    if let Some(id) = &problem.id {
        let _ = write!(text, "\n  token: {id}");
    }
    if let Some(version) = problem.current_version {
        let _ = write!(text, "\n  stored version: {version}");
    }
    if let Some(hint) = hint(problem) {
        let _ = write!(text, "\n  {hint}");
    }
    if !problem.request_id.is_empty() {
        let _ = write!(text, "\n  request id: {}", problem.request_id);
    }
    if let Some(url) = url.filter(|_| problem.kind.starts_with('/')) {
        let _ = write!(text, "\n  what to do: {url}{}", problem.kind);
    }
    sanitized(&text)
}

fn hint(problem: &Problem) -> Option<String> {
    let id = problem.id.as_deref()?;
    (problem.code() == "already-created").then(|| {
        format!(
            "the token exists, and only the first answer had its secret: `countersign token rotate {id}` makes another"
        )
    })
}

/// A text of the service without characters that steer a terminal.
pub(crate) fn sanitized(text: &str) -> String {
    let shown = |character: char| match character {
        '\n' => '\n',
        _ if character.is_control() => '\u{fffd}',
        _ => character,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(kind: &str) -> Failure {
        let raw = json!({
            "type": format!("/problems/{kind}"), "status": 422, "detail": "All of it.",
            "requestId": "r1", "currentVersion": 4,
            "errors": [{
                "pointer": "/allowedAddresses/0", "code": "host-bits-set",
                "detail": "host bits\u{1b}[2J are set", "value": "10.0.0.1/8",
                "suggestions": ["10.0.0.0/8"],
            }],
        });
        Failure::Client(Error::Problem(Box::new(Open::new(raw).unwrap())))
    }

    #[test]
    fn a_problem_is_shown_field_by_field_with_its_suggestions() {
        let shown = refused("rule-violated").message(Some("https://t.example"));
        for words in [
            "rule-violated (422): All of it.",
            "/allowedAddresses/0: host bits",
            "value: 10.0.0.1/8",
            "did you mean: 10.0.0.0/8",
            "request id: r1",
            "https://t.example/problems/rule-violated",
        ] {
            assert!(shown.contains(words), "{shown}");
        }
        assert!(!shown.contains('\u{1b}'), "{shown}");
    }

    #[test]
    fn a_conflict_has_a_code_of_its_own() {
        assert_eq!(refused("version-conflict").exit_code(), 5);
        assert_eq!(refused("name-taken").exit_code(), 3);
    }
}
