//! Tables of cases: a row has a request and the expected answer. All rows are sent before a table
//! fails.

use serde_json::Value;

use super::{Ask, Reply, Service, leaks};

/// What is expected of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Want {
    /// This outline, as detailed as it is.
    Outline(String),
    /// Success, with at least these members; a change reads back as it was answered.
    Record(Value),
}

impl From<&str> for Want {
    fn from(outline: &str) -> Self {
        Self::Outline(outline.to_owned())
    }
}

impl From<String> for Want {
    fn from(outline: String) -> Self {
        Self::Outline(outline)
    }
}

impl From<Value> for Want {
    fn from(members: Value) -> Self {
        Self::Record(members)
    }
}

/// A case.
pub(crate) struct Row {
    what: String,
    ask: Ask,
    want: Want,
}

pub(crate) fn row(what: impl Into<String>, ask: Ask, want: impl Into<Want>) -> Row {
    Row {
        what: what.into(),
        ask,
        want: want.into(),
    }
}

impl Want {
    fn unmet(&self, reply: &Reply) -> Option<String> {
        let met = match self {
            Self::Outline(outline) => reply.outlines().contains(outline),
            Self::Record(members) => {
                let record = reply.json();
                let has = |(name, value): (&String, &Value)| record[name] == *value;
                reply.status < 300 && members.as_object().unwrap().iter().all(has)
            }
        };
        (!met).then(|| format!("wanted {self:?}"))
    }
}

impl Service {
    /// Asks every row; fails with all that are answered otherwise than they should be.
    pub(crate) async fn check(&self, rows: impl IntoIterator<Item = Row>) {
        let (mut asked, mut wrong) = (0, Vec::new());
        for row in rows {
            asked += 1;
            let (reply, mut flaws) = self.watch(&row.ask).await;
            flaws.extend(row.want.unmet(&reply));
            if matches!(row.want, Want::Record(_)) && row.ask.method == "PUT" {
                flaws.extend(self.stored_otherwise(&row.ask, &reply).await);
            }
            if !flaws.is_empty() {
                let Row { what, .. } = row;
                let body = String::from_utf8_lossy(&reply.body).into_owned();
                let outline = reply.outline();
                wrong.push(format!("{what}: {outline}; {flaws:?}\n    {body:.600}"));
            }
        }
        assert!(asked > 0, "an empty table");
        assert!(
            wrong.is_empty(),
            "{} rows:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
        assert_eq!(leaks::heard(), [""; 0], "the log holds a secret");
    }

    /// Asks, and says what is wrong with the answer whatever was asked: also where a refused request wrote.
    pub(crate) async fn watch(&self, ask: &Ask) -> (Reply, Vec<String>) {
        let before = self.writes().await;
        let reply = self.send(ask).await;
        let mut flaws = reply.flaws(ask);
        let harmless = reply.status >= 300 || matches!(&*ask.method, "GET" | "HEAD");
        if harmless && self.writes().await != before {
            flaws.push("something was written".to_owned());
        }
        (reply, flaws)
    }

    /// The record at a path, as other answers than that to its reading show it: without its secrets.
    pub(crate) async fn stored(&self, path: &str) -> Value {
        let mut record = self.send(&self.ask("GET", path)).await.json();
        if let Some(members) = record.as_object_mut() {
            members.remove("secrets");
        }
        record
    }

    async fn stored_otherwise(&self, ask: &Ask, reply: &Reply) -> Option<String> {
        if ask.target.contains('?') {
            return None;
        }
        let stored = self.stored(&ask.target).await;
        (stored != reply.json()).then(|| format!("stored: {stored}"))
    }
}
