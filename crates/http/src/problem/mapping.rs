//! Mapping of internal errors to problems. No match has a wildcard, so a new error does not compile
//! until it has its answer here.

use axum::http::header;
use countersign_application::{UseCaseError, error_chain, ports::StoreError};
use countersign_domain::{
    Denied, InsufficientScope, Operation, Permission, TokenView, UseOwnToken, Version,
};
use countersign_gate::CheckError;

use super::{Code, FieldError, Members, Problem};
use crate::{clock_guard::ClockApart, responses::TokenRecord};

/// The beginning of every challenge (RFC 9110, section 11.6.1).
const CHALLENGE: &str = r#"Bearer realm="countersign""#;

impl Problem {
    /// No credential was sent. The challenge has no `error`, as RFC 6750, section 3.1, requires.
    pub(crate) fn missing_credential() -> Self {
        Self::new(
            Code::MissingCredential,
            "Send an API token in the header Authorization, as Bearer.",
        )
        .with_header(header::WWW_AUTHENTICATE, CHALLENGE)
    }

    /// Malformed, unknown and revoked tokens get the same answer.
    pub(crate) fn invalid_token() -> Self {
        let detail = "The API token is not valid.";
        Self::new(Code::InvalidToken, detail).challenging("invalid_token", detail)
    }

