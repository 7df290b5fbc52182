//! Tenants and their first tokens, which an operator creates on the machine, with direct access to
//! the store.

use std::{collections::BTreeMap, sync::Arc};

use countersign_domain::{
    Actor, NewToken, PermissionCatalog, RequestId, Secret, StoredSecret, TenantId, Timestamp,
    TokenView, UserId, UserInfo, WrittenAnnotations, caseless_key,
};

use crate::{
    IssuedToken, Tokens, UseCaseError,
    ports::{Clock, Entropy, Tenant, TenantError, TenantStore},
};

/// The use cases of tenants.
#[derive(Clone)]
pub struct Tenants {
    store: Arc<dyn TenantStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    tokens: Tokens,
}

/// The result of the first start with an empty store.
#[derive(Debug)]
pub enum FirstToken {
    /// The tenant has a history: nothing was created.
    NotNeeded,
    /// The tenant's first token.
    Made(Box<TokenView>),
}

impl Tenants {
    /// The name of the tenant that the first start creates.
    pub const DEFAULT: &'static str = "default";

    /// Creates the use cases over a store; root tokens are created by the same use case as all
    /// others.
    #[must_use]
    pub fn new(
        store: Arc<dyn TenantStore>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        tokens: Tokens,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            tokens,
        }
    }

    /// Creates a tenant with its system user. Its name is compared by its folded key with those of
    /// all others, and no other tenant may have a name that folds to that of [the default
    /// tenant](Self::DEFAULT).
    ///
    /// # Errors
    /// Fails with a taken name, without random bytes, or with the store.
    pub async fn create(&self, name: &str) -> Result<Tenant, UseCaseError> {
        let key = caseless_key(name);
        let reserved = key == caseless_key(Self::DEFAULT) && name != Self::DEFAULT;
        let others = self.list().await?;
        if reserved || others.iter().any(|other| other.name_key() == key) {
            return Err(UseCaseError::NameTaken { holder: None });
        }
        self.make(name).await
    }

    async fn make(&self, name: &str) -> Result<Tenant, UseCaseError> {
        let now = self.clock.now();
        let (mut tenant, mut user) = ([0; 10], [0; 10]);
        self.entropy.fill(&mut tenant)?;
        self.entropy.fill(&mut user)?;
        let tenant = Tenant {
            id: TenantId::new(now, &tenant),
            name: name.into(),
            created: now,
            system: UserInfo {
                id: UserId::new(now, &user),
                name: "Countersign".into(),
            },
        };
        match self.store.create(&tenant).await {
            Ok(()) => Ok(tenant),
            Err(TenantError::NameTaken) => Err(UseCaseError::NameTaken { holder: None }),
            Err(TenantError::Fault(fault)) => Err(fault.into()),
        }
    }

    /// All tenants.
    ///
    /// # Errors
    /// Returns the store's error.
    pub async fn list(&self) -> Result<Vec<Tenant>, UseCaseError> {
        Ok(self.store.tenants().await?)
    }

    /// The tenant with exactly that name, or else the only one whose name has the same folded key.
    ///
    /// # Errors
    /// Returns the store's error.
    pub async fn named(&self, name: &str) -> Result<Option<Tenant>, UseCaseError> {
        let (key, tenants) = (caseless_key(name), self.list().await?);
        if let Some(exact) = tenants.iter().find(|tenant| &*tenant.name == name) {
            return Ok(Some(exact.clone()));
        }
        let mut alike = tenants
            .into_iter()
            .filter(|tenant| tenant.name_key() == key);
        Ok(match (alike.next(), alike.next()) {
            (only, None) => only,
            (_, Some(_)) => None,
        })
    }

    /// Tenants whose names have the same folded key, group by group. Releases that compared names
    /// byte by byte could create them.
    ///
    /// # Errors
    /// Returns the store's error.
    pub async fn alike(&self) -> Result<Vec<Vec<Tenant>>, UseCaseError> {
        let mut groups = BTreeMap::<String, Vec<Tenant>>::new();
        for tenant in self.list().await? {
            groups.entry(tenant.name_key()).or_default().push(tenant);
        }
        Ok(groups
            .into_values()
            .filter(|group| group.len() > 1)
            .collect())
    }

    /// The default tenant, which is created if it is missing. Two nodes that start at once agree on
    /// one.
    ///
    /// # Errors
    /// Fails without random bytes, or with the store.
    pub async fn default(&self) -> Result<Tenant, UseCaseError> {
        loop {
            let tenants = self.list().await?;
            let found = tenants.into_iter().find(|one| &*one.name == Self::DEFAULT);
            if let Some(tenant) = found {
                return Ok(tenant);
            }
            // It may exist beside a tenant of an older release whose name has the same key.
            match self.make(Self::DEFAULT).await {
                Err(UseCaseError::NameTaken { .. }) => {}
                made => return made,
            }
        }
    }

    /// Whether any token was ever created in the tenant.
    ///
    /// # Errors
    /// Returns the store's error.
    pub async fn has_history(&self, tenant: &Tenant) -> Result<bool, UseCaseError> {
        Ok(self.store.has_history(tenant.id).await?)
    }

    /// A secret for a token that does not exist yet, so that it can be stored safely before the
    /// token exists.
    ///
    /// # Errors
    /// Fails without random bytes.
    pub fn new_secret(&self) -> Result<Secret, UseCaseError> {
        Ok(self.tokens.new_secret()?)
    }

    /// Whether a live token has this secret.
    ///
    /// # Errors
    /// A store's fault.
    pub async fn knows(&self, secret: &StoredSecret) -> Result<bool, UseCaseError> {
        self.tokens.has_secret(&secret.digest).await
    }

    /// Creates the tenant's first root token, unless it ever had a token. Of two nodes at once, one
    /// creates it.
    ///
    /// # Errors
    /// Fails without random bytes, or with the store.
    pub async fn first_token(
        &self,
        tenant: &Tenant,
        request: RequestId,
        secret: &StoredSecret,
    ) -> Result<FirstToken, UseCaseError> {
        if self.has_history(tenant).await? {
            return Ok(FirstToken::NotNeeded);
        }
        match self.root_token_with(secret, tenant, request, "Root").await {
            Ok(made) => Ok(FirstToken::Made(Box::new(made))),
            Err(UseCaseError::NameTaken { .. }) => Ok(FirstToken::NotNeeded),
            Err(failure) => Err(failure),
        }
    }

    /// Creates a token with all permissions of the tenant's catalog and the longest lifetime.
    ///
    /// # Errors
    /// Fails with a name that is taken or not valid, without random bytes, or with the store.
    pub async fn root_token(
        &self,
        tenant: &Tenant,
        request: RequestId,
        name: &str,
    ) -> Result<IssuedToken, UseCaseError> {
        let secret = self.new_secret()?;
        let view = self
            .root_token_with(&(&secret).into(), tenant, request, name)
            .await?;
        Ok(IssuedToken { view, secret })
    }

    async fn root_token_with(
        &self,
        secret: &StoredSecret,
        tenant: &Tenant,
        request: RequestId,
        name: &str,
    ) -> Result<TokenView, UseCaseError> {
        let policy = self.tokens.policy();
        // The other tokens of a tenant get their permissions from its root tokens, so none of them
        // ever holds more.
        let all = if &*tenant.name == Self::DEFAULT {
            PermissionCatalog::permissions(&policy.catalog).clone()
        } else {
            policy.catalog.of_one_tenant()
        };
        let draft = NewToken {
            name: name.to_owned(),
            expiry: self.longest(policy.max_lifetime_months),
            allowed_addresses: Vec::new(),
            permissions: all.iter().map(ToString::to_string).collect(),
            annotations: WrittenAnnotations::default(),
        };
        let actor = Actor::system(tenant.id, tenant.system.clone(), all);
        let request = self.tokens.request(actor, request);
        self.tokens
            .create_with(secret, &request, &draft, None, false)
            .await
    }

    /// It counts from now, which is not later than the creation from which the rule counts.
    fn longest(&self, months: u32) -> Timestamp {
        self.clock.now().plus_months(months)
    }
}

#[cfg(test)]
#[path = "tenants_tests.rs"]
mod tests;
