//! The table of problems: each code once, with its status, its title and its page. Every list of
//! codes is made from this one.

use axum::http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $slug:literal, $status:ident, $title:literal;)*) => {
        /// The code of a problem, for client programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Code {
            $($name,)*
        }

        impl Code {
            /// Every code, in the order of the statuses.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as text.
            pub(crate) const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)* }
            }

            /// The status of the answer.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// A short phrase that is the same at every occurrence (RFC 9457, section 3.1.3).
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// The text of its page, in Markdown.
            pub(crate) const fn page(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!(concat!(
                        env!("CARGO_MANIFEST_DIR"), "/../../docs/problems/", $slug, ".md"
                    )),)*
                }
            }
        }
    };
}

codes! {
    MalformedJson = "malformed-json", BAD_REQUEST, "The body is not well-formed JSON";
    InvalidBody = "invalid-body", BAD_REQUEST, "Fields of the body are missing, unknown or of the wrong type";
    UnsupportedGrantType = "unsupported-grant-type", BAD_REQUEST, "OAuth grants are not supported";
    InvalidParameter = "invalid-parameter", BAD_REQUEST, "A parameter, header or filter is not valid";
    MissingCredential = "missing-credential", UNAUTHORIZED, "An API token is needed";
    InvalidToken = "invalid-token", UNAUTHORIZED, "The API token is not valid";
    TokenExpired = "token-expired", UNAUTHORIZED, "The API token has expired";
    AddressNotAllowed = "address-not-allowed", FORBIDDEN, "The API token may not be used from this address";
    InsufficientScope = "insufficient-scope", FORBIDDEN, "The API token lacks a permission";
    PermissionNotHeld = "permission-not-held", FORBIDDEN, "A token cannot give what it does not hold";
    SelfWidening = "self-widening", FORBIDDEN, "A token cannot widen itself";
    AncestorProtected = "ancestor-protected", FORBIDDEN, "A token cannot widen or rotate one that it descends from";
    TokenNotFound = "token-not-found", NOT_FOUND, "There is no such API token";
    SecretNotFound = "secret-not-found", NOT_FOUND, "The API token has no such secret";
    UserNotFound = "user-not-found", NOT_FOUND, "There is no such user";
    NoSuchRoute = "no-such-route", NOT_FOUND, "There is nothing at this path";
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "The method is not allowed here";
    RequestTimeout = "request-timeout", REQUEST_TIMEOUT, "The request took too long to arrive";
    VersionConflict = "version-conflict", CONFLICT, "Another version is stored";
    NameTaken = "name-taken", CONFLICT, "A token of that name exists";
    TokenNotRevivable = "token-not-revivable", CONFLICT, "An expired token cannot be revived";
    NewestSecret = "newest-secret", CONFLICT, "The newest secret cannot end alone";
    WouldLockOut = "would-lock-out", CONFLICT, "The change would lock its own caller out";
    CountDiffers = "count-differs", CONFLICT, "The number of tokens to revoke differs from the expected one";
    AlreadyCreated = "already-created", CONFLICT, "The token was already created";
    PreconditionFailed = "precondition-failed", PRECONDITION_FAILED, "The precondition does not hold";
    BodyTooLarge = "body-too-large", PAYLOAD_TOO_LARGE, "The body is too large";
    UriTooLong = "uri-too-long", URI_TOO_LONG, "The address of the request is too long";
    UnsupportedMediaType = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The media type of the body is not supported";
    RuleViolated = "rule-violated", UNPROCESSABLE_ENTITY, "The request breaks a rule";
    IdempotencyKeyReused = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "The idempotency key belongs to another request";
    TooManyRequests = "too-many-requests", TOO_MANY_REQUESTS, "Too many requests";
    TokenUnreadable = "token-unreadable", INTERNAL_SERVER_ERROR, "The stored API token cannot be read";
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something went wrong in the service";
    UnsupportedTransferCoding = "unsupported-transfer-coding", NOT_IMPLEMENTED, "The transfer coding is not supported";
    StoreUnavailable = "store-unavailable", SERVICE_UNAVAILABLE, "The database cannot answer at the moment";
    Starting = "starting", SERVICE_UNAVAILABLE, "The service is still starting";
    TooManyConnections = "too-many-connections", SERVICE_UNAVAILABLE, "Too many connections";
    ClockApart = "clock-apart", SERVICE_UNAVAILABLE, "The clock of this node is wrong";
    RevocationIncomplete = "revocation-incomplete", SERVICE_UNAVAILABLE, "Not all of the tokens were revoked";
    OutcomeUnknown = "outcome-unknown", SERVICE_UNAVAILABLE, "It is not known whether the change was stored";
}

impl Code {
    /// The error code of OAuth: RFC 6749, sections 4.1.2.1 and 5.2, and RFC 6750, section 3.1.
    pub(crate) const fn oauth_error(self) -> &'static str {
        match self {
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InsufficientScope => "insufficient_scope",
            _ => match self.status() {
                StatusCode::UNAUTHORIZED => "invalid_client",
                StatusCode::FORBIDDEN => "unauthorized_client",
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    "temporarily_unavailable"
                }
                StatusCode::INTERNAL_SERVER_ERROR | StatusCode::NOT_IMPLEMENTED => "server_error",
                _ => "invalid_request",
            },
        }
    }
}
