//! The view of the list of tokens, as its address encodes it, so that a view can be shared and
//! linked back to. Parts of the address without a meaning are ignored.

use countersign_application::query::{
    Compare, Filter, ListField, ListTest, Order, OrderField, PageRequest, TextField, TextTest,
    TimeField,
};
use countersign_domain::{Owner, Timestamp, TokenName, caseless_key};
use form_urlencoded::Serializer;

use crate::token_form::DAY;

/// The path of the list.
pub(crate) const LIST: &str = "/console";

/// The number of tokens on a page.
pub(crate) const SIZE: u8 = 25;

/// The number up to which tokens are counted: as far as people turn pages, so that many tokens cost
/// no more than these.
const COUNTED: u32 = 1000;

/// A filter by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    All,
    Live,
    /// Live tokens that expire within so many days.
    Expiring(u32),
    Expired,
    /// Tokens that were not used for so many days, and were created before that.
    Unused(u32),
    Revoked,
}

impl State {
    /// The states in the order in which they are offered.
    pub(crate) const ALL: [Self; 8] = [
        Self::All,
        Self::Live,
        Self::Expiring(30),
        Self::Expiring(7),
        Self::Expiring(1),
        Self::Expired,
        Self::Unused(90),
        Self::Revoked,
    ];

    /// The state's name in the address.
    pub(crate) fn word(self) -> String {
        match self {
            Self::All => String::new(),
            Self::Live => "live".into(),
            Self::Expiring(days) => format!("expiring-{days}"),
            Self::Expired => "expired".into(),
            Self::Unused(days) => format!("unused-{days}"),
            Self::Revoked => "revoked".into(),
        }
    }

    /// The state's label.
    pub(crate) fn label(self) -> String {
        match self {
            Self::All => "Any state".into(),
            Self::Live => "Live".into(),
            Self::Expiring(1) => "Expires within a day".into(),
            Self::Expiring(days) => format!("Expires within {days} days"),
            Self::Expired => "Expired".into(),
            Self::Unused(days) => format!("Unused for {days} days"),
            Self::Revoked => "Revoked".into(),
        }
    }

    fn filter(self, now: Timestamp) -> Option<Filter> {
        let time = Filter::Time;
        match self {
            Self::All => None,
            Self::Revoked => Some(Filter::Revoked(true)),
            Self::Live => Some(time(TimeField::Expiry, Compare::Gt(now))),
            Self::Expired => Some(time(TimeField::Expiry, Compare::Lte(now))),
            Self::Expiring(days) => {
                let end = now.plus_seconds(days * DAY);
                Some(Filter::All(vec![
                    time(TimeField::Expiry, Compare::Gt(now)),
                    time(TimeField::Expiry, Compare::Lte(end)),
                ]))
            }
            Self::Unused(days) => {
                let begin = now.minus_seconds(i64::from(days * DAY));
                Some(Filter::All(vec![
                    time(TimeField::CreationDate, Compare::Lt(begin)),
                    Filter::Any(vec![
                        Filter::Used(false),
                        time(TimeField::LastUsedDate, Compare::Lt(begin)),
                    ]),
                ]))
            }
        }
    }
}

/// A column that orders the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sort {
    pub(crate) field: OrderField,
    pub(crate) descending: bool,
}

/// The orders with their names in the address and their labels.
pub(crate) const ORDERS: [(&str, &str, OrderField); 6] = [
    ("name", "Name", OrderField::Name),
    ("expiry", "Expiry", OrderField::Expiry),
    ("created", "Creation", OrderField::CreationDate),
    ("modified", "Last change", OrderField::LastModifiedDate),
    ("used", "Last use", OrderField::LastUsedDate),
    ("revoked", "Revocation", OrderField::RevokedDate),
];

/// One view of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListQuery {
    /// A part of the name.
    pub(crate) words: String,
    pub(crate) state: State,
    /// A permission that all of them hold; empty = any.
    pub(crate) permission: String,
    /// The owner of all of them, without regard to case; empty = any.
    pub(crate) owner: String,
    pub(crate) sort: Sort,
    /// The page's number, from 1.
    pub(crate) page: u32,
}

