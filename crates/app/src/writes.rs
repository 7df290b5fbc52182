//! Watches the writability of the store: by the outcome of each change, and by a probe now and
//! then.

use std::{sync::Arc, time::Duration};

use countersign_application::{
    error_chain,
    ports::{StoreError, StoreHealth},
};
use countersign_http::Writability;
use tokio::time::sleep;

/// The period of the probe.
const EVERY: Duration = Duration::from_secs(5);

/// Records the outcome of a change, and logs it if the state changed. Other errors say nothing: an
/// unreachable store shows by its look-ups.
pub(crate) fn note(writability: &Writability, outcome: Result<(), &StoreError>) {
    match outcome {
        Ok(()) if writability.note(false) => tracing::info!("the store takes changes again"),
        Err(StoreError::Unwritable(cause)) if writability.note(true) => tracing::error!(
            error = error_chain(&**cause),
            "the store takes no changes, so no token can be created or revoked; checks continue"
        ),
        _ => {}
    }
}

/// Probes for ever. As long as changes succeed, a probe writes nothing to the disk.
pub(crate) async fn try_often(writability: Writability, probe: Arc<dyn StoreHealth>) {
    // Whether a probe has failed like the refused change.
    let mut failed = false;
    loop {
        sleep(EVERY).await;
        let lost = writability.is_lost();
        match probe.try_write(lost).await {
            Ok(to_disk) => {
                // A state that no probe can detect, such as a full disk that only a change finds,
                // has to end by a change.
                if lost && (failed || to_disk) {
                    note(&writability, Ok(()));
                }
                failed = false;
            }
            Err(fault) => {
                failed = matches!(fault, StoreError::Unwritable(_));
                note(&writability, Err(&fault));
            }
        }
    }
}
