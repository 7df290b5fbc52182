//! The pages that explain problems. They need no credential, because callers without one may need
//! them most.

use axum::{Router, extract::Path, response::Response, routing::get};

use super::page;
use crate::{
    problem::{self, Code, Problem},
    state::ApiState,
};

pub(super) fn routes() -> Router<ApiState> {
    Router::new()
        .route("/problems", get(async || page(problem::index_page())))
        .route("/problems/{code}", get(explain))
}

async fn explain(code: Option<Path<String>>) -> Result<Response, Problem> {
    code.and_then(|Path(code)| problem::page(&code))
        .map(page)
        .ok_or_else(|| Problem::new(Code::NoSuchRoute, "There is no such problem."))
}
