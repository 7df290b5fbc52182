//! Queries of tokens by their fields, page by page.

use axum::{
    extract::{RawQuery, Request, State},
    http::StatusCode,
};
use countersign_application::query::PageRequest;
use countersign_domain::{Operation as _, ReadTokens};

use super::super::{Answer, answer};
use crate::{
    body,
    caller::Caller,
    detached::run_detached,
    filter::{self, FilterBody},
    params::Params,
    responses::{TokenPage, TokenRecord},
    state::ApiState,
};

/// The number of records on a page if the client gives no size.
const SIZE: u8 = 20;

/// Query API tokens
///
/// Returns a page of the tokens that match a filter, in the order of `sort`. Only live tokens
/// match, unless the filter names `revoked` or `revokedDate`.
#[utoipa::path(
    post, path = "/api-tokens/query", operation_id = "queryTokens", tag = "tokens",
    params(
        ("page" = Option<u64>, Query, minimum = 0, maximum = 4_294_967_295_i64, description = "From 0, which is the default"),
        ("size" = Option<u8>, Query, minimum = 1, maximum = 100, description = "Records a page; 20 by default"),
        ("sort" = Option<Vec<String>>, Query, pattern = "^(name|expiry|creationDate|lastModifiedDate|lastUsedDate|revokedDate)(,(asc|desc))?(,(name|expiry|creationDate|lastModifiedDate|lastUsedDate|revokedDate)(,(asc|desc))?)*$",
            description = "`field,direction`, several pairs in one value and several values; ascending where no direction stands; what was never used, or revoked, comes before all that was"),
    ),
    request_body = FilterBody,
    responses(
        (status = 200, body = TokenPage),
        (status = 400), (status = 408), (status = 413), (status = 415),
    ),
    extensions(("x-required-permission" = json!(ReadTokens::PERMISSION))),
)]
pub(in crate::routes) async fn query(
    State(app): State<ApiState>,
    caller: Caller<ReadTokens>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Answer {
    let mut params = Params::of(query.as_deref());
    let page = PageRequest {
        number: params.number("page", (0, u32::MAX)).unwrap_or(0),
        size: params.number("size", (1, 100)).unwrap_or(SIZE),
        count_to: None,
    };
    let order = params.order();
    params.finish()?;
    let (head, body) = request.into_parts();
    let body = body::read(&head.headers, body).await?;
    let filter = filter::read(&body)?;
    // Runs to its end, because the store works on whether or not the client waits: an abandoned
    // query still counts among those of its tenant.
    let found = run_detached(caller.exchange.spans, async move {
        let tokens = &app.tokens;
        tokens.query(&caller.by, &filter, &order, page).await
    });
    let found = found.await?;
    let answered = TokenPage {
        number_of_elements: found.content.len(),
        content: found.content.iter().map(TokenRecord::from).collect(),
        page_number: page.number,
        total_pages: found.total.div_ceil(page.size.into()),
        total_elements: found.total,
        size: page.size,
        unreadable: found.unreadable.iter().map(|one| one.token).collect(),
    };
    answer(StatusCode::OK, [], &answered)
}
