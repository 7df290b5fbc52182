//! Lists that come in pages.

use http::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::{Client, Error, Event, Open, Token, call::Call, tokens::TOKENS};

const LIMIT: &str = "100";

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    bound(deserialize = "T: serde::de::DeserializeOwned")
)]
struct Page<T> {
    content: Vec<Open<T>>,
    next_cursor: Option<String>,
    total_pages: Option<u64>,
}

/// What comes next.
#[derive(Debug)]
enum Next {
    First,
    Cursor(String),
    Number(u64),
    End,
}

/// Tokens, page by page.
#[derive(Debug)]
pub struct TokenPages<'a> {
    client: &'a Client,
    call: Call,
    next: Next,
}

impl<'a> TokenPages<'a> {
    pub(crate) fn list(client: &'a Client, revoked: bool) -> Self {
        let call = Call::get(TOKENS)
            .query("limit", LIMIT)
            .flag("revoked", revoked);
        Self {
            client,
            call,
            next: Next::First,
        }
    }

    pub(crate) fn query(client: &'a Client, filter: &Value, sort: Option<&str>) -> Self {
        let call = Call::new(Method::POST, format!("{TOKENS}/query"));
        let mut call = call.repeatable().query("size", LIMIT).json(filter);
        if let Some(sort) = sort {
            call = call.query("sort", sort);
        }
        Self {
            client,
            call,
            next: Next::Number(0),
        }
    }

    /// The next page; `None` after the last one.
    ///
    /// # Errors
    /// Returns the service's refusal, or why there is no answer.
    pub async fn next(&mut self) -> Result<Option<Vec<Open<Token>>>, Error> {
        next(self.client, &self.call, &mut self.next).await
    }
}

/// Events, page by page.
#[derive(Debug)]
pub struct EventPages<'a> {
    client: &'a Client,
    call: Call,
    next: Next,
}

impl<'a> EventPages<'a> {
    pub(crate) fn new(client: &'a Client, call: Call) -> Self {
        Self {
            client,
            call: call.query("limit", LIMIT),
            next: Next::First,
        }
    }

    /// The next page; `None` after the last one.
    ///
    /// # Errors
    /// Returns the service's refusal, or why there is no answer.
    pub async fn next(&mut self) -> Result<Option<Vec<Open<Event>>>, Error> {
        next(self.client, &self.call, &mut self.next).await
    }
}

async fn next<T: serde::de::DeserializeOwned>(
    client: &Client,
    call: &Call,
    next: &mut Next,
) -> Result<Option<Vec<Open<T>>>, Error> {
    let call = call.clone();
    let (call, number) = match &*next {
        Next::End => return Ok(None),
        Next::First => (call, None),
        Next::Cursor(cursor) => (call.query("cursor", cursor), None),
        Next::Number(number) => (call.query("page", &number.to_string()), Some(*number)),
    };
    let page: Page<T> = client.get_json(call).await?;
    *next = match (page.next_cursor, number) {
        (Some(cursor), _) => Next::Cursor(cursor),
        (None, Some(number)) if page.total_pages.is_some_and(|total| number + 1 < total) => {
            Next::Number(number + 1)
        }
        _ => Next::End,
    };
    Ok(Some(page.content))
}
