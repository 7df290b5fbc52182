//! The rules of a token's annotations, the same for creating and for changing a token. They widen
//! nothing and narrow nothing, so they need no more than the operation's permission.

use crate::{Description, InvalidText, Metadata, Owner, Token, Violation};

/// Annotations as a request writes them. An annotation that is left out keeps its value; an empty
/// one is removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenAnnotations {
    /// The owner.
    pub owner: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The pairs of the metadata, all of them.
    pub metadata: Option<Vec<(String, String)>>,
}

/// The annotations that a token gets.
#[derive(Debug, Clone, Default)]
pub(super) struct Annotations {
    pub(super) owner: Option<Owner>,
    pub(super) description: Option<Description>,
    pub(super) metadata: Metadata,
}

impl From<&Token> for Annotations {
    fn from(token: &Token) -> Self {
        Self {
            owner: token.owner.clone(),
            description: token.description.clone(),
            metadata: token.metadata.clone(),
        }
    }
}

impl WrittenAnnotations {
    /// The annotations that follow from those so far; `None` if one of them is not valid, and then
    /// the violations say so.
    pub(super) fn judged(
        &self,
        kept: Annotations,
        violations: &mut Vec<Violation>,
    ) -> Option<Annotations> {
        let owner = value(self.owner.as_deref(), kept.owner, Owner::parse)
            .map_err(|reason| violations.push(Violation::InvalidOwner(reason)));
        let description = value(
            self.description.as_deref(),
            kept.description,
            Description::parse,
        )
        .map_err(|reason| violations.push(Violation::InvalidDescription(reason)));
        let metadata = match &self.metadata {
            None => Ok(kept.metadata),
            Some(pairs) => {
                Metadata::parse(pairs.iter().map(|(key, value)| (key, value))).map_err(|faults| {
                    violations.extend(faults.into_iter().map(Violation::InvalidMetadata));
                })
            }
        };
        Some(Annotations {
            owner: owner.ok()?,
            description: description.ok()?,
            metadata: metadata.ok()?,
        })
    }
}

fn value<T>(
    written: Option<&str>,
    kept: Option<T>,
    parse: fn(&str) -> Result<T, InvalidText>,
) -> Result<Option<T>, InvalidText> {
    match written {
        None => Ok(kept),
        Some("") => Ok(None),
        Some(text) => parse(text).map(Some),
    }
}

#[cfg(test)]
#[path = "annotations_tests.rs"]
mod tests;
