//! One page of the matches, and their number, as one statement: both of one moment, even for a page
//! after the last.

use countersign_application::{
    ports::StoreError,
    query::{Filter, Order, OrderField, Page, PageRequest, Scope},
};
use countersign_domain::TenantId;
use sqlx::{
    Execute as _, FromRow as _, Postgres, Row as _, SqlStr,
    postgres::{PgArguments, PgRow},
    query::Map,
};
use uuid::Uuid;

use crate::{
    error,
    filter::{Sql, ordered, searches},
    rows::TokenRow,
};

/// The source of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PagePlan {
    /// The tokens.
    Tokens,
    /// The history, which may have too few of the tokens.
    History,
}

impl PagePlan {
    /// Whether a page that was found this way may lack tokens: its total promises more.
    pub(crate) fn fell_short<T>(self, page: PageRequest, found: &Page<T>) -> bool {
        let promised = found.total.saturating_sub(page.offset().unsigned_abs());
        self == Self::History && (found.content.len() as u64) < promised.min(page.size.into())
    }

    /// The plan that is tried first.
    pub(crate) fn of(filter: &Filter, order: &[Order]) -> Self {
        match order {
            [
                Order {
                    field: OrderField::LastModifiedDate,
                    descending: true,
                },
            ] if filter.scope() == Scope::Live => Self::History,
            _ => Self::Tokens,
        }
    }
}

/// The columns of a page `p` with the creators, changers and last uses of its tokens.
const PAGE: &str = "
    SELECT n.total, p.tenant_id, p.id, p.version, p.name, p.user_id, p.partial_token, p.expiry, p.allowed_addresses,
           p.permissions, p.owner, p.description, p.metadata::text AS metadata, p.created_at, p.created_by, c.name AS created_by_name, p.modified_at, p.modified_by,
           m.name AS modified_by_name, p.chain_head, l.used_at, l.address AS used_address, p.revoked_at
    FROM (SELECT count(*) AS total FROM (SELECT FROM api_tokens t ";

/// Every live token has a row in that table, so its index gives the order of last uses.
const USES: &str = " JOIN token_uses l ON l.tenant_id = t.tenant_id AND l.token_id = t.id";

/// The same for the tokens of the page.
const USES_ON_PAGE: &str =
    " LEFT JOIN token_uses l ON l.tenant_id = p.tenant_id AND l.token_id = p.id";

/// A revoked token has no row there, but its secrets still have their last uses.
fn uses_of_secrets(alias: char) -> String {
    format!(
        " LEFT JOIN LATERAL (
        SELECT s.last_used_at AS used_at, s.last_used_address AS address FROM token_secrets s
        WHERE s.tenant_id = {alias}.tenant_id AND s.token_id = {alias}.id
        ORDER BY s.last_used_at DESC NULLS LAST, s.digest LIMIT 1) l ON true"
    )
}

/// The search rows, which have indexes for names and permissions.
const SEARCH: &str = " JOIN token_search s ON s.tenant_id = t.tenant_id AND s.token_id = t.id";

/// The newest events of a tenant...
const EVENTS: &str =
    "(SELECT tenant_id, token_id, version_after, at FROM audit_events WHERE tenant_id = ";
/// ... with the tokens of which they are the newest, looked up one by one: the server's statistics
/// of the history do not show that this ends soon.
const CHANGED: &str = ") e CROSS JOIN LATERAL (
    SELECT t.* FROM api_tokens t
    WHERE t.tenant_id = e.tenant_id AND t.id = e.token_id AND t.version = e.version_after OFFSET 0) t";

/// The maximum number of events in which a page is searched. No index of tokens has the order of
/// changes, because each change would pay for it. The history has it, but it has many events of
/// tokens that changed often or were revoked.
const EVENTS_AT_MOST: i64 = 20_000;

/// The maximum number of matches that are found by search rows, and then sorted. If there are more,
/// a page is found soon by reading all tokens in its order, whatever the filter is.
const FEW: u32 = 1000;

