//! Leaving a source alone that does not answer. Without it, each request would learn anew, and slowly, what the one
//! before it has just learned.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::monotonic::{AtomicMoment, Moment};
use crate::SourceError;

#[derive(Debug)]
pub(super) struct Breaker {
    retry: Duration,
    /// Until when nobody asks; none while the source answers.
    until: AtomicMoment,
    /// When the source last answered, or showed a sign of life.
    answered: AtomicMoment,
    last: Mutex<Option<SourceError>>,
}

impl Breaker {
    pub(super) fn new(retry: Duration) -> Self {
        Self {
            retry,
            until: AtomicMoment::default(),
            answered: AtomicMoment::default(),
            last: Mutex::default(),
        }
    }

    /// Whether the source may be asked. While it is left alone, one request after each interval may: it takes the next
    /// interval for itself, so that the others go on waiting for what it learns.
    ///
    /// # Errors
    /// Why it was left alone.
    pub(super) fn may_ask(&self, now: Moment) -> Result<(), SourceError> {
        let Some(until) = self.until.get() else {
            return Ok(());
        };
        if now >= until && self.until.exchange(until, now.plus(self.retry)) {
            return Ok(());
        }
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(fault) if self.until.get().is_some() => Err(fault.clone()),
            // It answered just now.
            _ => Ok(()),
        }
    }

    /// A look-up that began then failed. If the source has answered since, the failure is out of date: it may not keep
    /// those waiting who would be answered now.
    pub(super) fn failed(&self, began: Moment, now: Moment, fault: &SourceError) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if self.answered_since(began) {
            return;
        }
        *last = Some(fault.clone());
        self.until.set(Some(now.plus(self.retry)));
    }

    pub(super) fn answered(&self, now: Moment) {
        self.answered.advance(now);
        if self.until.get().is_some() {
            self.until.set(None);
        }
    }

    /// Whether the source answered after that moment.
    pub(super) fn answered_since(&self, began: Moment) -> bool {
        self.answered.get().is_some_and(|answered| answered > began)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::monotonic::MonotonicClock;

    #[test]
    fn one_request_tries_after_each_interval_and_an_answer_lets_all_in() {
        let retry = Duration::from_secs(1);
        let (breaker, now) = (Breaker::new(retry), MonotonicClock::start().now());
        assert!(breaker.may_ask(now).is_ok());
        breaker.failed(now, now, &SourceError::away("gone"));
        assert_eq!(
            breaker.may_ask(now).unwrap_err().cause().to_string(),
            "gone"
        );
        let later = now.plus(retry);
        assert!(breaker.may_ask(later).is_ok(), "one tries");
        assert!(breaker.may_ask(later).is_err(), "the others do not");
        assert!(
            breaker.may_ask(later.plus(retry)).is_ok(),
            "where the one never came back, another one tries"
        );
        breaker.answered(later);
        assert!(breaker.may_ask(later).is_ok());
    }

    #[test]
    fn a_failure_from_before_an_answer_keeps_nobody_out() {
        let retry = Duration::from_secs(1);
        let (breaker, began) = (Breaker::new(retry), MonotonicClock::start().now());
        let back = began.plus(retry);
        breaker.answered(back);
        let later = back.plus(retry);
        breaker.failed(began, later, &SourceError::away("gone"));
        assert!(breaker.may_ask(later).is_ok());
        breaker.failed(back, later, &SourceError::away("gone again"));
        assert!(breaker.may_ask(later).is_err());
    }
}
