//! Tokens that are created and revoked while the process dies: an acknowledged token works, an
//! acknowledged revocation holds, and a creation without an answer can be repeated under its key
//! without creating a second token.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Client};
use crate::common::{TOKENS, in_a_year};

/// One that makes tokens and revokes every other one of them.
#[derive(Debug)]
pub(crate) struct Comings {
    label: String,
    count: u32,
    expiry: String,
    /// Acknowledged and not revoked: id and secret.
    live: Vec<(String, String)>,
    /// Acknowledged as revoked.
    gone: Vec<(String, String)>,
    /// Its revocation got no answer.
    leaving: Option<(String, String)>,
    /// Its creation got no answer.
    coming: bool,
}

impl Comings {
    pub(crate) fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            count: 0,
            expiry: in_a_year(),
            live: Vec::new(),
            gone: Vec::new(),
            leaving: None,
            coming: false,
        }
    }

    /// One creation and perhaps one revocation; `None` where there was no answer.
    pub(crate) async fn step(&mut self, client: &Client) -> Option<()> {
        self.count += 1;
        self.coming = true;
        let made = told(self.create(client).await?)?;
        self.coming = false;
        if made.code() == "store-unavailable" {
            return Some(());
        }
        let made = made.expect(201);
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        let token = (text("id"), text("token"));
        if self.count.is_multiple_of(2) {
            self.live.push(token);
            return Some(());
        }
        let path = format!("{TOKENS}/{}", token.0);
        self.leaving = Some(token);
        let answer = told(client.try_call(Method::DELETE, &path, None).await.ok()?)?;
        let token = self.leaving.take();
        if answer.code() == "store-unavailable" {
            self.live.extend(token);
        } else {
            answer.expect(204);
            self.gone.extend(token);
        }
        Some(())
    }

    /// Looks at whether the store holds what was acknowledged, and forgets it: each round looks at its own.
    pub(crate) async fn settle(&mut self, client: &Client) {
        for (id, secret) in self.live.drain(..) {
            client.get(&format!("{TOKENS}/{id}")).await.expect(200);
            let own = client
                .with_secret(&secret)
                .get(&format!("{TOKENS}/current"))
                .await;
            assert_eq!(
                own.expect(200)["id"],
                Value::String(id),
                "the acknowledged secret"
            );
        }
        for (id, secret) in self.gone.drain(..) {
            assert_gone(client, &id, &secret).await;
        }
        if let Some((id, secret)) = self.leaving.take() {
            // Either way, but the record and the secret together.
            let answer = client.delete(&id).await;
            assert!(
                matches!(answer.status, 204 | 404),
                "{}: {}",
                answer.call,
                answer.text
            );
            assert_gone(client, &id, &secret).await;
        }
        if std::mem::take(&mut self.coming) {
            let answer = self.create(client).await.expect("the service lives");
            let id = match answer.status {
                201 => answer.body["id"].clone(),
                409 if answer.code() == "already-created" => answer.body["id"].clone(),
                _ => panic!("a creation repeated under its key: {}", answer.text),
            };
            let id = id.as_str().unwrap();
            let record = client.get(&format!("{TOKENS}/{id}")).await.expect(200);
            assert_eq!(record["name"], json!(self.name()));
        }
    }

    fn name(&self) -> String {
        format!("{} {}", self.label, self.count)
    }

    async fn create(&self, client: &Client) -> Option<Answer> {
        let draft = json!({
            "name": self.name(),
            "expiry": self.expiry,
            "permissions": ["api.tasks.read"],
        });
        let request = client.request(Method::POST, TOKENS).json(&draft);
        let request = request.header("Idempotency-Key", self.name().replace(' ', "-"));
        client.send(request).await.ok()
    }
}

/// An answer that does not tell what became of the call is none.
fn told(answer: Answer) -> Option<Answer> {
    (answer.code() != "outcome-unknown").then_some(answer)
}

async fn assert_gone(client: &Client, id: &str, secret: &str) {
    client.get(&format!("{TOKENS}/{id}")).await.expect(404);
    client
        .with_secret(secret)
        .get(&format!("{TOKENS}/current"))
        .await
        .expect(401);
}
