//! Why a session is over, as its address says and as people are told.

/// Why a session is no longer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionEnd {
    /// Too long unused, too old, signed out, or its token was revoked, or its secret replaced.
    Over,
    /// Its token has expired.
    Expired,
    /// Its token may not be used from where the browser is now.
    Address,
    /// Its token may no longer read tokens.
    Permission,
}

impl SessionEnd {
    const ALL: [Self; 4] = [Self::Over, Self::Expired, Self::Address, Self::Permission];

    /// The word in the address of the page for signing in.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Over => "over",
            Self::Expired => "expired",
            Self::Address => "address",
            Self::Permission => "permission",
        }
    }

    /// The reason of a word.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.word() == word)
    }

    /// What people are told.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Over => "Your session has ended. Sign in again.",
            Self::Expired => "The token that you signed in with has expired.",
            Self::Address => "The token that you signed in with may not be used from your address.",
            Self::Permission => "The token that you signed in with may no longer read tokens.",
        }
    }
}
