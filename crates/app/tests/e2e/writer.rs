//! The only writer of a token, with a ledger: acknowledged changes must exist, refused ones must
//! not, and those without an answer may or may not, but never in part.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    client::{Answer, Client},
    history::{FIELDS, agreed},
};
use crate::common::{TOKENS, in_a_year};

/// One token and what its writer knows of it.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) id: String,
    label: String,
    /// The record as it was last acknowledged or seen.
    known: Value,
    /// What was sent for the known version without a word on what became of it.
    open: Vec<Value>,
    count: u32,
    pub(crate) acknowledged: u32,
}

impl Writer {
    /// Eight of them.
    pub(crate) async fn crowd(client: &Client) -> Vec<Self> {
        let mut writers = Vec::new();
        for number in 0..8 {
            writers.push(Self::make(client, &format!("Writer {number}")).await);
        }
        writers
    }

    /// Makes the token.
    pub(crate) async fn make(client: &Client, label: &str) -> Self {
        let draft = json!({
            "name": label,
            "expiry": in_a_year(),
            "permissions": ["api.tasks.read"],
        });
        let mut known = client.post(TOKENS, &draft).await.expect(201);
        known.as_object_mut().unwrap().remove("token");
        Self {
            id: known["id"].as_str().unwrap().to_owned(),
            label: label.to_owned(),
            known,
            open: Vec::new(),
            count: 0,
            acknowledged: 0,
        }
    }

    pub(crate) fn version(&self) -> u64 {
        self.known["version"].as_u64().unwrap()
    }

    /// Tries one update; no answer at all is `None`.
    pub(crate) async fn update(&mut self, client: &Client) -> Option<Answer> {
        let edit = self.next_edit();
        let path = format!("{TOKENS}/{}", self.id);
        let answer = client.try_call(Method::PUT, &path, Some(&edit)).await;
        let had_open = std::mem::take(&mut self.open);
        let Ok(answer) = answer else {
            self.open = [had_open, vec![edit]].concat();
            return None;
        };
        match (answer.status, answer.code()) {
            (200, _) => {
                self.assert_result_of(&edit, &answer.body);
                self.known = answer.body.clone();
                self.acknowledged += 1;
            }
            (503, "store-unavailable") => self.open = had_open,
            (503, "outcome-unknown") => self.open = [had_open, vec![edit]].concat(),
            (409, "version-conflict") if !had_open.is_empty() => {
                self.open = had_open;
                self.take(answer.body["current"].clone());
            }
            _ => panic!(
                "an update of {} by its only writer: {} {}; before it: {had_open:?}",
                self.known, answer.status, answer.text
            ),
        }
        Some(answer)
    }

    /// Looks at what is stored, and whether the ledger allows it.
    pub(crate) async fn settle(&mut self, client: &Client) {
        let found = agreed(client, &self.id).await;
        if found["version"] == self.known["version"] {
            for field in FIELDS {
                assert_eq!(
                    found[field], self.known[field],
                    "{field}: {found} is stored where {} was acknowledged",
                    self.known
                );
            }
        } else {
            self.take(found);
        }
    }

    /// Names are renamed each time, the rest now and then.
    fn next_edit(&mut self) -> Value {
        self.count += 1;
        let mut edit = json!({
            "version": self.version(),
            "name": format!("{} {}", self.label, self.count),
        });
        if self.count.is_multiple_of(2) {
            edit["permissions"] = match self.count % 4 {
                0 => json!(["api.tasks.read"]),
                _ => json!(["api.tasks.read", "api.users.read"]),
            };
        }
        if self.count.is_multiple_of(3) {
            edit["allowedAddresses"] = json!([format!("10.0.0.{}", self.count % 200)]);
        }
        edit
    }

    /// Takes over what an update without an answer has left.
    fn take(&mut self, found: Value) {
        let next = found["version"].as_u64() == Some(self.version() + 1);
        let fits = self.open.iter().any(|edit| self.results_in(edit, &found));
        assert!(
            next && fits,
            "{found} is stored; {} was acknowledged, and these were without an answer: {:?}",
            self.known,
            self.open
        );
        self.known = found;
        self.open.clear();
    }

    #[track_caller]
    fn assert_result_of(&self, edit: &Value, record: &Value) {
        let next = record["version"].as_u64() == Some(self.version() + 1);
        assert!(
            next && self.results_in(edit, record),
            "{edit} on {} was answered with {record}",
            self.known
        );
    }

    fn results_in(&self, edit: &Value, record: &Value) -> bool {
        let wanted = |field: &str| edit.get(field).unwrap_or(&self.known[field]);
        FIELDS.iter().all(|field| record[field] == *wanted(field))
    }
}
