//! Which connection asks with which value.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};

use super::{Pace, Plan};

/// What the requests differ in.
#[derive(Debug)]
pub(super) struct Values(Vec<(String, u64)>);

impl Values {
    /// A value per line, with its version behind a tab where it has one.
    pub(super) fn read(text: &str) -> Result<Self> {
        let values: Result<Vec<_>> = text
            .lines()
            .map(|line| match line.split_once('\t') {
                None => Ok((line.to_owned(), 1)),
                Some((value, version)) => Ok((
                    value.to_owned(),
                    version.parse().context("a version is no number")?,
                )),
            })
            .collect();
        let values = values?;
        ensure!(!values.is_empty(), "there are no values");
        Ok(Self(values))
    }
}

/// The part of the values that one thread asks with.
#[derive(Debug)]
pub(super) struct Share {
    values: Arc<Values>,
    /// Of the owned values, counted from the file's.
    versions: Vec<u64>,
    thread: usize,
    /// Per connection where they own their values, else one for all.
    next: Vec<usize>,
    step: usize,
    owned: bool,
    once: bool,
}

impl Share {
    pub(super) fn new(plan: &Plan, thread: usize, values: Arc<Values>) -> Result<Self> {
        let enough = !plan.owned || values.0.len() >= plan.connections;
        ensure!(enough, "fewer values than connections to own them");
        let versions = values.0.iter().map(|value| value.1).collect();
        let mine = (thread..plan.connections).step_by(plan.threads);
        let (next, step) = if plan.owned {
            (mine.collect(), plan.connections)
        } else {
            (vec![thread], plan.threads)
        };
        Ok(Self {
            versions,
            thread,
            next,
            step,
            owned: plan.owned,
            once: plan.pace == Pace::Once,
            values,
        })
    }

    /// How many connections this thread has.
    pub(super) fn connections(&self, plan: &Plan) -> usize {
        (self.thread..plan.connections)
            .step_by(plan.threads)
            .count()
    }

    /// The next value of a connection (by its place in the thread); `None` when each had its turn and one is enough.
    pub(super) fn take(&mut self, connection: usize) -> Option<usize> {
        let own = if self.owned { connection } else { 0 };
        let next = self.next.get_mut(own)?;
        let length = self.values.0.len();
        if *next >= length {
            if self.once {
                return None;
            }
            *next %= self.step.min(length);
        }
        let taken = *next;
        *next += self.step;
        Some(taken)
    }

    pub(super) fn of(&self, index: usize) -> (&str, u64) {
        (&self.values.0[index].0, self.versions[index])
    }

    /// The change was made: the next one is of the version after.
    pub(super) fn advance(&mut self, index: usize) {
        if self.owned {
            self.versions[index] += 1;
        }
    }
}
