//! One page of the matches, and how many there are, as one statement: both of one moment, also for a page behind the
//! last.

use countersign_application::{
    ports::StoreFault,
    query::{Filter, Order, OrderField, PageRequest},
};
use countersign_domain::TenantId;
use sqlx::{
    Execute as _, FromRow as _, Postgres, Row as _, SqlStr,
    postgres::{PgArguments, PgRow},
    query::Map,
};
use uuid::Uuid;

use crate::{
    fault,
    filter::{Sql, direction, ordered, searches},
    rows::TokenRow,
};

/// What is selected of a page `p` with the makers, changers and last uses of its tokens.
const PAGE: &str = "
    SELECT n.total, p.tenant_id, p.id, p.version, p.name, p.user_id, p.partial_token, p.expiry, p.allowed_addresses,
           p.permissions, p.created_at, p.created_by, c.name AS created_by_name, p.modified_at, p.modified_by,
           m.name AS modified_by_name, p.chain_head, l.used_at, l.address AS used_address
    FROM (SELECT count(*) AS total FROM (SELECT FROM api_tokens t ";

/// Every live token has a row there, so that the order of last uses can be read from their index.
const USES: &str = " JOIN token_uses l ON l.tenant_id = t.tenant_id AND l.token_id = t.id";

/// The same, with indexes for looking into names and permissions.
const SEARCH: &str = " JOIN token_search s ON s.tenant_id = t.tenant_id AND s.token_id = t.id";

/// The tokens by the newest event of each.
const CHANGES: &str = "audit_events e
    JOIN api_tokens t ON t.tenant_id = e.tenant_id AND t.id = e.token_id AND t.version = e.version_after";

/// How many matches are sorted by their last change. The order of more is read from the history: no index of tokens keeps
/// it, because each change would pay for that; and among many matches the page is found soon.
const FEW: u32 = 1000;

/// Only keys are sorted: a million whole rows would not fit into the server's memory for it.
const ROWS: &str = ")) k ON true
    LEFT JOIN api_tokens p ON p.tenant_id = k.tenant_id AND p.id = k.id
    LEFT JOIN token_uses l ON l.tenant_id = p.tenant_id AND l.token_id = p.id
    LEFT JOIN users c ON c.tenant_id = p.tenant_id AND c.id = p.created_by
    LEFT JOIN users m ON m.tenant_id = p.tenant_id AND m.id = p.modified_by";

/// A row of the answer: the total stands in each, and in one without a token where the page is empty.
pub(crate) struct PageRow {
    pub(crate) total: i64,
    pub(crate) token: Option<TokenRow>,
}

impl PageRow {
    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        let id: Option<Uuid> = row.try_get("id")?;
        Ok(Self {
            total: row.try_get("total")?,
            token: id.map(|_| TokenRow::from_row(row)).transpose()?,
        })
    }
}

/// A question for one page and the total, in one statement, so that both are of one moment.
pub(crate) struct Question {
    sql: SqlStr,
    arguments: PgArguments,
}

impl Question {
    pub(crate) fn new(
        tenant: TenantId,
        filter: &Filter,
        order: &[Order],
        page: PageRequest,
    ) -> Result<Self, StoreFault> {
        let by_use = |key: &Order| key.field == OrderField::LastUsedDate;
        let search = if searches(filter) { SEARCH } else { "" };
        let uses = |needed| if needed { USES } else { "" };
        let mut sql = Sql::new(PAGE);
        sql.word(search).word(uses(filter.asks_for_uses()));
        sql.matching(tenant, filter);
        if let Some(most) = page.count_to {
            sql.word(" LIMIT ").bind(i64::from(most));
        }
        sql.word(") c) n LEFT JOIN LATERAL (");
        let uses = uses(filter.asks_for_uses() || order.iter().any(by_use));
        let mut keys = |behind: &str, from: &str, end: &str| {
            sql.word(behind).word("SELECT t.tenant_id, t.id FROM ");
            sql.word(from).word(search).word(uses);
            sql.matching(tenant, filter);
            sql.word(end).word(" LIMIT ").bind(i64::from(page.size));
            sql.word(" OFFSET ").bind(page.offset());
        };
        let sorted = ordered('t', order);
        match order {
            [
                Order {
                    field: OrderField::LastModifiedDate,
                    descending,
                },
            ] => {
                let walked = format!(" ORDER BY e.at {}, t.id", direction(*descending));
                keys(
                    "(",
                    "api_tokens t",
                    &format!(" AND n.total <= {FEW}{sorted}"),
                );
                keys(
                    ") UNION ALL (",
                    CHANGES,
                    &format!(" AND n.total > {FEW}{walked}"),
                );
            }
            _ => keys("(", "api_tokens t", &sorted),
        }
        sql.word(ROWS).word(&ordered('p', order));
        let arguments = sql.query().take_arguments();
        let unbound = |error| fault::source(sqlx::Error::Encode(error));
        Ok(Self {
            arguments: arguments
                .map_err(|error| StoreFault::Unavailable(unbound(error)))?
                .unwrap_or_default(),
            sql: sql.into_text(),
        })
    }

    /// Never kept as a prepared statement: there are too many different ones.
    pub(crate) fn query(
        &self,
    ) -> Map<
        'static,
        Postgres,
        impl FnMut(PgRow) -> Result<PageRow, sqlx::Error> + Send + use<>,
        PgArguments,
    > {
        sqlx::query_with(self.sql.clone(), self.arguments.clone())
            .persistent(false)
            .try_map(|row: PgRow| PageRow::read(&row))
    }
}
