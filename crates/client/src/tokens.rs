//! The operations of the API.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Client, Error, EventPages, IdempotencyKey, IssuedToken, NewToken, Open, Permission, Question,
    Revocation, RevokeOptions, Rotation, Secret, Token, TokenEdit, TokenPages, UpdateOptions, User,
    Verdict,
    call::{Answer, Call, escaped},
};

pub(crate) const TOKENS: &str = "/api/v1/api-tokens";

#[derive(Deserialize)]
struct Content<T> {
    content: Vec<T>,
}

pub(crate) fn token_path(id: &str) -> String {
    format!("{TOKENS}/{}", escaped(id))
}

impl Client {
    /// The caller's own token.
    ///
    /// # Errors
    /// Returns the service's refusal, or why there is no answer.
    pub async fn current_token(&self) -> Result<Open<Token>, Error> {
        self.get_json(Call::get(format!("{TOKENS}/current"))).await
    }

    /// The caller's own user.
    ///
    /// # Errors
    /// Returns the service's refusal, or why there is no answer.
    pub async fn current_user(&self) -> Result<Open<User>, Error> {
        self.get_json(Call::get("/api/v1/users/current")).await
    }

    /// The catalog of permissions.
    ///
    /// # Errors
    /// Returns the service's refusal, or why there is no answer.
    pub async fn permissions(&self) -> Result<Vec<Open<Permission>>, Error> {
        let list: Content<_> = self.get_json(Call::get("/api/v1/permissions")).await?;
        Ok(list.content)
    }

    /// One token.
    ///
    /// # Errors
    /// Returns the service's refusal, or why there is no answer.
    pub async fn token(&self, id: &str) -> Result<Open<Token>, Error> {
        self.get_json(Call::get(token_path(id))).await
    }

    /// All live tokens, or all revoked ones, page by page.
    #[must_use]
    pub fn tokens(&self, revoked: bool) -> TokenPages<'_> {
        TokenPages::list(self, revoked)
    }

    /// The tokens that a filter admits, page by page; see `queryTokens` in the API's document.
    #[must_use]
    pub fn find_tokens(&self, filter: &Value, sort: Option<&str>) -> TokenPages<'_> {
        TokenPages::query(self, filter, sort)
    }

    /// The history of one token, newest event first, page by page.
    #[must_use]
    pub fn token_events(&self, id: &str) -> EventPages<'_> {
        EventPages::new(self, Call::get(format!("{}/events", token_path(id))))
    }

    /// The history of all tokens of the tenant, newest event first, page by page.
    #[must_use]
    pub fn events(&self) -> EventPages<'_> {
        EventPages::new(self, Call::get("/api/v1/events"))
    }

    /// Creates a token. It takes effect at most once, under the given key or a random one; if the
    /// answer was lost, the retry is refused with `already-created`, which names the token.
    ///
    /// # Errors
    /// Returns the service's refusal, or why there is no answer.
    pub async fn create_token(
        &self,
        draft: &NewToken,
        key: Option<&IdempotencyKey>,
    ) -> Result<IssuedToken, Error> {
        let random;
        let key = if let Some(key) = key {
            key
        } else {
            random = IdempotencyKey::random()?;
            &random
        };
        let call = Call::new(Method::POST, TOKENS).repeatable();
        let call = call.header("idempotency-key", key.as_str())?;
        issued(self.send(&call.json(&json!(draft))).await?)
    }

    /// Tries a creation; nothing is stored.
    ///
    /// # Errors
    /// Returns the refusal that the creation would get, or why there is no answer.
    pub async fn try_create_token(&self, draft: &NewToken) -> Result<(), Error> {
        let call = Call::new(Method::POST, TOKENS).flag("dryRun", true);
        let answer = self.send(&call.repeatable().json(&json!(draft))).await?;
        answer.successful().map(drop)
    }

    /// Changes a token. If the answer was lost, the update can be repeated: it names a version, so
    /// it takes effect at most once.
    ///
    /// # Errors
    /// Returns the service's refusal, or why there is no answer.
    pub async fn update_token(
        &self,
        id: &str,
        edit: &TokenEdit,
        options: UpdateOptions,
    ) -> Result<Open<Token>, Error> {
        let mut call = Call::new(Method::PUT, token_path(id))
            .flag("dryRun", options.dry_run)
            .flag("allowLockout", options.allow_lockout);
        call.is_repeatable = options.dry_run;
        self.post_json(call, &json!(edit)).await
    }

    /// Gives a token a new secret. It is not repeated: if the answer was lost, the secret is lost
    /// too, and the stored version, which the record shows, has to be rotated.
    ///
    /// # Errors
    /// Returns the service's refusal, or why there is no answer.
    pub async fn rotate_token(&self, id: &str, rotation: Rotation) -> Result<IssuedToken, Error> {
        let call = Call::new(Method::POST, format!("{}/rotate", token_path(id)));
        issued(self.send(&call.json(&json!(rotation))).await?)
    }

    /// Revokes a token; with descendants or as a dry run, the answer lists all that end.
    ///
    /// # Errors
    /// Returns the service's refusal, or why there is no answer.
    pub async fn revoke_token(
        &self,
        id: &str,
        options: &RevokeOptions,
    ) -> Result<Option<Open<Revocation>>, Error> {
        let mut call = Call::new(Method::DELETE, token_path(id))
            .flag("descendants", options.descendants)
            .flag("dryRun", options.dry_run);
        if let Some(version) = options.version {
            call = call.header("if-match", &format!("\"{version}\""))?;
        }
        let answer = self.send(&call).await?.successful()?;
        if answer.body.is_empty() {
            return Ok(None);
        }
        answer.typed().map(Some)
    }

    /// Judges a token that was presented to the caller.
    ///
    /// # Errors
    /// Returns the service's refusal, or why there is no answer.
    pub async fn verify(&self, question: &Question) -> Result<Open<Verdict>, Error> {
        let call = Call::new(Method::POST, format!("{TOKENS}/verify")).repeatable();
        self.post_json(call, &question.body()).await
    }
}

/// Takes the secret out of the answer, so that it is in no record.
fn issued(answer: Answer) -> Result<IssuedToken, Error> {
    let answer = answer.successful()?;
    let read = || {
        let mut raw: Value = serde_json::from_slice(&answer.body).ok()?;
        let secret = raw.as_object_mut()?.remove("token")?;
        Some(IssuedToken {
            secret: Secret::deserialize(secret).ok()?,
            record: Open::new(raw).ok()?,
        })
    };
    read().ok_or_else(|| answer.unexpected())
}
