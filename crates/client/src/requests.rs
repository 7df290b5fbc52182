//! The bodies and options of requests.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Error, Secret, Token};

/// A token to be created.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewToken {
    /// Its name.
    pub name: String,
    /// The instant of its end (RFC 3339).
    pub expiry: String,
    /// Its permissions.
    pub permissions: Vec<String>,
    /// The addresses and networks from which it works; empty = any address.
    pub allowed_addresses: Vec<String>,
    /// Further fields, which this version does not know.
    #[serde(flatten)]
    pub further: Map<String, Value>,
}

impl NewToken {
    /// A token that works from any address.
    pub fn new<P: Into<String>>(
        name: impl Into<String>,
        expiry: impl Into<String>,
        permissions: impl IntoIterator<Item = P>,
    ) -> Self {
        Self {
            name: name.into(),
            expiry: expiry.into(),
            permissions: permissions.into_iter().map(Into::into).collect(),
            allowed_addresses: Vec::new(),
            further: Map::new(),
        }
    }
}

/// A change of a token: fields that it leaves out keep their values.
#[derive(Debug, Clone, Serialize)]
pub struct TokenEdit(Map<String, Value>);

impl TokenEdit {
    /// An edit of the version in this record, under this name.
    #[must_use]
    pub fn of(record: &Token, name: &str) -> Self {
        Self::of_version(record.version, name)
    }

    /// An edit of this version, under this name.
    #[must_use]
    pub fn of_version(version: i64, name: &str) -> Self {
        let mut edit = Self(Map::new());
        edit.set("version", version);
        edit.set("name", name);
        edit
    }

    /// Gives a field a new value.
    pub fn set(&mut self, field: &str, value: impl Into<Value>) {
        self.0.insert(field.to_owned(), value.into());
    }
}

/// How an update is made.
#[derive(Debug, Clone, Copy, Default)]
pub struct UpdateOptions {
    /// Decide all, and store nothing.
    pub dry_run: bool,
    /// Allow an update after which the caller itself is no longer admitted from its address.
    pub allow_lockout: bool,
}

/// A rotation of a token's secret.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Rotation {
    /// The version that the secret is replaced for.
    pub version: i64,
    /// The number of seconds for which the replaced secret works on.
    pub overlap_seconds: u32,
}

impl Rotation {
    /// A rotation of this version, after which the old secret works for so many seconds.
    #[must_use]
    pub const fn new(version: i64, overlap_seconds: u32) -> Self {
        Self {
            version,
            overlap_seconds,
        }
    }
}

/// How a token is revoked.
#[derive(Debug, Clone, Default)]
pub struct RevokeOptions {
    /// The version to revoke; `None` revokes any version.
    pub version: Option<i64>,
    /// Also revoke every token that descends from it.
    pub descendants: bool,
    /// Decide all, and store nothing.
    pub dry_run: bool,
}

/// A question about a presented token.
#[derive(Debug, Clone)]
pub struct Question {
    /// The presented secret.
    pub token: Secret,
    /// The permissions that it needs, all of them.
    pub permissions: Vec<String>,
    /// The address that it was presented from.
    pub address: Option<String>,
}

impl Question {
    pub(crate) fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("token".into(), self.token.expose().into());
        if !self.permissions.is_empty() {
            body.insert("permissions".into(), self.permissions.clone().into());
        }
        if let Some(address) = &self.address {
            body.insert("address".into(), address.clone().into());
        }
        body.into()
    }
}

/// The client's own name for a creation, under which it takes effect at most once in 24 hours.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Takes a name of 1 to 255 visible ASCII characters.
    ///
    /// # Errors
    /// Returns an error if the text is another one.
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let text = text.into();
        if (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text))
        } else {
            let rule = "an idempotency key has 1 to 255 visible ASCII characters";
            Err(Error::Invalid(rule.to_owned()))
        }
    }

    /// A name that no other request has.
    ///
    /// # Errors
    /// Returns an error if the operating system has no random numbers.
    #[expect(
        clippy::disallowed_methods,
        reason = "a client has no port for randomness, and decides nothing by it"
    )]
    pub fn random() -> Result<Self, Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|cause| Error::Invalid(format!("no random numbers: {cause}")))?;
        let mut text = String::from("countersign-client-");
        for byte in bytes {
            // A `String` takes everything.
            let _ = write!(text, "{byte:02x}");
        }
        Ok(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
