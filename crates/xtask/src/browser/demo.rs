//! A service with sample data: tokens as a platform has them, created over the API.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use countersign_domain::Timestamp;
use reqwest::{Client, Method};
use serde_json::{Value, json};

const TOKENS: &str = "/api/v1/api-tokens";
const DAY: u32 = 24 * 60 * 60;
/// So short that the token has expired by the time that it is looked at.
const SHORT: u32 = 2;

/// Name, days until the expiry, permissions, addresses.
type Row = (
    &'static str,
    u32,
    &'static [&'static str],
    &'static [&'static str],
);

const ROWS: [Row; 13] = [
    (
        "Analysis scheduler",
        300,
        &[
            "api.analyses.read",
            "api.analyses.run",
            "api.engagements.read",
        ],
        &["10.20.0.0/16"],
    ),
    (
        "Archive of filings",
        0,
        &["api.file-infos.read", "api.file-manager.read"],
        &[],
    ),
    (
        "CI deployments",
        6,
        &["api.libraries.read", "api.libraries.write"],
        &["192.0.2.16/28"],
    ),
    (
        "Connector for the ledger",
        85,
        &[
            "api.connections.read",
            "api.connections.write",
            "api.connection-data-sources.read",
        ],
        &["198.51.100.7"],
    ),
    (
        "Data warehouse loader",
        200,
        &[
            "api.data-tables.read",
            "api.engagements.read",
            "api.analyses.read",
            "api.tasks.read",
            "api.filters.read",
        ],
        &["2001:db8:40::/48", "10.40.0.0/24", "10.41.0.0/24"],
    ),
    (
        "Engagement sync",
        25,
        &["api.engagements.read", "api.engagements.write"],
        &[],
    ),
    (
        "Nightly export",
        360,
        &["api.engagements.read", "api.tasks.read", "api.tasks.write"],
        &["192.0.2.0/24"],
    ),
    (
        "Provisioning of users",
        700,
        &[
            "scim.user.read",
            "scim.user.write",
            "scim.user.delete",
            "scim.user.schema",
        ],
        &["203.0.113.0/24"],
    ),
    (
        "Reporting dashboard",
        120,
        &["api.admin-reports.run", "api.engagements.read"],
        &[],
    ),
    (
        "Risk model",
        365,
        &["api.risk-ranges.read", "api.analyses.read"],
        &["10.60.3.4"],
    ),
    (
        "Support desk",
        1,
        &["api.tasks.read", "api.users.read"],
        &["203.0.113.44"],
    ),
    (
        "Webhook relay",
        365,
        &[
            "api.webhooks.read",
            "api.webhooks.write",
            "api.webhooks.delete",
        ],
        &["10.70.0.0/24"],
    ),
    ("Window on the library", 14, &["api.libraries.read"], &[]),
];

/// The service with its tokens.
#[derive(Debug)]
pub struct Demo {
    http: Client,
    base: String,
    /// The secret of the root token, which has all permissions.
    pub root: String,
    /// A token with some history.
    pub edited: String,
    /// A token that nobody needs any more.
    pub doomed: String,
}

impl Demo {
    /// Fills a service that is empty except for its root token.
    ///
    /// # Errors
    /// Fails if the service refuses a token.
    pub async fn make(base: &str, root: &str) -> Result<Self> {
        let mut demo = Self {
            http: Client::builder().no_proxy().build()?,
            base: base.to_owned(),
            root: root.to_owned(),
            edited: String::new(),
            doomed: String::new(),
        };
        for (name, days, permissions, addresses) in ROWS {
            let life = if days == 0 { SHORT } else { days * DAY };
            let body = json!({
                "name": name, "expiry": later(life)?, "permissions": permissions, "allowedAddresses": addresses,
            });
            let made = demo.call(Method::POST, "", Some(&body)).await?;
            let id = made["id"].as_str().context("no id")?.to_owned();
            match name {
                "Nightly export" => demo.edited = id,
                "Window on the library" => demo.doomed = id,
                _ => {}
            }
        }
        demo.live().await?;
        tokio::time::sleep(Duration::from_secs(SHORT.into())).await;
        Ok(demo)
    }

    /// Some history for one token.
    async fn live(&self) -> Result<()> {
        let rotation = json!({"version": 1, "overlapSeconds": 3600});
        let path = format!("/{}/rotate", self.edited);
        self.call(Method::POST, &path, Some(&rotation)).await?;
        let permissions = [
            "api.engagements.read",
            "api.tasks.read",
            "api.tasks.write",
            "api.filters.read",
        ];
        self.edit(&json!({"version": 2, "name": "Nightly export", "permissions": permissions}))
            .await?;
        let addresses = ["192.0.2.0/24", "2001:db8:17::/48"];
        self.edit(&json!({"version": 3, "name": "Nightly export", "allowedAddresses": addresses}))
            .await
    }

    /// Updates the token with some history, as another person would.
    ///
    /// # Errors
    /// Fails if the service refuses it.
    pub async fn edit(&self, body: &Value) -> Result<()> {
        let path = format!("/{}", self.edited);
        self.call(Method::PUT, &path, Some(body)).await?;
        Ok(())
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let url = format!("{}{TOKENS}{path}", self.base);
        let mut request = self.http.request(method, &url).bearer_auth(&self.root);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{url} answers {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }
}

/// So many seconds from now.
#[expect(
    clippy::disallowed_methods,
    reason = "the service that is shown lives in real time"
)]
fn later(seconds: u32) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let now = Timestamp::from_micros(i64::try_from(now.as_micros())?);
    Ok(now
        .context("no such instant")?
        .plus_seconds(seconds)
        .to_string())
}
