//! Broadcast of changes: the service's reader of the feed publishes them to all open streams.

use std::sync::{Arc, Mutex, PoisonError};

use countersign_application::ports::ChangeBatch;
use tokio::sync::broadcast::{Receiver, Sender};

/// The number of batches that a slow stream may be behind before it is reset.
const BEHIND: usize = 256;

/// Publishes batches of changes. Clones publish to the same streams.
#[derive(Debug, Clone)]
pub struct ChangeBroadcast(Arc<Mutex<Option<Sender<Arc<ChangeBatch>>>>>);

impl Default for ChangeBroadcast {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(Sender::new(BEHIND)))))
    }
}

impl ChangeBroadcast {
    /// Publishes a batch to all streams.
    pub fn publish(&self, news: ChangeBatch) {
        if let Some(sender) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            // There may be no streams.
            let _ = sender.send(Arc::new(news));
        }
    }

    /// Ends all streams: the service is about to stop.
    pub fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The batches that are published from now on; `None` once the service is about to stop.
    pub(crate) fn follow(&self) -> Option<Receiver<Arc<ChangeBatch>>> {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().map(Sender::subscribe)
    }
}
