//! Diagnosis of a failed statement: whether it may have taken effect, whether it is worth sending
//! again, and whether the connection and those opened before it can still be trusted.

use std::{error::Error, io};

use countersign_application::ports::StoreError;
use thiserror::Error;

/// The server's own message. The library's error also quotes values of the row, which must not be
/// logged.
#[derive(Debug, Error)]
#[error("{message} (SQLSTATE {code}){hint}")]
struct ServerError {
    code: String,
    message: String,
    hint: &'static str,
}

/// The server is a standby. Its data may be outdated by any time, so that a revoked token would
/// still be found there, and it skips events of the feed without notice.
#[derive(Debug, Error)]
#[error(
    "this server is a standby (in recovery): connect to the primary, and through no pooler that sends reads elsewhere"
)]
struct InRecovery;

/// Returns an error unless the answer came from a primary, by the result of `pg_is_in_recovery()`
/// in the same statement.
pub(crate) fn require_primary(in_recovery: bool) -> Result<(), sqlx::Error> {
    if in_recovery {
        Err(sqlx::Error::Configuration(Box::new(InRecovery)))
    } else {
        Ok(())
    }
}

/// The hint for an error that only other software than PostgreSQL causes, and that is hard to
/// understand otherwise.
fn hint(code: &str) -> &'static str {
    match code {
        "26000" | "42P05" => {
            "; a pooler in transaction mode has to know prepared statements: PgBouncer from 1.21 on, with max_prepared_statements above 0"
        }
        _ => "",
    }
}

/// Whether a failed connection may succeed a moment later: the server is about to start or to end
/// (57P01 to 57P03), or has no room (PostgreSQL, appendix A).
pub(crate) fn passes(error: &sqlx::Error) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, UnexpectedEof,
    };
    match error {
        sqlx::Error::Database(said) => {
            said.is_transient_in_connect_phase()
                || matches!(said.code().as_deref(), Some("57P01" | "57P02" | "57P03"))
        }
        sqlx::Error::Io(io) => matches!(
            io.kind(),
            BrokenPipe | ConnectionAborted | ConnectionRefused | ConnectionReset | UnexpectedEof
        ),
        _ => false,
    }
}

/// The state of a connection after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connection {
    /// It may be used again.
    Good,
    /// It may not be used again, which says nothing about other connections.
    Spent,
    /// It leads to a server that is gone, and so do those that were opened before.
    Lost,
    /// It leads to a server that takes no writes, and so may those that were opened before.
    ReadOnly,
}

/// The diagnosis of one statement's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    /// The statement took no effect.
    pub(crate) certain: bool,
    /// The same statement may succeed at once, on another connection or after another change is
    /// done.
    pub(crate) again: bool,
    /// The state of the connection.
    pub(crate) connection: Connection,
}

impl Diagnosis {
    const fn new(certain: bool, again: bool, connection: Connection) -> Self {
        Self {
            certain,
            again,
            connection,
        }
    }

    /// The diagnosis of a code. An error that the server reports ends the transaction without
    /// effect, unless the code says otherwise (PostgreSQL, appendix A; 08 comes from poolers that
    /// lost their server, 40003 from distributed engines).
    fn of_code(code: &str) -> Self {
        use Connection::{Good, Lost, ReadOnly, Spent};
        match code {
            // The server ends, or the pooler put another one behind the connection.
            "57P01" | "57P02" | "57P03" | "57P05" | "26000" | "0A000" => {
                Self::new(true, true, Lost)
            }
            "25006" => Self::new(true, true, ReadOnly),
            "40001" | "40P01" => Self::new(true, true, Good),
            "40003" => Self::new(false, false, Spent),
            _ if code.starts_with("08") => Self::new(false, true, Lost),
            _ => Self::new(true, false, Good),
        }
    }

