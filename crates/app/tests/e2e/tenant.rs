//! A tenant with tokens, and everything that its root token can see of it.

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::{Value, json};

use super::{client::Client, history::events};
use crate::common::{Node, TOKENS, in_a_year, text};

/// A tenant, seen by its root token.
pub(crate) struct Tenant {
    pub(crate) root: Client,
    id: String,
    /// Its tokens that are live, the root token first.
    pub(crate) tokens: Vec<Value>,
    /// The id of one that was revoked.
    pub(crate) revoked: String,
}

impl Tenant {
    /// Makes a tenant with tokens of these names, one of them changed once, and one more that is revoked.
    pub(crate) async fn create(node: &Node, name: &str, names: &[&str]) -> Self {
        let made = node.command(&["tenant", "create", name]);
        assert!(made.status.success(), "{}", text(&made.stderr));
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        let root = Client::new(&node.server.url(), made["token"].as_str().unwrap());
        let own = root.get(&format!("{TOKENS}/current")).await.expect(200);
        let mut tokens = vec![own];
        for name in names {
            tokens.push(make(&root, name).await);
        }
        let id = |token: &Value| token["id"].as_str().unwrap().to_owned();
        let edit = json!({"version": 1, "name": names[0], "allowedAddresses": ["192.0.2.1"]});
        tokens[1] = root.put(&id(&tokens[1]), &edit).await.expect(200);
        let revoked = id(&make(&root, "Revoked").await);
        root.delete(&revoked).await.expect(204);
        let id = made["tenantId"].as_str().unwrap().to_owned();
        Self {
            root,
            id,
            tokens,
            revoked,
        }
    }

    pub(crate) fn ids(&self, field: &str) -> Vec<String> {
        self.tokens
            .iter()
            .map(|token| token[field].as_str().unwrap().to_owned())
            .collect()
    }

    /// All that the tenant itself can read.
    pub(crate) async fn everything(&self) -> String {
        let mut all = self
            .root
            .get(&format!("{TOKENS}?limit=100"))
            .await
            .expect(200)
            .to_string();
        let counted = self
            .root
            .post(&format!("{TOKENS}/query?size=100"), &json!({}))
            .await;
        write!(all, "{}", counted.expect(200)).unwrap();
        for id in self.ids("id").iter().chain([&self.revoked]) {
            write!(all, "{}", Value::from(events(&self.root, id).await)).unwrap();
        }
        for id in self.ids("userId") {
            write!(
                all,
                "{}",
                self.root
                    .get(&format!("/api/v1/users/{id}"))
                    .await
                    .expect(200)
            )
            .unwrap();
        }
        all
    }

    /// Words that tell this tenant from another: they stand in what it reads and not in what the other one reads.
    pub(crate) fn marks(&self, own: &str, other: &str) -> Vec<String> {
        let words = |text: &str| -> BTreeSet<String> {
            let strings = text.split('"').skip(1).step_by(2);
            strings
                .filter(|word| word.len() >= 8)
                .map(str::to_owned)
                .collect()
        };
        let mut marks: Vec<String> = words(own).difference(&words(other)).cloned().collect();
        for id in [self.ids("id"), self.ids("userId")].concat() {
            assert!(marks.contains(&id), "{id} has to be a mark of its tenant");
        }
        // These two do not stand in what can be read.
        marks.extend([self.id.clone(), self.revoked.clone()]);
        marks
    }
}

async fn make(root: &Client, name: &str) -> Value {
    let draft = json!({
        "name": name,
        "expiry": in_a_year(),
        "permissions": ["api.api-tokens.read", "api.tasks.read"],
    });
    let mut made = root.post(TOKENS, &draft).await.expect(201);
    made.as_object_mut().unwrap().remove("token");
    made
}
