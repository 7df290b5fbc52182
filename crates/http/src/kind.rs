//! What holds of answers by where they come from.

/// What holds of an answer by the path that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The same for everybody.
    Open,
    /// Nobody on the way may keep it.
    Confidential,
    /// The same, and errors have OAuth's form.
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
