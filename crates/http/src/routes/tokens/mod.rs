//! The operations of API tokens, one file each.

pub(super) mod create;
pub(super) mod current;
pub(super) mod events;
pub(super) mod list;
pub(super) mod query;
pub(super) mod read;
pub(super) mod retire;
pub(super) mod revoke;
pub(super) mod rotate;
pub(super) mod update;

mod precondition;

use countersign_domain::TokenId;

use crate::{params::Id, problem::Problem};

/// Parses a token's id from a path; a text that is not an id counts as a token that does not exist.
fn token_id(id: &Id) -> Result<TokenId, Problem> {
    id.parse().ok_or_else(Problem::token_not_found)
}
