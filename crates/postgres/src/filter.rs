//! Filters and orders as SQL. Only text of this crate becomes SQL; values from callers are bound.

mod annotations;
mod nul;

use countersign_application::query::{
    Compare, Filter, ListField, ListTest, Order, OrderField, Scope, TextField, TextTest, TimeField,
};
use countersign_domain::{TenantId, Timestamp, UserId};
use sqlx::{
    Encode, Postgres, QueryBuilder, SqlStr, Type,
    postgres::{PgArguments, PgHasArrayType},
    query::Query,
};

/// SQL under construction, over the tokens `t` with their last uses `l` and their search rows `s`.
pub(crate) struct Sql {
    text: QueryBuilder<Postgres>,
    /// Whether names and permissions are searched in `s`, instead of in the tokens themselves.
    searched: bool,
    /// The tenant, if tokens are found in the history by their creators, instead of in the tokens.
    by_maker: Option<TenantId>,
}

impl Sql {
    pub(crate) fn new(words: &str) -> Self {
        Self {
            text: QueryBuilder::new(words),
            searched: false,
            by_maker: None,
        }
    }

    pub(crate) fn query(&mut self) -> Query<'_, Postgres, PgArguments> {
        self.text.build()
    }

    pub(crate) fn into_text(self) -> SqlStr {
        self.text.into_sql()
    }

    pub(crate) fn word(&mut self, words: &str) -> &mut Self {
        self.text.push(words);
        self
    }

    pub(crate) fn bind<T>(&mut self, value: T) -> &mut Self
    where
        T: for<'q> Encode<'q, Postgres> + Type<Postgres>,
    {
        self.text.push_bind(value);
        self
    }

    /// Selects the tenant's tokens of the filter's scope that match; if `searched`, by `s`.
    pub(crate) fn matching(&mut self, tenant: TenantId, filter: &Filter, searched: bool) {
        let scope = filter.scope();
        self.searched = searched && scope == Scope::Live;
        self.by_maker = searched.then_some(tenant);
        self.word(" WHERE t.tenant_id = ").bind(*tenant.as_uuid());
        self.word(match scope {
            Scope::Live => " AND t.revoked_at IS NULL AND ",
            Scope::Revoked => " AND t.revoked_at IS NOT NULL AND ",
            Scope::All => " AND ",
        });
        self.filter(filter);
    }

    fn filter(&mut self, filter: &Filter) -> &mut Self {
        match filter {
            Filter::All(parts) => self.joined(parts, " AND ", "true"),
            Filter::Any(parts) => self.joined(parts, " OR ", "false"),
            Filter::Id(test) => self.compare("t.id", test, |id| *id.as_uuid()),
            Filter::UserId(test) => self.compare("t.user_id", test, |id| *id.as_uuid()),
            Filter::CreatedBy(test) => self.created_by(test),
            Filter::Revoked(true) => self.word("t.revoked_at IS NOT NULL"),
            Filter::Revoked(false) => self.word("t.revoked_at IS NULL"),
            Filter::Version(test) => self.compare("t.version", test, |number| *number),
            Filter::Time(field, test) => {
                let column = match field {
                    TimeField::Expiry => "t.expiry",
                    TimeField::CreationDate => "t.created_at",
                    TimeField::LastModifiedDate => "t.modified_at",
                    TimeField::LastUsedDate => "l.used_at",
                    TimeField::RevokedDate => "t.revoked_at",
                };
                self.compare(column, test, |at: &Timestamp| at.to_utc())
            }
            Filter::Used(true) => self.word("l.used_at IS NOT NULL"),
            Filter::Used(false) => self.word("l.used_at IS NULL"),
            Filter::Text(field, test) => self.text(*field, test),
            Filter::List(field, test) => self.list(*field, test),
            Filter::Metadata(key, test) => self.metadata(key, test),
        }
    }

    /// The history has an index by creator; the tokens have none, because a change of expiry would
    /// write to it.
    fn created_by(&mut self, test: &Compare<UserId>) -> &mut Self {
        let makers: Option<Vec<_>> = match test {
            Compare::Eq(maker) => Some(vec![*maker.as_uuid()]),
            Compare::In(makers) => Some(makers.iter().map(|id| *id.as_uuid()).collect()),
            _ => None,
        };
        if let (Some(tenant), Some(makers)) = (self.by_maker, makers) {
            self.word("t.id IN (SELECT e.token_id FROM audit_events e WHERE e.tenant_id = ");
            self.bind(*tenant.as_uuid());
            self.word(" AND e.kind IN ('created', 'rotated') AND e.by_user = ANY (");
            self.bind(makers).word(")) AND ");
        }
        self.compare("t.created_by", test, |id| *id.as_uuid())
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
            // A missing value differs from every value.
            Compare::Ne(value) => (" IS DISTINCT FROM ", value),
            Compare::Gt(value) => (" > ", value),
            Compare::Gte(value) => (" >= ", value),
            Compare::Lt(value) => (" < ", value),
            Compare::Lte(value) => (" <= ", value),
            Compare::In(values) | Compare::Nin(values) => {
                let end = if matches!(test, Compare::Nin(_)) {
                    ")) IS NOT TRUE"
                } else {
                    "))"
                };
                let values: Vec<T> = values.iter().map(bound).collect();
                self.word("(").word(column).word(" = ANY (");
                return self.bind(values).word(end);
            }
        };
        self.word(column).word(operator).bind(bound(value))
    }

    fn text(&mut self, field: TextField, test: &TextTest) -> &mut Self {
        let (column, folded) = match field {
            TextField::Name => ("t.name", "t.name_key"),
            TextField::PartialToken => ("t.partial_token", "lower(t.partial_token)"),
            TextField::Owner => ("t.owner", "t.owner_key"),
        };
        let (call, needle, end) = match test {
            TextTest::Compare(test) if field == TextField::Owner => return self.owner(test),
            TextTest::Compare(test) => {
                return self.compare(column, &nul::free(test), Clone::clone);
            }
            TextTest::Equals(needle) => {
                let test = nul::free(&Compare::Eq(needle.clone()));
                return self.compare(folded, &test, Clone::clone);
            }
            TextTest::Contains(needle) => {
                let searched = match field {
                    TextField::Name if self.searched => "s.name_key",
                    _ => folded,
                };
                return self.like(searched, needle);
            }
            TextTest::StartsWith(needle) => ("starts_with(", needle, ")"),
            TextTest::NotStartsWith(needle) => ("NOT starts_with(", needle, ")"),
        };
        // The server accepts no text with NUL in it, and stores none.
        if needle.contains('\0') {
            return self.word(if call.starts_with("NOT") {
                "true"
            } else {
                "false"
            });
        }
        let folded = match field {
            // A missing owner starts with nothing.
            TextField::Owner if call.starts_with("NOT") => "coalesce(t.owner_key, '')",
            _ => folded,
        };
        self.word(call)
            .word(folded)
            .word(", ")
            .bind(needle.clone())
            .word(end)
    }

    /// A pattern, because an index of parts of texts serves patterns.
    fn like(&mut self, column: &str, needle: &str) -> &mut Self {
        if needle.contains('\0') {
            return self.word("false");
        }
        let mut pattern = String::from("%");
        for letter in needle.chars() {
            if matches!(letter, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(letter);
        }
        pattern.push('%');
        self.word(column).word(" LIKE ").bind(pattern)
    }

    fn list(&mut self, field: ListField, test: &ListTest) -> &mut Self {
        let column = match (field, test) {
            (ListField::Permissions, ListTest::ContainsAll(_)) if self.searched => "s.permissions",
            (ListField::Permissions, _) => "t.permissions",
            (ListField::AllowedAddresses, _) => "t.allowed_addresses",
        };
        let (negation, entries) = match test {
            ListTest::Empty(empty) => {
                return self
                    .word(column)
                    .word(if *empty { " = '{}'" } else { " <> '{}'" });
            }
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

/// Whether the filter uses the search rows `s` of live tokens.
pub(crate) fn searches(filter: &Filter) -> bool {
    filter.scope() == Scope::Live && asks_for_parts(filter)
}

fn asks_for_parts(filter: &Filter) -> bool {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().any(asks_for_parts),
        Filter::Text(TextField::Name, TextTest::Contains(_))
        | Filter::List(ListField::Permissions, ListTest::ContainsAll(_)) => true,
        _ => false,
    }
}

/// The order, followed by the id, of tokens under that alias.
pub(crate) fn ordered(alias: char, order: &[Order]) -> String {
    let keys = order.iter().map(|Order { field, descending }| {
        let direction = if *descending { "DESC" } else { "ASC" };
        let column = match field {
            OrderField::Name => "name_key",
            OrderField::Expiry => "expiry",
            OrderField::CreationDate => "created_at",
            OrderField::LastModifiedDate => "modified_at",
            OrderField::LastUsedDate => {
                let never = if *descending { "LAST" } else { "FIRST" };
                return format!("used_at {direction} NULLS {never}, ");
            }
            OrderField::RevokedDate => {
                let never = if *descending { "LAST" } else { "FIRST" };
                return format!("{alias}.revoked_at {direction} NULLS {never}, ");
            }
        };
        format!("{alias}.{column} {direction}, ")
    });
    format!(" ORDER BY {}{alias}.id", keys.collect::<String>())
}
