//! Questions about many tokens, as SQL. Only words from this file become SQL text; what a caller asked with is bound.

use countersign_application::{
    ports::StoreFault,
    query::{
        Compare, Filter, ListField, ListTest, Order, OrderField, PageRequest, TextField, TextTest,
        TimeField,
    },
};
use countersign_domain::{TenantId, Timestamp};
use sqlx::{
    Encode, Execute as _, FromRow, Postgres, QueryBuilder, Row as _, SqlStr, Type,
    postgres::{PgArguments, PgHasArrayType, PgRow},
    query::Map,
};
use uuid::Uuid;

use crate::{fault, rows::TokenRow};

/// What is selected of a page `p` with the makers and changers of its tokens.
const PAGE: &str = "
    SELECT n.total, p.tenant_id, p.id, p.version, p.name, p.user_id, p.partial_token, p.expiry, p.allowed_addresses,
           p.permissions, p.created_at, p.created_by, c.name AS created_by_name, p.modified_at, p.modified_by,
           m.name AS modified_by_name, p.chain_head
    FROM (SELECT count(*) AS total FROM api_tokens t WHERE ";

const USERS: &str = ") p ON true
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
        let mut sql = Sql(QueryBuilder::new(PAGE));
        sql.matching(tenant, filter);
        sql.word(") n LEFT JOIN (SELECT * FROM api_tokens t WHERE ");
        sql.matching(tenant, filter);
        sql.order('t', order)
            .word(" LIMIT ")
            .bind(i64::from(page.size));
        sql.word(" OFFSET ")
            .bind(page.offset())
            .word(USERS)
            .order('p', order);
        let arguments = sql.0.build().take_arguments();
        let unbound = |error| fault::source(sqlx::Error::Encode(error));
        Ok(Self {
            arguments: arguments
                .map_err(|error| StoreFault::Unavailable(unbound(error)))?
                .unwrap_or_default(),
            sql: sql.0.into_sql(),
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

struct Sql(QueryBuilder<Postgres>);

impl Sql {
    fn word(&mut self, words: &str) -> &mut Self {
        self.0.push(words);
        self
    }

    fn bind<T>(&mut self, value: T) -> &mut Self
    where
        T: for<'q> Encode<'q, Postgres> + Type<Postgres>,
    {
        self.0.push_bind(value);
        self
    }

    fn matching(&mut self, tenant: TenantId, filter: &Filter) {
        self.word("t.tenant_id = ").bind(*tenant.as_uuid());
        self.word(" AND t.revoked_at IS NULL AND ").filter(filter);
    }

    fn order(&mut self, alias: char, order: &[Order]) -> &mut Self {
        self.word(" ORDER BY ");
        for Order { field, descending } in order {
            let column = match field {
                OrderField::Name => "name_key",
                OrderField::Expiry => "expiry",
                OrderField::CreationDate => "created_at",
                OrderField::LastModifiedDate => "modified_at",
            };
            let direction = if *descending { " DESC, " } else { ", " };
            self.word(&format!("{alias}.{column}{direction}"));
        }
        self.word(&format!("{alias}.id"))
    }

    fn filter(&mut self, filter: &Filter) -> &mut Self {
        match filter {
            Filter::All(parts) => self.joined(parts, " AND ", "true"),
            Filter::Any(parts) => self.joined(parts, " OR ", "false"),
            Filter::Id(test) => self.compare("t.id", test, |id| *id.as_uuid()),
            Filter::UserId(test) => self.compare("t.user_id", test, |id| *id.as_uuid()),
            Filter::Version(test) => self.compare("t.version", test, |number| *number),
            Filter::Time(field, test) => {
                let column = match field {
                    TimeField::Expiry => "t.expiry",
                    TimeField::CreationDate => "t.created_at",
                    TimeField::LastModifiedDate => "t.modified_at",
                };
                self.compare(column, test, |at: &Timestamp| at.to_utc())
            }
            Filter::Text(field, test) => self.text(*field, test),
            Filter::List(field, test) => self.list(*field, test),
        }
    }

    fn joined(&mut self, parts: &[Filter], with: &str, of_none: &str) -> &mut Self {
        self.word("(");
        for (index, part) in parts.iter().enumerate() {
            self.word(if index == 0 { "" } else { with }).filter(part);
        }
        self.word(if parts.is_empty() { of_none } else { "" })
            .word(")")
    }

    fn compare<V, T>(
        &mut self,
        column: &str,
        test: &Compare<V>,
        bound: impl Fn(&V) -> T,
    ) -> &mut Self
    where
        T: for<'q> Encode<'q, Postgres> + Type<Postgres> + PgHasArrayType,
    {
        let (operator, value) = match test {
            Compare::Eq(value) => (" = ", value),
            Compare::Ne(value) => (" <> ", value),
            Compare::Gt(value) => (" > ", value),
            Compare::Gte(value) => (" >= ", value),
            Compare::Lt(value) => (" < ", value),
            Compare::Lte(value) => (" <= ", value),
            Compare::In(values) | Compare::Nin(values) => {
                let negation = if matches!(test, Compare::Nin(_)) {
                    "NOT "
                } else {
                    ""
                };
                let values: Vec<T> = values.iter().map(bound).collect();
                self.word(negation).word("(").word(column).word(" = ANY (");
                return self.bind(values).word("))");
            }
        };
        self.word(column).word(operator).bind(bound(value))
    }

    fn text(&mut self, field: TextField, test: &TextTest) -> &mut Self {
        let (column, folded) = match field {
            TextField::Name => ("t.name", "t.name_key"),
            TextField::PartialToken => ("t.partial_token", "lower(t.partial_token)"),
        };
        // The server takes no text with NUL in it, and has none.
        let (call, needle, end) = match test {
            TextTest::Compare(test) => {
                return self.compare(column, &nul::free(test), Clone::clone);
            }
            TextTest::Contains(needle) => ("strpos(", needle, ") > 0"),
            TextTest::StartsWith(needle) => ("starts_with(", needle, ")"),
            TextTest::NotStartsWith(needle) => ("NOT starts_with(", needle, ")"),
        };
        if needle.contains('\0') {
            return self.word(if call.starts_with("NOT") {
                "true"
            } else {
                "false"
            });
        }
        self.word(call)
            .word(folded)
            .word(", ")
            .bind(needle.clone())
            .word(end)
    }

    fn list(&mut self, field: ListField, test: &ListTest) -> &mut Self {
        let column = match field {
            ListField::Permissions => "t.permissions",
            ListField::AllowedAddresses => "t.allowed_addresses",
        };
        let (negation, entries) = match test {
            ListTest::ContainsAll(entries) => ("", entries),
            ListTest::LacksAny(entries) => ("NOT ", entries),
        };
        if entries.iter().any(|entry| entry.contains('\0')) {
            return self.word(negation).word("false");
        }
        self.word(negation)
            .word("(")
            .word(column)
            .word(" @> ")
            .bind(entries.clone())
            .word(")")
    }
}

mod nul {
    //! Comparisons with texts that no column can hold, put as comparisons that mean the same to all it can.

    use countersign_application::query::Compare;

    /// A text without NUL is below one with NUL exactly if it is at most what stands before it.
    pub(super) fn free(test: &Compare<String>) -> Compare<String> {
        let cut = |text: &String| text.split_once('\0').map(|(head, _)| head.to_owned());
        let kept = |texts: &[String]| {
            texts
                .iter()
                .filter(|text| !text.contains('\0'))
                .cloned()
                .collect()
        };
        match test {
            Compare::Eq(text) if cut(text).is_some() => Compare::In(Vec::new()),
            Compare::Ne(text) if cut(text).is_some() => Compare::Nin(Vec::new()),
            Compare::Gt(text) | Compare::Gte(text) if cut(text).is_some() => {
                Compare::Gt(cut(text).unwrap_or_default())
            }
            Compare::Lt(text) | Compare::Lte(text) if cut(text).is_some() => {
                Compare::Lte(cut(text).unwrap_or_default())
            }
            Compare::In(texts) => Compare::In(kept(texts)),
            Compare::Nin(texts) => Compare::Nin(kept(texts)),
            other => other.clone(),
        }
    }
}
