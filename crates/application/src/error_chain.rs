//! An error with its causes, as one line of a log or of a terminal.

use std::error::Error;

/// The error and its causes, each once. Libraries differ in whether an error's own text includes
/// that of its source, so a text that the line already has is not repeated.
#[must_use]
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !line.contains(&words) {
            line.push_str(": ");
            line.push_str(&words);
        }
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::io;

    use thiserror::Error;

    use super::*;
    use crate::ports::StoreError;

    #[derive(Debug, Error)]
    #[error("while executing migrations: {0}")]
    struct Outer(#[source] Inner);

    #[derive(Debug, Error)]
    #[error("error communicating with database: {0}")]
    struct Inner(#[source] io::Error);

    #[test]
    fn a_cause_that_the_words_before_include_stands_in_the_line_once() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let fault = StoreError::Unavailable(Box::new(Outer(Inner(refused))));
        assert_eq!(
            error_chain(&fault),
            "the store cannot answer: while executing migrations: error communicating with \
             database: connection refused"
        );
    }

    #[test]
    fn a_cause_that_nothing_names_before_is_named() {
        let fault = StoreError::Unavailable("it is gone".into());
        assert_eq!(error_chain(&fault), "the store cannot answer: it is gone");
    }
}