impl ListQuery {
    /// Parses the view from a query string.
    pub(crate) fn of(query: &str) -> Self {
        let mut view = Self {
            words: String::new(),
            state: State::All,
            permission: String::new(),
            owner: String::new(),
            sort: Sort {
                field: OrderField::Name,
                descending: false,
            },
            page: 1,
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "q" => view.words = value.trim().chars().take(TokenName::MAX).collect(),
                "state" => {
                    let state = State::ALL.into_iter().find(|state| state.word() == value);
                    view.state = state.unwrap_or(State::All);
                }
                "permission" => view.permission = value.trim().chars().take(128).collect(),
                "owner" => view.owner = value.trim().chars().take(Owner::MAX).collect(),
                "sort" => {
                    if let Some((_, _, field)) = ORDERS.iter().find(|(word, ..)| *word == value) {
                        view.sort.field = *field;
                    }
                }
                "dir" => view.sort.descending = value == "desc",
                "page" => view.page = value.parse().unwrap_or(1).clamp(1, 1_000_000),
                _ => {}
            }
        }
        view
    }

    /// Whether the view leaves any token out.
    pub(crate) fn is_filtered(&self) -> bool {
        let texts = [&self.words, &self.permission, &self.owner];
        self.state != State::All || texts.iter().any(|text| !text.is_empty())
    }

    /// The view of an owner's tokens.
    pub(crate) fn of_owner(owner: &str) -> Self {
        Self {
            owner: owner.to_owned(),
            ..Self::of("")
        }
    }

    /// The filter for the store.
    pub(crate) fn filter(&self, now: Timestamp) -> Filter {
        let mut all = Vec::new();
        if !self.words.is_empty() {
            let needle = TextTest::Contains(caseless_key(&self.words));
            all.push(Filter::Text(TextField::Name, needle));
        }
        all.extend(self.state.filter(now));
        if !self.permission.is_empty() {
            let wanted = ListTest::ContainsAll(vec![self.permission.clone()]);
            all.push(Filter::List(ListField::Permissions, wanted));
        }
        if !self.owner.is_empty() {
            let wanted = TextTest::Equals(caseless_key(&self.owner));
            all.push(Filter::Text(TextField::Owner, wanted));
        }
        Filter::All(all)
    }

    /// The order for the store.
    pub(crate) fn order(&self) -> [Order; 1] {
        [Order {
            field: self.sort.field,
            descending: self.sort.descending,
        }]
    }

    /// The page for the store.
    pub(crate) fn request(&self) -> PageRequest {
        PageRequest {
            number: self.page - 1,
            size: SIZE,
            count_to: Some(self.counted_to() + 1),
        }
    }

    /// The number up to which tokens are counted: at least to the end of this page.
    pub(crate) fn counted_to(&self) -> u32 {
        COUNTED.max(self.page.saturating_mul(SIZE.into()))
    }

    /// The address of this view.
    pub(crate) fn link(&self) -> String {
        let mut query = Serializer::new(String::new());
        let order = ORDERS.iter().find(|(.., field)| *field == self.sort.field);
        let sort = order.map_or("name", |(word, ..)| *word);
        let page = self.page.to_string();
        for (name, value, default) in [
            ("q", self.words.as_str(), ""),
            ("state", &self.state.word(), ""),
            ("permission", &self.permission, ""),
            ("owner", &self.owner, ""),
            ("sort", sort, "name"),
            (
                "dir",
                if self.sort.descending { "desc" } else { "asc" },
                "asc",
            ),
            ("page", &page, "1"),
        ] {
            if value != default {
                query.append_pair(name, value);
            }
        }
        match query.finish() {
            query if query.is_empty() => LIST.into(),
            query => format!("{LIST}?{query}"),
        }
    }

    /// Another page of this view.
    pub(crate) fn at(&self, page: u32) -> Self {
        Self {
            page,
            ..self.clone()
        }
    }

    /// The view ordered by a column, or reversed if it already is. Times are ordered with the
    /// latest first.
    pub(crate) fn sorted(&self, field: OrderField) -> Self {
        let descending = if self.sort.field == field {
            !self.sort.descending
        } else {
            !matches!(field, OrderField::Name | OrderField::Expiry)
        };
        Self {
            sort: Sort { field, descending },
            ..self.at(1)
        }
    }
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
