//! Kinds of answers, by path.

/// The kind of an answer, by the path of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The answer is the same for everybody.
    Open,
    /// No cache on the way may store the answer.
    Confidential,
    /// Confidential, and errors have OAuth's form.
    OAuth,
}

impl Kind {
    pub(crate) fn of(path: &str) -> Self {
        if path.starts_with("/oauth2/") {
            Self::OAuth
        } else if ["/api/v1/", "/auth", "/metrics"]
            .iter()
            .any(|start| path.starts_with(start))
        {
            Self::Confidential
        } else {
            Self::Open
        }
    }
}
