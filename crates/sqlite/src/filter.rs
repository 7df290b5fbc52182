//! Typed filters as SQL: all text comes from here, and every value of the query is a bound
//! parameter.

use std::collections::BTreeSet;

use countersign_application::query::{
    Compare, Filter, ListField, ListTest, MetadataTest, TextField, TextTest, TimeField,
};
use countersign_domain::{TenantId, Timestamp, UserId, caseless_key};
use sqlx::{Encode, QueryBuilder, Sqlite, Type};

type Query = QueryBuilder<Sqlite>;

/// A condition under construction.
pub(crate) struct Where<'q> {
    pub(crate) query: &'q mut Query,
    /// The tenant, if tokens are found by their creators in the history, which has an index by
    /// creator.
    pub(crate) by_maker: Option<TenantId>,
}

impl Where<'_> {
    /// Adds the filter as one expression over `api_tokens t`, and `l` if it [asks for
    /// uses](Filter::asks_for_uses).
    pub(crate) fn push(self, filter: &Filter) {
        push(self.query, self.by_maker, filter);
    }
}

fn push(query: &mut Query, by_maker: Option<TenantId>, filter: &Filter) {
    let each = |query: &mut Query, filter: &Filter| push(query, by_maker, filter);
    match filter {
        Filter::All(filters) => join(query, filters, "TRUE", " AND ", each),
        Filter::Any(filters) => join(query, filters, "FALSE", " OR ", each),
        Filter::CreatedBy(test) => created_by(query, by_maker, test),
        Filter::Revoked(true) => drop(query.push("t.revoked_at IS NOT NULL")),
        Filter::Revoked(false) => drop(query.push("t.revoked_at IS NULL")),
        Filter::Id(test) => compare(query, "t.id", test, |id| *id.as_uuid()),
        Filter::UserId(test) => compare(query, "t.user_id", test, |id| *id.as_uuid()),
        Filter::Version(test) => compare(query, "t.version", test, |number| *number),
        Filter::Time(field, test) => instant(query, *field, test),
        Filter::Used(true) => drop(query.push("l.used_at IS NOT NULL")),
        Filter::Used(false) => drop(query.push("l.used_at IS NULL")),
        Filter::Text(field, test) => text(query, *field, test),
        Filter::List(field, test) => list(query, *field, test),
        Filter::Metadata(key, test) => metadata(query, key, test),
    }
}

fn instant(query: &mut Query, field: TimeField, test: &Compare<Timestamp>) {
    // A missing instant is not equal to any; every other comparison with it is NULL, which no token
    // matches.
    let may_lack = matches!(field, TimeField::LastUsedDate | TimeField::RevokedDate);
    query.push("(");
    if may_lack && matches!(test, Compare::Ne(_) | Compare::Nin(_)) {
        query.push(time(field)).push(" IS NULL OR ");
    }
    compare(query, time(field), test, |at| at.as_micros());
    query.push(")");
}

const fn time(field: TimeField) -> &'static str {
    match field {
        TimeField::Expiry => "t.expiry",
        TimeField::CreationDate => "t.created_at",
        TimeField::LastModifiedDate => "t.modified_at",
        TimeField::LastUsedDate => "l.used_at",
        TimeField::RevokedDate => "t.revoked_at",
    }
}

fn created_by(query: &mut Query, by_maker: Option<TenantId>, test: &Compare<UserId>) {
    let makers = match test {
        Compare::Eq(maker) => std::slice::from_ref(maker),
        Compare::In(makers) => makers,
        _ => &[],
    };
    query.push("(");
    if let (Some(tenant), false) = (by_maker, makers.is_empty()) {
        query.push("t.id IN (SELECT e.token_id FROM audit_events e WHERE e.tenant_id = ");
        query.push_bind(*tenant.as_uuid());
        query.push(" AND e.kind IN ('created', 'rotated') AND e.by_user IN ");
        join(query, makers, "", ", ", |query, maker| {
            query.push_bind(*maker.as_uuid());
        });
        query.push(") AND ");
    }
    compare(query, "t.created_by", test, |id| *id.as_uuid());
    query.push(")");
}

/// Items in brackets, with an operator between them; without items, the operator's neutral value.
fn join<T>(
    query: &mut Query,
    items: &[T],
    none: &'static str,
    between: &'static str,
    each: impl Fn(&mut Query, &T),
) {
    query.push("(");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            query.push(between);
        }
        each(query, item);
    }
    query
        .push(if items.is_empty() { none } else { "" })
        .push(")");
}

fn compare<T, V>(query: &mut Query, column: &str, test: &Compare<T>, bound: impl Fn(&T) -> V)
where
    V: for<'q> Encode<'q, Sqlite> + Type<Sqlite> + Send + 'static,
{
    let (operator, value) = match test {
        Compare::Eq(value) => (" = ", value),
        Compare::Ne(value) => (" <> ", value),
        Compare::Gt(value) => (" > ", value),
        Compare::Gte(value) => (" >= ", value),
        Compare::Lt(value) => (" < ", value),
        Compare::Lte(value) => (" <= ", value),
        Compare::In(values) | Compare::Nin(values) => {
            let negated = matches!(test, Compare::Nin(_));
            query
                .push(column)
                .push(if negated { " NOT IN " } else { " IN " });
            return join(query, values, "", ", ", |query, value| {
                query.push_bind(bound(value));
            });
        }
    };
    query.push(column).push(operator).push_bind(bound(value));
}

