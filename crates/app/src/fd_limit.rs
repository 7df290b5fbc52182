//! The system's limit of open files. Without it, many clients would take the last descriptor, and
//! the first thing to fail would be the database behind the admitted ones.

use countersign_http::Limits;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The descriptors for the database's files, the log and other files of the process.
const SPARE: u64 = 64;

/// Raises the process's limit of open files as far as it may, and returns it; `None` if it is
/// unknown.
pub(crate) fn raised() -> Option<u64> {
    let limit = Resource::RLIMIT_NOFILE;
    let (soft, hard) = getrlimit(limit).ok()?;
    // Some systems report a hard limit that they do not allow.
    let raised = setrlimit(limit, hard, hard).is_ok();
    Some(if raised { hard } else { soft })
}

/// The number of the wanted client connections for which the limit leaves room beside the
/// database's connections and the listener's reserve; at least one.
pub(crate) fn affordable(wanted: usize, limit: u64, database: u32) -> usize {
    let room = limit.saturating_sub(SPARE + u64::from(database));
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let reserve = Limits::reserve(wanted.min(room));
    wanted.min(room.saturating_sub(reserve).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_get_what_the_rest_leaves() {
        for (wanted, limit, database, granted) in [
            (4096, 1024, 16, 885),
            (4096, 1_048_576, 16, 4096),
            (4096, u64::MAX, 16, 4096),
            (100, 186, 16, 100),
            (101, 186, 16, 100),
            (4096, 64, 16, 1),
            (4096, 0, 1000, 1),
        ] {
            assert_eq!(affordable(wanted, limit, database), granted, "{limit}");
        }
    }

    #[test]
    fn raising_gives_all_there_is() {
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!(raised(), Some(hard));
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap(), (hard, hard));
    }
}
