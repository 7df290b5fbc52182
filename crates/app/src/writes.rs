//! Whether the store takes changes: learnt from each change, and by trying now and then.

use std::{sync::Arc, time::Duration};

use countersign_application::{
    error_chain,
    ports::{StoreError, StoreHealth},
};
use countersign_http::Writability;
use tokio::time::sleep;

/// How often it is tried.
const EVERY: Duration = Duration::from_secs(5);

/// Notes what a change came to, and logs it if that is news. Other faults say nothing: a store that
/// is away shows by its look-ups.
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

/// Tries for ever. As long as changes are taken, a try writes nothing to the disk.
pub(crate) async fn try_often(writability: Writability, probe: Arc<dyn StoreHealth>) {
    // Whether a try has failed as the change did that was refused.
    let mut failed = false;
    loop {
        sleep(EVERY).await;
        let lost = writability.is_lost();
        match probe.try_write(lost).await {
            Ok(to_disk) => {
                // What a try cannot tell, such as a full disk that only a change would find, a
                // change has to.
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
