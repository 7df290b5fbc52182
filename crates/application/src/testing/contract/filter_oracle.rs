//! A naive interpretation of a filter, with which a store's answer is compared.

use countersign_domain::{Timestamp, TokenView};

use crate::query::{
    Compare, Filter, ListField, ListTest, MetadataTest, Scope, TextField, TextTest, TimeField,
};

fn compares<T: Ord>(value: &T, test: &Compare<T>) -> bool {
    match test {
        Compare::Eq(other) => value == other,
        Compare::Ne(other) => value != other,
        Compare::Gt(other) => value > other,
        Compare::Gte(other) => value >= other,
        Compare::Lt(other) => value < other,
        Compare::Lte(other) => value <= other,
        Compare::In(others) => others.contains(value),
        Compare::Nin(others) => !others.contains(value),
    }
}

/// A missing instant is not equal to any.
fn compares_if_any(instant: Option<Timestamp>, test: &Compare<Timestamp>) -> bool {
    match (instant, test) {
        (Some(at), test) => compares(&at, test),
        (None, test) => matches!(test, Compare::Ne(_) | Compare::Nin(_)),
    }
}

fn reads(value: &str, folded: &str, test: &TextTest) -> bool {
    match test {
        TextTest::Compare(test) => compares(&value.to_owned(), test),
        TextTest::Equals(needle) => folded == needle,
        TextTest::Contains(needle) => folded.contains(needle),
        TextTest::StartsWith(needle) => folded.starts_with(needle),
        TextTest::NotStartsWith(needle) => !folded.starts_with(needle),
    }
}

pub(super) fn in_scope(view: &TokenView, filter: &Filter) -> bool {
    match filter.scope() {
        Scope::Live => view.revoked.is_none(),
        Scope::Revoked => view.revoked.is_some(),
        Scope::All => true,
    }
}

pub(super) fn matches(view: &TokenView, filter: &Filter) -> bool {
    let token = &view.token;
    match filter {
        Filter::All(filters) => filters.iter().all(|filter| matches(view, filter)),
        Filter::Any(filters) => filters.iter().any(|filter| matches(view, filter)),
        Filter::Id(test) => compares(&token.id, test),
        Filter::UserId(test) => compares(&token.user, test),
        Filter::CreatedBy(test) => compares(&view.created_by.id, test),
        Filter::Revoked(revoked) => view.revoked.is_some() == *revoked,
        Filter::Version(test) => compares(&token.version.get(), test),
        Filter::Time(TimeField::Expiry, test) => compares(&token.expiry, test),
        Filter::Time(TimeField::CreationDate, test) => compares(&token.created, test),
        Filter::Time(TimeField::LastModifiedDate, test) => compares(&token.modified, test),
        Filter::Time(TimeField::LastUsedDate, test) => {
            compares_if_any(view.last_used.map(|used| used.at), test)
        }
        Filter::Time(TimeField::RevokedDate, test) => compares_if_any(view.revoked, test),
        Filter::Used(ever) => view.last_used.is_some() == *ever,
        Filter::Text(TextField::Name, test) => reads(token.name.as_str(), token.name.key(), test),
        Filter::Text(TextField::PartialToken, test) => {
            let shown = token.partial.as_str();
            reads(shown, &shown.to_lowercase(), test)
        }
        Filter::Text(TextField::Owner, test) => match (&token.owner, test) {
            (Some(owner), test) => reads(owner.as_str(), &owner.key(), test),
            (None, TextTest::Compare(test)) => matches!(test, Compare::Ne(_) | Compare::Nin(_)),
            (None, TextTest::NotStartsWith(needle)) => !needle.is_empty(),
            (None, _) => false,
        },
        Filter::Metadata(key, MetadataTest::Exists(exists)) => {
            token.metadata.get(key).is_some() == *exists
        }
        Filter::Metadata(key, MetadataTest::OneOf(values)) => {
            let stored = token.metadata.get(key);
            stored.is_some_and(|stored| values.iter().any(|value| value == stored))
        }
        Filter::List(field, test) => {
            let list: Vec<String> = match field {
                ListField::Permissions => {
                    token.permissions.iter().map(ToString::to_string).collect()
                }
                ListField::AllowedAddresses => token.addresses.iter().collect(),
            };
            match test {
                ListTest::ContainsAll(wanted) => wanted.iter().all(|entry| list.contains(entry)),
                ListTest::Empty(empty) => list.is_empty() == *empty,
                ListTest::LacksAny(wanted) => wanted.iter().any(|entry| !list.contains(entry)),
            }
        }
    }
}
