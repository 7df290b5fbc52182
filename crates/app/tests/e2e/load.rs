//! Many writers and readers, who go on until they are stopped, and all their answers.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinSet;

use super::{
    client::{Answer, Client},
    within,
    writer::Writer,
};
use crate::common::TOKENS;

/// The crowd.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    answers: Arc<Mutex<Vec<Answer>>>,
    writers: JoinSet<Writer>,
    readers: JoinSet<()>,
    pub(crate) crowd: usize,
}

impl Load {
    /// Each writer with a client of its own, and as many readers of the same tokens.
    pub(crate) fn start(writers: Vec<Writer>, client: impl Fn() -> Client) -> Self {
        let crowd = writers.len() * 2;
        let (stop, answers) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(Mutex::new(Vec::new())),
        );
        let (mut writing, mut reading) = (JoinSet::new(), JoinSet::new());
        for mut writer in writers {
            let path = format!("{TOKENS}/{}", writer.id);
            let (stopped, told) = (Arc::clone(&stop), Arc::clone(&answers));
            let own = client();
            writing.spawn(async move {
                while !stopped.load(Ordering::Relaxed) {
                    let answer = writer.update(&own).await.expect("the service lives");
                    told.lock().unwrap().push(answer);
                }
                writer
            });
            let (stopped, told) = (Arc::clone(&stop), Arc::clone(&answers));
            let own = client();
            reading.spawn(async move {
                while !stopped.load(Ordering::Relaxed) {
                    let answer = own.get(&path).await;
                    told.lock().unwrap().push(answer);
                }
            });
        }
        Self {
            stop,
            answers,
            writers: writing,
            readers: reading,
            crowd,
        }
    }

    /// Waits until so many answers that were asked for from now on are of that kind.
    pub(crate) fn wait(
        &self,
        what: &str,
        wanted: usize,
        limit: Duration,
        is: impl Fn(&Answer) -> bool,
    ) {
        let from = self.answers.lock().unwrap().len();
        within(limit, what, || {
            let answers = self.answers.lock().unwrap();
            answers[from..].iter().filter(|answer| is(answer)).count() >= wanted
        });
    }

    /// Ends it; the writers with their ledgers, and every answer.
    pub(crate) async fn end(mut self) -> (Vec<Writer>, Vec<Answer>) {
        self.stop.store(true, Ordering::Relaxed);
        let writers = self.writers.join_all().await;
        while let Some(ended) = self.readers.join_next().await {
            ended.unwrap();
        }
        (writers, std::mem::take(&mut *self.answers.lock().unwrap()))
    }
}
