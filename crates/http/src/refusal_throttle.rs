//! Limits for requests without an admitted caller: how many of them an address may send, and how
//! many lines they leave in the log. Admitted requests are not counted, whatever others behind the
//! same address send.

use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
};

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_application::{LimitReached, RateLimit, network};

use crate::{
    metrics::Metrics,
    problem::Problem,
    request_context::{HTML, RequestContext},
};

/// The number of log lines for one reason: at once, and per minute in the long run.
const LINES_AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);
const LINES_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(59);

/// The status of an answer, and the code of its problem: there are only some dozens of pairs.
pub(crate) type Reason = (u16, &'static str);

/// The limits of requests without an admitted caller.
#[derive(Debug)]
pub(crate) struct RefusalThrottle {
    answers: Option<RateLimit<IpAddr>>,
    lines: RateLimit<Reason>,
    suppressed: Mutex<HashMap<Reason, u64>>,
}

impl RefusalThrottle {
    /// Creates the limits: so many refusals a minute for each address, and as many at once; `None`
    /// = no limit.
    pub(crate) fn new(per_minute: Option<NonZeroU32>) -> Self {
        Self {
            answers: per_minute.map(|quota| RateLimit::new("refusals", quota, quota)),
            lines: RateLimit::new("lines", LINES_PER_MINUTE, LINES_AT_ONCE),
            suppressed: Mutex::default(),
        }
    }

    /// The answer, or 429 in its place if its address was refused too often.
    pub(crate) fn limited(
        &self,
        response: Response,
        exchange: &RequestContext,
        route: &str,
    ) -> Response {
        if !is_refusal(&response, exchange, route) {
            return response;
        }
        match self.count(exchange.address) {
            Ok(()) => response,
            Err(reached) => Problem::from(reached).into_response(),
        }
    }

    /// Counts a refusal. An unknown address is not counted, because it may be a proxy's, with many
    /// clients behind it.
    fn count(&self, address: Option<IpAddr>) -> Result<(), LimitReached> {
        match (&self.answers, address) {
            (Some(answers), Some(address)) => answers.take(&network(address), NonZeroU32::MIN),
            _ => Ok(()),
        }
    }

    /// Whether a line for this reason is written, with the number of lines that were left out since
    /// the previous one.
    pub(crate) fn line(&self, reason: Reason, metrics: &Metrics) -> Option<u64> {
        let written = self.lines.take(&reason, NonZeroU32::MIN).is_ok();
        let mut suppressed = self.suppressed();
        let count = suppressed.entry(reason).or_default();
        if written {
            return Some(std::mem::take(count));
        }
        *count += 1;
        metrics.suppressed_line();
        None
    }

    fn suppressed(&self) -> std::sync::MutexGuard<'_, HashMap<Reason, u64>> {
        self.suppressed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the answer is a refusal because nobody was admitted. The verdicts of `/auth` are not
/// refusals of the API itself: proxies act on them for others. The console's pages have a limit of
/// their own.
fn is_refusal(response: &Response, exchange: &RequestContext, route: &str) -> bool {
    let refused = matches!(
        response.status(),
        StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
    );
    let page = response.headers().get(header::CONTENT_TYPE);
    refused
        && exchange.actor.get().is_none()
        && !route.starts_with("/auth")
        && page.is_none_or(|kind| kind != HTML)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_leaves_a_bounded_number_of_lines_and_says_how_many_it_lacks() {
        let (refusals, metrics) = (RefusalThrottle::new(None), Metrics::default());
        let flood = (401, "missing-credential");
        let written = (0..10_000).filter_map(|_| refusals.line(flood, &metrics));
        let written: Vec<u64> = written.collect();
        assert!((100..110).contains(&written.len()), "{}", written.len());
        assert_eq!(refusals.line((401, "invalid-token"), &metrics), Some(0));
        let told: u64 = written.iter().sum();
        let left = refusals.suppressed()[&flood];
        assert_eq!(told + left + written.len() as u64, 10_000);
        let page = metrics.page().unwrap();
        let counted = format!("countersign_log_lines_suppressed_total {}\n", told + left);
        assert!(page.contains(&counted), "{page}");
    }
}
