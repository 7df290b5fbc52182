//! Taking a token back.

use countersign_domain::{Actor, RequestId, TokenId, Version};

use super::{Tokens, update::stale};
use crate::{Failure, ports::CommitError};

/// How often a revocation that names no version follows a record that others change meanwhile: often, because the
/// token itself may be the one that changes its record, to keep from being revoked.
const PATIENCE: u8 = 128;

impl Tokens {
    /// Revokes a token, of that version where one is named.
    ///
    /// # Errors
    /// Not found, another version than the named one, an actor that is gone, a store's fault.
    pub async fn revoke(
        &self,
        actor: Actor,
        request: RequestId,
        id: TokenId,
        expected: Option<Version>,
    ) -> Result<(), Failure> {
        let request = self.request(actor, request);
        let mut tries = 0;
        loop {
            let view = self.get(&request.actor, id).await?;
            if expected.is_some_and(|version| version != view.token.version) {
                return Err(stale(&request.actor, view));
            }
            tries += 1;
            match self.commit(&self.policy.revoke(&request, &view)).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Stale { .. }) if tries < PATIENCE => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
