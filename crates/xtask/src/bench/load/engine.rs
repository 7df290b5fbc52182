//! The loop of one thread over its connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use hdrhistogram::Histogram;
use mio::{Events, Poll, Token};

use super::clock::{ALARM, Alarm};
use super::connection::Connection;
use super::template::Template;
use super::work::Share;
use super::{Pace, Plan, as_f64};

/// What is still under way at the end may take so long.
const LAST_ANSWERS: Duration = Duration::from_secs(10);
const LONGEST: u64 = 120_000_000_000;

pub(super) fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1_000, LONGEST, 3)?)
}

/// What one thread has counted.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) answers: u64,
    pub(super) time: Duration,
    /// In nanoseconds.
    pub(super) waits: Histogram<u64>,
}

pub(super) struct Engine {
    plan: Plan,
    template: Arc<Template>,
    share: Share,
    poll: Poll,
    alarm: Alarm,
    connections: Vec<Connection>,
    idle: Vec<usize>,
    waits: Histogram<u64>,
    answers: u64,
    measured: (Instant, Instant),
    last: Instant,
}

impl Engine {
    pub(super) fn connect(plan: &Plan, template: Arc<Template>, share: Share) -> Result<Self> {
        let poll = Poll::new()?;
        let own = share.connections(plan);
        let connections =
            (0..own).map(|index| Connection::open(plan.address, poll.registry(), Token(index)));
        let now = Instant::now();
        Ok(Self {
            connections: connections.collect::<Result<_>>()?,
            alarm: Alarm::new(poll.registry())?,
            idle: (0..own).rev().collect(),
            waits: histogram()?,
            plan: plan.clone(),
            template,
            share,
            poll,
            answers: 0,
            measured: (now, now),
            last: now,
        })
    }

    pub(super) fn run(mut self) -> Result<Tally> {
        let begin = Instant::now();
        let from = begin + Duration::from_secs_f64(self.plan.warm_up);
        self.measured = match self.plan.pace {
            Pace::Once => (begin, begin + Duration::from_hours(24)),
            _ => (from, from + Duration::from_secs_f64(self.plan.seconds)),
        };
        match self.plan.pace {
            Pace::Rate(rate) => self.at_rate(begin, rate)?,
            Pace::Closed | Pace::Once => self.closed()?,
        }
        let time = match self.plan.pace {
            Pace::Once => self.last - begin,
            _ => self.measured.1 - self.measured.0,
        };
        Ok(Tally {
            answers: self.answers,
            time,
            waits: self.waits,
        })
    }

    fn closed(&mut self) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            let now = Instant::now();
            let over = now >= self.measured.1;
            while let Some(connection) = self.idle.pop() {
                if over || !self.ask(connection, now)? {
                    self.idle.push(connection);
                    break;
                }
            }
            if self.idle.len() == self.connections.len() {
                return Ok(());
            }
            self.wait(&mut events, None)?;
        }
    }

    fn at_rate(&mut self, begin: Instant, rate: f64) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        let interval = as_f64(u64::try_from(self.plan.threads)?) / rate;
        let mut count = 0_u64;
        loop {
            let now = Instant::now();
            let due = begin + Duration::from_secs_f64(interval * as_f64(count));
            let over = due >= self.measured.1;
            if !over
                && due <= now
                && let Some(connection) = self.idle.pop()
            {
                // Late ones count from when they were due.
                self.ask(connection, due)?;
                count += 1;
                continue;
            }
            if over && self.idle.len() == self.connections.len() {
                return Ok(());
            }
            let sleep = (!over && due > now).then(|| due - now);
            self.wait(&mut events, sleep)?;
        }
    }

    /// Sends the next request over an idle connection; `false` where there is none left.
    fn ask(&mut self, index: usize, since: Instant) -> Result<bool> {
        let Some(value) = self.share.take(index) else {
            return Ok(false);
        };
        let connection = &mut self.connections[index];
        let (text, version) = self.share.of(value);
        self.template.write(text, version, &mut connection.out);
        (connection.since, connection.value) = (Some(since), value);
        connection.send()?;
        Ok(true)
    }

    /// Waits for an answer, or for `alarm`.
    fn wait(&mut self, events: &mut Events, alarm: Option<Duration>) -> Result<()> {
        let rings = alarm.map(|after| self.alarm.set(after)).transpose()?;
        let limit = rings.flatten().unwrap_or(LAST_ANSWERS);
        let begun = Instant::now();
        if let Err(error) = self.poll.poll(events, Some(limit)) {
            ensure!(error.kind() == std::io::ErrorKind::Interrupted, "{error}");
        }
        let nothing = events.is_empty() && begun.elapsed() >= LAST_ANSWERS;
        ensure!(!nothing, "no answer within {} s", LAST_ANSWERS.as_secs());
        for event in events.iter().filter(|event| event.token() != ALARM) {
            self.hear(event.token().0, event.is_writable(), event.is_readable())?;
        }
        Ok(())
    }

    fn hear(&mut self, index: usize, writable: bool, readable: bool) -> Result<()> {
        let connection = &mut self.connections[index];
        if writable {
            connection.send()?;
        }
        if !readable || !connection.receive(self.plan.expect)? {
            return Ok(());
        }
        let since = connection.since.take().context("an answer to nothing")?;
        let value = connection.value;
        self.share.advance(value);
        self.idle.push(index);
        self.count(since)
    }

    fn count(&mut self, since: Instant) -> Result<()> {
        let now = Instant::now();
        self.last = now;
        let (from, until) = self.measured;
        if now >= from && now < until {
            self.answers += 1;
        }
        if since >= from && since < until {
            let nanos = u64::try_from((now - since).as_nanos())?;
            self.waits.record(nanos.clamp(1, LONGEST))?;
        }
        Ok(())
    }
}
