//! Circuit breaker for a source that does not answer. Without it, each request would wait for the
//! time-out of the source.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::monotonic::{AtomicMoment, Moment};
use crate::SourceError;

#[derive(Debug)]
pub(super) struct Breaker {
    retry: Duration,
    /// The end of the pause in which the source is not asked; none while it answers.
    until: AtomicMoment,
    /// When the source last answered, or its feed was last heard.
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

    /// Returns whether the source may be asked. While the breaker is open, one request after each
    /// interval may ask: it begins the next interval, in which the others are refused.
    ///
    /// # Errors
    /// Returns the fault that opened the breaker.
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
            // The source has answered in the meantime.
            _ => Ok(()),
        }
    }

    /// Records that a look-up failed which began at `began`. If the source has answered since then,
    /// the failure is out of date and does not open the breaker.
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

    /// Returns whether the source answered after `began`.
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
            "if that one never came back, another one tries"
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
