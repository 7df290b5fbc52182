//! Changes that are committed at once, and what becomes of them.

use countersign_application::{ports::CommitError, testing::TestTenant};
use countersign_domain::Change;
use futures_util::future::join_all;

pub(crate) async fn commit_all(
    home: &TestTenant,
    changes: &[Change],
) -> Vec<Result<(), CommitError>> {
    join_all(changes.iter().map(|change| home.commit(change))).await
}

pub(crate) fn only_the_name_of_20_is_taken(outcomes: Vec<Result<(), CommitError>>) {
    for (n, outcome) in outcomes.into_iter().enumerate() {
        if n == 20 {
            assert!(
                matches!(outcome, Err(CommitError::NameTaken)),
                "{outcome:?}"
            );
        } else {
            outcome.unwrap();
        }
    }
}