/// Only keys are sorted: a million whole rows would not fit into the server's memory for it.
const ROWS: &str = ")) k ON true
    LEFT JOIN api_tokens p ON p.tenant_id = k.tenant_id AND p.id = k.id";

/// Names and uses are looked up only for the page.
const OTHERS: &str = "
    LEFT JOIN users c ON c.tenant_id = p.tenant_id AND c.id = p.created_by
    LEFT JOIN users m ON m.tenant_id = p.tenant_id AND m.id = p.modified_by";

/// A row of the answer: each has the total, and an empty page has one row without a token.
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

/// A query for one page and the total, in one statement, so that both are of one moment.
pub(crate) struct PageQuery {
    sql: SqlStr,
    arguments: PgArguments,
}

impl PageQuery {
    pub(crate) fn new(
        tenant: TenantId,
        filter: &Filter,
        order: &[Order],
        page: PageRequest,
        way: PagePlan,
    ) -> Result<Self, StoreError> {
        let live = filter.scope() == Scope::Live;
        let of_secrets = uses_of_secrets('t');
        let all_uses = if live { USES } else { &of_secrets };
        let uses = |needed| if needed { all_uses } else { "" };
        let search = if searches(filter) { SEARCH } else { "" };
        let mut sql = Sql::new(PAGE);
        sql.word(search).word(uses(filter.asks_for_uses()));
        sql.matching(tenant, filter, true);
        if let Some(most) = page.count_to {
            sql.word(" LIMIT ").bind(i64::from(most));
        }
        sql.word(") c) n LEFT JOIN LATERAL (");
        let uses = uses(filter.asks_for_uses() || order.iter().any(Order::asks_for_uses));
        let limit = |sql: &mut Sql, order: &str| {
            sql.word(order).word(" LIMIT ").bind(i64::from(page.size));
            sql.word(" OFFSET ").bind(page.offset());
        };
        let sorted = ordered('t', order);
        let apart = filter.asks_for_makers() || filter.asks_for_annotations();
        if way == PagePlan::History || !search.is_empty() || apart {
            // Evaluated together, because the server may estimate that there are many and read all
            // tokens for them.
            let last = if uses.is_empty() { "" } else { ", l.used_at" };
            sql.word("(SELECT t.tenant_id, t.id FROM (SELECT t.*")
                .word(last);
            sql.word(" FROM api_tokens t").word(search).word(uses);
            sql.matching(tenant, filter, true);
            sql.word(&format!(" AND n.total <= {FEW} OFFSET 0) t"));
            limit(&mut sql, &sorted);
            sql.word(") UNION ALL (SELECT t.tenant_id, t.id FROM ");
            let order = if way == PagePlan::History {
                sql.word(EVENTS).bind(*tenant.as_uuid());
                sql.word(" ORDER BY at DESC LIMIT ").bind(EVENTS_AT_MOST);
                sql.word(CHANGED);
                " ORDER BY e.at DESC, t.id"
            } else {
                sql.word("api_tokens t");
                &sorted
            };
            sql.word(uses).matching(tenant, filter, false);
            sql.word(&format!(" AND n.total > {FEW}"));
            limit(&mut sql, order);
        } else {
            sql.word("(SELECT t.tenant_id, t.id FROM api_tokens t")
                .word(uses);
            sql.matching(tenant, filter, false);
            limit(&mut sql, &sorted);
        }
        sql.word(ROWS);
        if live {
            sql.word(USES_ON_PAGE);
        } else {
            sql.word(&uses_of_secrets('p'));
        }
        sql.word(OTHERS).word(&ordered('p', order));
        let arguments = sql.query().take_arguments();
        let unbound = |error| error::source(sqlx::Error::Encode(error));
        Ok(Self {
            arguments: arguments
                .map_err(|error| StoreError::Unavailable(unbound(error)))?
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
