//! Revocations of a token with its descendants: the tokens that would be revoked, or that were.

use countersign_application::{
    RevokedToken,
    ports::{Descendant, Descendants},
};
use countersign_domain::{EventKind, Timestamp, TokenId, TokenName, Version};
use serde::Serialize;
use utoipa::ToSchema;

/// The tokens that a revocation with descendants revoked, or would revoke.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Revocation)]
pub(crate) struct RevocationRecord {
    /// True after a dry run: nothing was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    dry_run: Option<bool>,
    /// The number of tokens, including the token itself if it is live.
    #[schema(format = Int64)]
    count: u64,
    /// The token itself comes first. After a dry run the first 100 tokens, creators before the
    /// tokens that they created; after a revocation all, in the order in which they were revoked.
    #[schema(max_items = 10_000)]
    tokens: Vec<DescendantRecord>,
}

/// One token of such a revocation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Descendant)]
pub(crate) struct DescendantRecord {
    /// The token's id.
    #[schema(value_type = String, format = "uuid")]
    id: TokenId,
    /// The reason why it is one of them: it is the token itself, or another token created or
    /// rotated it.
    relation: Relation,
    /// The token that created or rotated it first; absent for the token itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "uuid")]
    by: Option<TokenId>,
    /// Its name, if the caller may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 128)]
    name: Option<TokenName>,
    /// Its version before, if the caller may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false, minimum = 1)]
    version: Option<Version>,
    /// The instant of its creation, if the caller may read that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = DateTime)]
    creation_date: Option<Timestamp>,
    /// The outcome for this token; absent after a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = RevocationOutcome, required = false)]
    outcome: Option<RevocationOutcome>,
}

/// How a token became a descendant.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Relation {
    #[serde(rename = "self")]
    Itself,
    Created,
    Rotated,
}

/// The outcome for a token.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RevocationOutcome {
    Revoked,
    /// Another request revoked it at the same time.
    AlreadyRevoked,
}

impl RevocationRecord {
    /// The tokens that would be revoked; with names only for readers.
    pub(crate) fn dry(found: Descendants, reads: bool) -> Self {
        let tokens = found.tokens.into_iter();
        Self {
            dry_run: Some(true),
            count: found.total,
            tokens: tokens
                .map(|token| DescendantRecord::new(token, reads))
                .collect(),
        }
    }

    /// The revoked tokens; with names only for readers.
    pub(crate) fn done(revoked: Vec<RevokedToken>, reads: bool) -> Self {
        let outcome = |by_this_call| {
            if by_this_call {
                RevocationOutcome::Revoked
            } else {
                RevocationOutcome::AlreadyRevoked
            }
        };
        let tokens = revoked.into_iter().map(|revoked| DescendantRecord {
            outcome: Some(outcome(revoked.by_this_call)),
            ..DescendantRecord::new(revoked.token, reads)
        });
        let tokens: Vec<_> = tokens.collect();
        Self {
            dry_run: None,
            count: tokens.len() as u64,
            tokens,
        }
    }
}

impl DescendantRecord {
    fn new(token: Descendant, reads: bool) -> Self {
        let relation = match token.origin.map(|origin| origin.kind) {
            None => Relation::Itself,
            Some(EventKind::Rotated) => Relation::Rotated,
            Some(_) => Relation::Created,
        };
        Self {
            id: token.id,
            relation,
            by: token.origin.map(|origin| origin.by),
            name: token.name.filter(|_| reads),
            version: token.version.filter(|_| reads),
            creation_date: token.created.filter(|_| reads),
            outcome: None,
        }
    }
}