    /// The diagnosis of an error after the connection was made.
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        use Connection::{Good, Lost, Spent};
        match error {
            sqlx::Error::Database(said) => Self::of_code(&said.code().unwrap_or_default()),
            sqlx::Error::Io(io) if io.kind() == io::ErrorKind::TimedOut => {
                Self::new(false, false, Spent)
            }
            // Bytes were left unsent, and without the last of them the server does not commit.
            sqlx::Error::Io(io) if io.kind() == io::ErrorKind::BrokenPipe => {
                Self::new(true, true, Lost)
            }
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => {
                Self::new(false, true, Lost)
            }
            sqlx::Error::Configuration(why) if why.is::<InRecovery>() => {
                Self::new(true, true, Connection::ReadOnly)
            }
            sqlx::Error::Encode(_) | sqlx::Error::InvalidArgument(_) => {
                Self::new(true, false, Good)
            }
            _ => Self::new(false, false, Spent),
        }
    }
}

/// The error of a statement without a result.
#[derive(Debug)]
pub(crate) struct StatementError {
    /// It took no effect.
    pub(crate) certain: bool,
    /// What went wrong.
    pub(crate) error: sqlx::Error,
}

impl StatementError {
    /// Whether a returned row could not be decoded.
    pub(crate) fn is_of_a_row(&self) -> bool {
        matches!(
            self.error,
            sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. }
        )
    }

    /// Whether one change may have failed a statement for many: by a constraint, or because it
    /// waited for a lock (55P03, 57014). Nothing was written then.
    pub(crate) fn is_of_one_change(&self) -> bool {
        let said = self.error.as_database_error();
        let code = said.and_then(sqlx::error::DatabaseError::code);
        code.is_some_and(|code| code.starts_with("23") || matches!(&*code, "55P03" | "57014"))
    }

    /// Whether the server that answered is a standby.
    pub(crate) fn is_in_recovery(&self) -> bool {
        matches!(&self.error, sqlx::Error::Configuration(why) if why.is::<InRecovery>())
    }

    /// Whether a row with an equal key exists in that index.
    pub(crate) fn is_taken(&self, index: &str) -> bool {
        let said = self.error.as_database_error();
        said.is_some_and(|said| said.is_unique_violation() && said.constraint() == Some(index))
    }

    /// The error without values of any row.
    pub(crate) fn into_source(self) -> Box<dyn Error + Send + Sync> {
        source(self.error)
    }
}

impl From<StatementError> for StoreError {
    fn from(lost: StatementError) -> Self {
        let code = lost
            .error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        // Read-only, or a full disk.
        if matches!(code.as_deref(), Some("25006" | "53100")) {
            Self::Unwritable(lost.into_source())
        } else {
            Self::Unavailable(lost.into_source())
        }
    }
}

pub(crate) fn source(error: sqlx::Error) -> Box<dyn Error + Send + Sync> {
    match error {
        sqlx::Error::Database(said) => Box::new(ServerError {
            hint: hint(&said.code().unwrap_or_default()),
            code: said.code().unwrap_or_default().into_owned(),
            message: said.message().to_owned(),
        }),
        sqlx::Error::Configuration(why) if why.is::<InRecovery>() => why,
        sqlx::Error::PoolTimedOut => "every connection that this node may have is in use".into(),
        other => Box::new(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_connection_leaves_the_outcome_open() {
        for kind in [
            io::ErrorKind::UnexpectedEof,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::TimedOut,
        ] {
            assert!(
                !Diagnosis::of(&sqlx::Error::Io(kind.into())).certain,
                "{kind}"
            );
        }
        assert!(Diagnosis::of(&sqlx::Error::Io(io::ErrorKind::BrokenPipe.into())).certain);
    }

    #[test]
    fn a_pooler_that_lost_its_server_leaves_the_outcome_open() {
        for code in ["08006", "08P01", "40003"] {
            assert!(!Diagnosis::of_code(code).certain, "{code}");
        }
        for code in [
            "57P01", "25006", "53100", "53300", "57014", "40P01", "23505",
        ] {
            assert!(Diagnosis::of_code(code).certain, "{code}");
        }
    }
}
