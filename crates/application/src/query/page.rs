//! Pages of matches, and parts of the list of all tokens.

use countersign_domain::{TokenId, TokenView};

use crate::ports::Unreadable;

/// A request for a page of the matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// The page's number, from 0.
    pub number: u32,
    /// The number of records on a page, 1 to 100.
    pub size: u8,
    /// How far matches are counted; `None` = all of them, whose cost grows with their number.
    pub count_to: Option<u32>,
}

impl PageRequest {
    /// The number of records before the page.
    #[must_use]
    pub fn offset(self) -> i64 {
        i64::from(self.number) * i64::from(self.size)
    }
}

/// One page of the matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The records of the page.
    pub content: Vec<T>,
    /// The tokens of the page whose records cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// The number of matches, including unreadable ones; at most [`PageRequest::count_to`] if they
    /// are not all counted.
    pub total: u64,
}

/// A part of the list of tokens in the order of their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// The records.
    pub content: Vec<TokenView>,
    /// The tokens of this part whose records cannot be read.
    pub unreadable: Vec<Unreadable>,
}

impl Listed {
    /// Keeps the first `limit` tokens, readable or not. If there were more, returns the id after
    /// which the list continues.
    pub fn truncate(&mut self, limit: usize) -> Option<TokenId> {
        let readable = self.content.iter().map(|view| view.token.id);
        let mut ids: Vec<_> = readable
            .chain(self.unreadable.iter().map(|one| one.token))
            .collect();
        ids.sort_unstable();
        let more = ids.len() > limit;
        let last = *ids.get(limit.checked_sub(1)?).filter(|_| more)?;
        self.content.retain(|view| view.token.id <= last);
        self.unreadable.retain(|one| one.token <= last);
        Some(last)
    }
}
