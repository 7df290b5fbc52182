//! Revocations of a token with its descendants: what would be revoked, or what was.

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
    /// How many tokens there are, the token itself included if it is live.
    #[schema(format = Int64)]
    count: u64,
    /// The token itself first. After a dry run the first 100, makers before what they made; after a
    /// revocation all, in the order in which they were revoked.
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
    /// How it came to be one of them: it is the token itself, or another one created or rotated it.
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
    /// When it was made, if the caller may read that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = DateTime)]
    creation_date: Option<Timestamp>,
    /// What became of it; absent after a dry run.
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

/// What became of a token.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RevocationOutcome {
    Revoked,
    /// Somebody else revoked it at the same time.
    AlreadyRevoked,
}

impl RevocationRecord {
    /// What would be revoked; with names for readers only.
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

    /// What was revoked; with names for readers only.
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
