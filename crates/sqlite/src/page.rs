//! One page of the matching tokens, and their number, from one snapshot.

use countersign_application::{
    ports::{StoreError, Unreadable},
    query::{Filter, Order, OrderField, Page, PageRequest, Scope},
};
use countersign_domain::{TenantId, TokenView};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use crate::{
    SqliteStore,
    error::{store_error, within},
    filter::Where,
    rows::{TokenRow, read_each, tokens},
};

/// Every live token has a row there, so its index gives the order of last uses.
const USES: &str = "JOIN token_uses l ON l.tenant_id = t.tenant_id AND l.token_id = t.id ";

/// A revoked token has no row there, but its secrets still have their last uses.
const USES_OF_SECRETS: &str = "\
    LEFT JOIN (SELECT digest, last_used_at AS used_at, last_used_address AS address FROM token_secrets) l \
    ON l.digest = (SELECT s.digest FROM token_secrets s WHERE s.tenant_id = t.tenant_id \
                   AND s.token_id = t.id ORDER BY s.last_used_at DESC, s.digest LIMIT 1) ";

macro_rules! without_uses {
    ($columns:literal, $users:literal, $uses:literal) => {
        concat!($columns, $users)
    };
}
macro_rules! with_uses {
    ($columns:literal, $users:literal, $uses:literal) => {
        concat!($columns, $users, $uses)
    };
}
const TOKENS: &str = tokens!(without_uses);
const LIVE_TOKENS: &str = tokens!(with_uses);

/// The maximum number of matches that are found by creator or owner, and then sorted. If there are more, a
/// page is found soon by reading the tokens in its order.
const FEW: i64 = 1000;

/// A query over many tokens of a tenant.
struct Question<'a> {
    tenant: TenantId,
    filter: &'a Filter,
    order: &'a [Order],
    page: PageRequest,
}

impl SqliteStore {
    pub(crate) async fn page(
        &self,
        tenant: TenantId,
        filter: &Filter,
        order: &[Order],
        page: PageRequest,
    ) -> Result<Page<TokenView>, StoreError> {
        let question = Question {
            tenant,
            filter,
            order,
            page,
        };
        let _permit = self.permit(self.permits.acquire(tenant, filter)).await?;
        // From here on, because SQLite itself ends the query at the same time after it got its
        // connection.
        let (total, rows): (i64, Vec<_>) = within(async {
            let mut snapshot = self.questions.begin().await.map_err(store_error)?;
            let total = question.count(&mut snapshot).await.map_err(store_error)?;
            let rows = question.content(&mut snapshot, total <= FEW).await;
            Ok::<_, StoreError>((total, rows.map_err(store_error)?))
        })
        .await?;
        let (content, unreadable) = Unreadable::separate(tenant, read_each(rows))?;
        Ok(Page {
            content,
            unreadable,
            total: total.unsigned_abs(),
        })
    }
}

impl Question<'_> {
    // Hardly two queries are alike, so they are not kept prepared.
    async fn count(&self, snapshot: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
        let mut count = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 ");
        self.matches(&mut count, self.filter.asks_for_uses(), true);
        let most = self.page.count_to.map_or(-1, i64::from);
        count.push(" LIMIT ").push_bind(most).push(")");
        let count = count.build_query_scalar().persistent(false);
        count.fetch_one(snapshot).await
    }

    /// Only the tokens of the page are decoded; those before it are skipped by their ids. The
    /// subquery comes before the rest, because the depth of an enclosing expression would add to
    /// the filter's.
    async fn content(
        &self,
        snapshot: &mut SqliteConnection,
        few: bool,
    ) -> Result<Vec<TokenRow>, sqlx::Error> {
        let mut content = QueryBuilder::new("WITH page (id) AS MATERIALIZED (SELECT t.id ");
        let of_uses = self.filter.asks_for_uses() || self.order.iter().any(Order::asks_for_uses);
        self.matches(&mut content, of_uses, few);
        // The order of an index would read all tokens for the few of one creator or owner.
        let found_apart = self.filter.asks_for_makers() || self.filter.asks_for_annotations();
        let sorted = few && found_apart;
        let sign = if sorted { "+" } else { "" };
        ordered(&mut content, sign, self.order, self.by_uses_of_live());
        content.push(" LIMIT ").push_bind(i64::from(self.page.size));
        content.push(" OFFSET ").push_bind(self.page.offset());
        content.push(") ");
        match self.filter.scope() {
            Scope::Live => content.push(LIVE_TOKENS),
            Scope::Revoked | Scope::All => content.push(TOKENS).push(USES_OF_SECRETS),
        };
        content.push("WHERE t.tenant_id = ");
        content.push_bind(*self.tenant.as_uuid());
        content.push(" AND t.id IN (SELECT id FROM page)");
        ordered(&mut content, "", self.order, self.by_uses_of_live());
        let content = content.build_query_as().persistent(false);
        content.fetch_all(snapshot).await
    }

    /// The matching tokens; uses are joined only for a query about them.
    fn matches(&self, query: &mut QueryBuilder<Sqlite>, of_uses: bool, by_maker: bool) {
        query.push("FROM api_tokens t ");
        if of_uses {
            query.push(self.uses());
        }
        query
            .push("WHERE t.tenant_id = ")
            .push_bind(*self.tenant.as_uuid());
        query.push(match self.filter.scope() {
            Scope::Live => " AND t.revoked_at IS NULL AND ",
            Scope::Revoked => " AND t.revoked_at IS NOT NULL AND ",
            Scope::All => " AND ",
        });
        let by_maker = by_maker.then_some(self.tenant);
        Where { query, by_maker }.push(self.filter);
    }

    fn uses(&self) -> &'static str {
        match self.filter.scope() {
            Scope::Live => USES,
            Scope::Revoked | Scope::All => USES_OF_SECRETS,
        }
    }

    /// Whether the index of last uses has the order, followed by the ids.
    fn by_uses_of_live(&self) -> bool {
        let by_use = self.order.last().is_some_and(Order::asks_for_uses);
        by_use && self.filter.scope() == Scope::Live
    }
}

/// Writes the order. The sign, if there is one, keeps SQLite from reading the order from an index.
fn ordered(query: &mut QueryBuilder<Sqlite>, sign: &str, order: &[Order], by_uses: bool) {
    query.push(" ORDER BY ");
    for key in order {
        query.push(sign).push(column(key.field));
        query.push(if key.descending { " DESC, " } else { ", " });
    }
    // The same id, but in the index.
    query.push(sign);
    query.push(if by_uses { "l.token_id" } else { "t.id" });
}

const fn column(field: OrderField) -> &'static str {
    match field {
        OrderField::Name => "t.name_key",
        OrderField::Expiry => "t.expiry",
        OrderField::CreationDate => "t.created_at",
        OrderField::LastModifiedDate => "t.modified_at",
        // NULL comes before all else.
        OrderField::LastUsedDate => "l.used_at",
        OrderField::RevokedDate => "t.revoked_at",
    }
}
