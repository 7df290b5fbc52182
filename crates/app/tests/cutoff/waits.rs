//! How long old facts were honoured after the acknowledgement, printed as rows of the table in
//! `docs/cut-off.md`, which is made from the output of these tests.

use std::time::Duration;

/// For how long after an acknowledgement facts were honoured.
#[derive(Debug, Default)]
pub(crate) struct Waits(Vec<Duration>);

impl Waits {
    pub(crate) fn extend(&mut self, waits: impl IntoIterator<Item = Duration>) {
        self.0.extend(waits);
        self.0.sort_unstable();
    }

    pub(crate) fn median(&self) -> Duration {
        self.at(50)
    }

    pub(crate) fn longest(&self) -> Duration {
        *self.0.last().unwrap()
    }

    fn at(&self, share: usize) -> Duration {
        self.0[(self.0.len() * share / 100).min(self.0.len() - 1)]
    }

    /// Says how they are distributed, in milliseconds.
    #[expect(
        clippy::print_stdout,
        reason = "a number that a test has measured is worth a line"
    )]
    pub(crate) fn tell(&self, circumstances: &str) {
        let millis = |wait: Duration| (wait.as_secs_f64() * 1e4).round() / 1e1;
        println!(
            "| {circumstances} | {} | {} | {} | {} | {} |",
            self.0.len(),
            millis(self.median()),
            millis(self.at(90)),
            millis(self.at(99)),
            millis(self.longest())
        );
    }
}
