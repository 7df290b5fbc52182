//! Giving a token a new secret, shown once. The version keeps two rotations from both taking place.

use countersign_domain::{Actor, Overlap, RequestId, TokenId, Version};

use super::{Made, Tokens, update::stale};
use crate::{Failure, ports::CommitError};

impl Tokens {
    /// Gives a token of that version a new secret; the one before works until the overlap ends.
    ///
    /// # Errors
    /// Not found, another version, refusals of the rules, too many changes, an actor that is gone, no entropy, a store's fault.
    pub async fn rotate(
        &self,
        actor: Actor,
        request: RequestId,
        (id, expected): (TokenId, Version),
        overlap: Overlap,
    ) -> Result<Made, Failure> {
        let view = self.get(&actor, id).await?;
        if view.token.version != expected {
            return Err(stale(&actor, view));
        }
        let request = self.request(actor, request);
        let secret = self.new_secret()?;
        let policy = &self.policy;
        let judge = |descent| policy.rotate(&request, &view, &secret, overlap, descent);
        let change = self.judged(&request.actor, id, judge).await?;
        self.count(&request.actor, &change)?;
        match self.commit(&change).await {
            Ok(()) => Ok(Made {
                view: view.after(&change),
                secret,
            }),
            Err(CommitError::Stale { .. }) => {
                Err(stale(&request.actor, self.get(&request.actor, id).await?))
            }
            Err(error) => Err(error.into()),
        }
    }
}
