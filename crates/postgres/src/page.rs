//! One page of the matches, and how many there are, as one statement: both of one moment, also for a page behind the
//! last.

use countersign_application::{
    ports::StoreFault,
    query::{Filter, Order, PageRequest},
};
use countersign_domain::TenantId;
use sqlx::{
    Execute as _, FromRow as _, Postgres, Row as _, SqlStr,
    postgres::{PgArguments, PgRow},
    query::Map,
};
use uuid::Uuid;

use crate::{fault, filter::Sql, rows::TokenRow};

/// What is selected of a page `p` with the makers, changers and last uses of its tokens.
const PAGE: &str = "
    SELECT n.total, p.tenant_id, p.id, p.version, p.name, p.user_id, p.partial_token, p.expiry, p.allowed_addresses,
           p.permissions, p.created_at, p.created_by, c.name AS created_by_name, p.modified_at, p.modified_by,
           m.name AS modified_by_name, p.chain_head, l.used_at, l.address AS used_address
    FROM (SELECT count(*) AS total FROM api_tokens t ";

/// Where neither filter nor order ask for uses, the server leaves them out again.
const USES: &str =
    "LEFT JOIN token_uses l ON l.tenant_id = t.tenant_id AND l.token_id = t.id WHERE ";

/// Only keys are sorted: a million whole rows would not fit into the server's memory for it.
const ROWS: &str = ") k ON true
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
        let mut sql = Sql::new(PAGE);
        sql.word(USES).matching(tenant, filter);
        sql.word(") n LEFT JOIN (SELECT t.tenant_id, t.id FROM api_tokens t ")
            .word(USES);
        sql.matching(tenant, filter);
        sql.order('t', order)
            .word(" LIMIT ")
            .bind(i64::from(page.size));
        sql.word(" OFFSET ")
            .bind(page.offset())
            .word(ROWS)
            .order('p', order);
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
