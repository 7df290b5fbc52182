//! Reasons why a session has ended, as the address encodes them and as people read them.

/// Reason why a session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionEnd {
    /// The session was idle for too long, is too old or was signed out; or its token was revoked,
    /// or its secret replaced.
    Over,
    /// Its token has expired.
    Expired,
    /// Its token may not be used from the browser's address.
    Address,
    /// Its token may no longer read tokens.
    Permission,
}

impl SessionEnd {
    const ALL: [Self; 4] = [Self::Over, Self::Expired, Self::Address, Self::Permission];

    /// The name in the address of the sign-in page.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Over => "over",
            Self::Expired => "expired",
            Self::Address => "address",
            Self::Permission => "permission",
        }
    }

    /// The reason with that name.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.word() == word)
    }

    /// The notice for people.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Over => "Your session has ended. Sign in again.",
            Self::Expired => "The token that you signed in with has expired.",
            Self::Address => "The token that you signed in with may not be used from your address.",
            Self::Permission => "The token that you signed in with may no longer read tokens.",
        }
    }
}
