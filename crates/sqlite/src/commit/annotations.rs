//! The annotations of a token as columns.

use countersign_application::ports::StoreError;
use countersign_domain::{Description, Owner, Token};

use super::json;

/// The columns; each is `None` for a token without that annotation.
pub(super) struct Annotations<'a> {
    pub(super) owner: Option<&'a str>,
    pub(super) owner_key: Option<String>,
    pub(super) description: Option<&'a str>,
    pub(super) metadata: Option<String>,
}

impl<'a> Annotations<'a> {
    pub(super) fn of(token: &'a Token) -> Result<Self, StoreError> {
        let owner = token.owner.as_ref();
        Ok(Self {
            owner: owner.map(Owner::as_str),
            owner_key: owner.map(Owner::key),
            description: token.description.as_ref().map(Description::as_str),
            metadata: token.metadata.filled().map(json).transpose()?,
        })
    }
}