    fn challenging(self, error: &str, description: &str) -> Self {
        self.with_header(
            header::WWW_AUTHENTICATE,
            format!(r#"{CHALLENGE}, error="{error}", error_description="{description}""#),
        )
    }

    /// The request was made for another version than the stored one, by its body or by its
    /// precondition.
    fn stale(by_precondition: bool, stored: Version, current: Option<&TokenView>) -> Self {
        let code = if by_precondition {
            Code::PreconditionFailed
        } else {
            Code::VersionConflict
        };
        Self::new(code, format!("Version {stored} is stored.")).with_members(Members {
            current: current.map(TokenRecord::from),
            current_version: Some(stored),
            ..Members::default()
        })
    }

    /// The credential lacks the permission of the operation (RFC 6750, section 3.1).
    pub(crate) fn insufficient_scope(detail: &str, permission: Option<&Permission>) -> Self {
        let scope = permission.map_or_else(String::new, |name| format!(r#", scope="{name}""#));
        Self::new(Code::InsufficientScope, detail).with_header(
            header::WWW_AUTHENTICATE,
            format!(
                r#"{CHALLENGE}, error="insufficient_scope", error_description="{detail}"{scope}"#
            ),
        )
    }

    /// The problem for an error in the operation `O`. If a precondition named the version, a stale
    /// version gets another answer.
    pub(crate) fn of_failure<O: Operation>(failure: UseCaseError, by_precondition: bool) -> Self {
        match failure {
            UseCaseError::TokenNotFound => Self::token_not_found(),
            UseCaseError::SecretNotFound => Self::secret_not_found(),
            UseCaseError::UserNotFound => Self::new(Code::UserNotFound, "There is no such user."),
            UseCaseError::Stale { stored, current } => {
                Self::stale(by_precondition, stored, current.as_deref())
            }
            UseCaseError::Refused(refused) => refused.into(),
            UseCaseError::NameTaken { holder } => Self::name_taken(holder.as_deref()),
            UseCaseError::AlreadyMade { token } => Self::new(
                Code::AlreadyCreated,
                "The same request made a token before; its secret is not shown again.",
            )
            .with_members(Members {
                id: Some(token),
                ..Members::default()
            })
            .with_header(header::LOCATION, format!("/api/v1/api-tokens/{token}")),
            UseCaseError::KeyReused => Self::new(
                Code::IdempotencyKeyReused,
                "This key was sent with another body within the last day.",
            ),
            UseCaseError::CountDiffers { count } => Self::count_differs(count),
            UseCaseError::WouldRevokeActor => Self::would_revoke_actor(),
            UseCaseError::Incomplete { revoked, cause } => {
                Self::incomplete(revoked, cause.as_deref())
            }
            UseCaseError::TooManyChanges(reached) => reached.into(),
            UseCaseError::InsufficientScope(lacking) => lacking.into(),
            UseCaseError::ActorGone => Self::invalid_token(),
            UseCaseError::ActorNarrowed => {
                let detail = "The API token lost a permission while the request was under way.";
                Self::insufficient_scope(detail, O::PERMISSION.as_ref())
            }
            UseCaseError::ActorAway => CheckError::Denied(Denied::AddressNotAllowed).into(),
            UseCaseError::OutcomeUnknown(source) => {
                tracing::error!(
                    error = error_chain(&*source),
                    "the outcome of a commit is not known"
                );
                Self::new(
                    Code::OutcomeUnknown,
                    "The connection to the database broke during the commit; the version shows what is stored.",
                )
                .with_header(header::RETRY_AFTER, "1")
            }
            UseCaseError::Unreadable(unreadable) => unreadable.into(),
            UseCaseError::Store(fault) => fault.into(),
            UseCaseError::Entropy(fault) => {
                tracing::error!(error = %fault, "no random bytes");
                Self::internal()
            }
        }
    }

    /// The stored token cannot be read; the log says where.
    pub(crate) fn token_unreadable() -> Self {
        Self::new(
            Code::TokenUnreadable,
            "The stored API token cannot be read. It can still be revoked by its id.",
        )
    }

    /// Ended and unknown secrets, and texts that name no secret, get the same answer.
    pub(crate) fn secret_not_found() -> Self {
        let detail = "The API token has no working secret of this name.";
        Self::new(Code::SecretNotFound, detail)
    }

    /// Names the token that has the name, if the caller may read it.
    fn name_taken(holder: Option<&TokenView>) -> Self {
        let problem = Self::new(
            Code::NameTaken,
            "Another token has this name; case, width and composition make no difference.",
        )
        .with_faults(vec![FieldError::at(
            "/name",
            "name-taken",
            "the name is taken",
        )]);
        let Some(TokenView { token, .. }) = holder else {
            return problem;
        };
        let members = Members {
            id: Some(token.id),
            expiry: Some(token.expiry),
            ..Members::default()
        };
        let location = format!("/api/v1/api-tokens/{}", token.id);
        problem
            .with_members(members)
            .with_header(header::LOCATION, location)
    }

    fn count_differs(count: u64) -> Self {
        let detail = format!("{count} tokens would be revoked; none was revoked.");
        Self::new(Code::CountDiffers, detail).with_members(Members {
            current_count: Some(count),
            ..Members::default()
        })
    }

    fn would_revoke_actor() -> Self {
        let detail = "the caller is one of the tokens that would be revoked";
        let fault = FieldError::in_parameter("allowLockout", "would-lock-out", detail);
        Self::new(
            Code::WouldLockOut,
            "The caller would revoke itself; allowLockout=true allows that.",
        )
        .with_faults(vec![fault])
    }

    fn incomplete(revoked: u64, cause: Option<&UseCaseError>) -> Self {
        let error = cause.map(|cause| error_chain(cause));
        tracing::warn!(revoked, error, "not all tokens were revoked");
        Self::new(
            Code::RevocationIncomplete,
            format!("{revoked} tokens were revoked, and others were not; send the request again."),
        )
        .with_header(header::RETRY_AFTER, "1")
    }

    /// Unknown and revoked tokens, those of other tenants, and texts that are not ids get the same
    /// answer.
    pub(crate) fn token_not_found() -> Self {
        Self::new(Code::TokenNotFound, "There is no such API token.")
    }
}

impl From<UseCaseError> for Problem {
    fn from(failure: UseCaseError) -> Self {
        Self::of_failure::<UseOwnToken>(failure, false)
    }
}

impl From<InsufficientScope> for Problem {
    fn from(InsufficientScope { permission }: InsufficientScope) -> Self {
        let detail = permission.as_ref().map_or_else(
            || "An API token may do this to itself alone.".to_owned(),
            |permission| format!("The API token lacks {permission}."),
        );
        Self::insufficient_scope(&detail, permission.as_ref())
    }
}

/// The result of a check: `ok`, or the code of its problem.
pub(crate) fn verdict(rejected: Option<&CheckError>) -> &'static str {
    let code = match rejected {
        None => return "ok",
        Some(CheckError::Missing) => Code::MissingCredential,
        Some(CheckError::Several) => Code::InvalidParameter,
        Some(CheckError::Invalid | CheckError::Denied(Denied::Retired)) => Code::InvalidToken,
        Some(CheckError::Denied(Denied::Expired(_))) => Code::TokenExpired,
        Some(CheckError::Denied(Denied::AddressNotAllowed)) => Code::AddressNotAllowed,
        Some(CheckError::Denied(Denied::MissingPermission(_))) => Code::InsufficientScope,
        Some(CheckError::Unavailable(fault)) if fault.cause().is::<ClockApart>() => {
            Code::ClockApart
        }
        Some(CheckError::Unavailable(fault)) if fault.is_away() => Code::StoreUnavailable,
        Some(CheckError::Unavailable(_)) => Code::TokenUnreadable,
    };
    code.slug()
}

impl From<CheckError> for Problem {
    fn from(rejected: CheckError) -> Self {
        match rejected {
            CheckError::Missing => Self::missing_credential(),
            CheckError::Several => {
                let detail = "exactly one credential can be sent";
                Self::new(Code::InvalidParameter, "Several credentials were sent.").with_faults(
                    vec![FieldError::in_parameter(
                        "Authorization",
                        "several-values",
                        detail,
                    )],
                )
            }
            CheckError::Invalid | CheckError::Denied(Denied::Retired) => Self::invalid_token(),
            CheckError::Denied(Denied::Expired(at)) => {
                let detail = format!("The API token expired at {at}.");
                Self::new(Code::TokenExpired, detail.as_str()).challenging("invalid_token", &detail)
            }
            CheckError::Denied(Denied::AddressNotAllowed) => Self::new(
                Code::AddressNotAllowed,
                "The client's address is not on the API token's list, or is not known.",
            ),
            CheckError::Denied(Denied::MissingPermission(permission)) => InsufficientScope {
                permission: Some(permission),
            }
            .into(),
            CheckError::Unavailable(fault) if fault.cause().is::<ClockApart>() => Self::new(
                Code::ClockApart,
                "This node's clock differs from the database's; it checks no token until both agree.",
            )
            .with_header(header::RETRY_AFTER, "10"),
            CheckError::Unavailable(fault) if fault.is_away() => {
                StoreError::Unavailable(Box::new(fault)).into()
            }
            CheckError::Unavailable(_) => Self::token_unreadable(),
        }
    }
}
