//! Where the service's own reader of the feed hands on what it read, to whoever is connected at the moment.

use std::sync::{Arc, Mutex, PoisonError};

use countersign_application::ports::ChangeBatch;
use tokio::sync::broadcast::{Receiver, Sender};

/// How many batches a slow connection may be behind before it is told to look at everything anew.
const BEHIND: usize = 256;

/// Hands news on. Clones hand on to the same connections.
#[derive(Debug, Clone)]
pub struct ChangeBroadcast(Arc<Mutex<Option<Sender<Arc<ChangeBatch>>>>>);

impl Default for ChangeBroadcast {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(Sender::new(BEHIND)))))
    }
}

impl ChangeBroadcast {
    /// Hands news on to all who follow.
    pub fn publish(&self, news: ChangeBatch) {
        if let Some(sender) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            // Nobody may be following.
            let _ = sender.send(Arc::new(news));
        }
    }

    /// Ends all streams: the service is about to stop.
    pub fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What is published from here on; `None` once the service is about to stop.
    pub(crate) fn follow(&self) -> Option<Receiver<Arc<ChangeBatch>>> {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().map(Sender::subscribe)
    }
}
