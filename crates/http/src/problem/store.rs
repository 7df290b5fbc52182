//! The problems for what a store reports. No match has a wildcard: a new error of a store does not
//! compile until it says how it is answered.

use axum::http::header;
use countersign_application::{
    error_chain,
    ports::{StoreError, Unreadable},
};

use super::{Code, Members, Problem};

impl From<Unreadable> for Problem {
    fn from(unreadable: Unreadable) -> Self {
        let Unreadable {
            tenant,
            token,
            table,
            column,
        } = unreadable;
        tracing::error!(%tenant, %token, table, column, "the record of a token is unreadable");
        Self::token_unreadable().with_members(Members {
            id: Some(token),
            ..Members::default()
        })
    }
}

impl From<StoreError> for Problem {
    fn from(fault: StoreError) -> Self {
        match fault {
            StoreError::Unavailable(source) | StoreError::Unwritable(source) => {
                tracing::warn!(error = error_chain(&*source), "the store cannot answer");
                Self::new(
                    Code::StoreUnavailable,
                    "The database cannot answer at the moment; nothing was changed.",
                )
                .with_header(header::RETRY_AFTER, "1")
            }
            StoreError::Corrupt { table, column } => {
                tracing::error!(table, column, "the store holds a corrupt value");
                Self::internal()
            }
        }
    }
}