fn text(query: &mut Query, field: TextField, test: &TextTest) {
    let (exact, folded) = match field {
        TextField::Name => ("t.name", "t.name_key"),
        TextField::PartialToken => ("t.partial_token", "lower(t.partial_token)"),
        TextField::Owner => ("t.owner", "t.owner_key"),
    };
    // A missing owner is equal to none; every other comparison with it is NULL.
    let may_lack = field == TextField::Owner;
    match test {
        TextTest::Compare(test) if may_lack => owner(query, test),
        TextTest::Compare(test) => compare(query, exact, test, String::clone),
        TextTest::Equals(needle) => {
            compare(query, folded, &Compare::Eq(needle.clone()), String::clone);
        }
        TextTest::Contains(needle) => {
            query.push("instr(").push(folded).push(", ");
            query.push_bind(needle.clone()).push(") > 0");
        }
        TextTest::StartsWith(needle) | TextTest::NotStartsWith(needle) => {
            let negated = matches!(test, TextTest::NotStartsWith(_));
            let folded = if may_lack && negated {
                "coalesce(t.owner_key, '')"
            } else {
                folded
            };
            query.push("substr(").push(folded).push(", 1, length(");
            query.push_bind(needle.clone()).push("))");
            query.push(if negated { " <> " } else { " = " });
            query.push_bind(needle.clone());
        }
    }
}

/// The index has the key before the owner.
fn owner(query: &mut Query, test: &Compare<String>) {
    query.push("(");
    match test {
        Compare::Ne(_) | Compare::Nin(_) => drop(query.push("t.owner IS NULL OR ")),
        Compare::Eq(wanted) => {
            query.push("t.owner_key = ").push_bind(caseless_key(wanted));
            query.push(" AND ");
        }
        Compare::In(wanted) => {
            let keys: BTreeSet<_> = wanted.iter().map(|one| caseless_key(one)).collect();
            let keys = Compare::In(keys.into_iter().collect());
            compare(query, "t.owner_key", &keys, String::clone);
            query.push(" AND ");
        }
        _ => {}
    }
    compare(query, "t.owner", test, String::clone);
    query.push(")");
}

/// A key has no character that a path would have to escape.
fn metadata(query: &mut Query, key: &str, test: &MetadataTest) {
    // Text that is not JSON would end the whole statement.
    const PAIRS: &str = "(iif(json_valid(t.metadata), t.metadata, '{}'), ";
    let path = format!("$.\"{key}\"");
    match test {
        MetadataTest::Exists(exists) => {
            query.push("json_type").push(PAIRS).push_bind(path);
            query.push(if *exists {
                ") IS NOT NULL"
            } else {
                ") IS NULL"
            });
        }
        MetadataTest::OneOf(values) => {
            query.push("(");
            // For most metadata that lacks a value, a look at its text shows it.
            if let [only] = values.as_slice() {
                query.push("instr(t.metadata, ");
                query
                    .push_bind(serde_json::Value::from(only.as_str()).to_string())
                    .push(") > 0 AND ");
            }
            query.push("json_extract").push(PAIRS).push_bind(path);
            query.push(") IN ");
            join(query, values, "", ", ", |query, value| {
                query.push_bind(value.clone());
            });
            query.push(")");
        }
    }
}

/// Counts how many of the wanted entries a list has, in one pass over it: the wanted ones are made
/// into a table once for the whole statement, so that their number costs a row nothing. Lists have
/// no duplicates.
fn list(query: &mut Query, field: ListField, test: &ListTest) {
    let column = match field {
        ListField::Permissions => "t.permissions",
        ListField::AllowedAddresses => "t.allowed_addresses",
    };
    let (entries, holds) = match test {
        ListTest::Empty(empty) => {
            query
                .push(column)
                .push(if *empty { " = '[]'" } else { " <> '[]'" });
            return;
        }
        ListTest::ContainsAll(entries) => (entries, " = "),
        ListTest::LacksAny(entries) => (entries, " <> "),
    };
    let wanted: BTreeSet<&str> = entries.iter().map(String::as_str).collect();
    // No column has a NUL, before which SQLite would end the text: such a wanted entry cannot be
    // found.
    let findable = wanted.iter().filter(|entry| !entry.contains('\0'));
    let table: serde_json::Value = findable.copied().collect();
    query.push("(");
    // For most lists that lack an entry, a look at their text shows it.
    if let (ListTest::ContainsAll(_), Some(first)) = (test, table.get(0)) {
        query.push("instr(").push(column).push(", ");
        query.push_bind(first.to_string()).push(") > 0 AND ");
    }
    query
        // Text that is not JSON would end the whole statement.
        .push("(SELECT count(*) FROM json_each(iif(json_valid(")
        .push(column)
        .push("), ")
        .push(column)
        .push(", '[]')) WHERE value IN (SELECT value FROM json_each(");
    query.push_bind(table.to_string()).push(")))").push(holds);
    let wanted = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
    query.push_bind(wanted).push(")");
}
