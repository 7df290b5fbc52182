//! Tenants and tokens for tests. Tokens come from the real rules, so that no test relies on a
//! record that the service could never have created.

use std::sync::Arc;

use countersign_domain::{
    Actor, Authorized, Change, Descent, IdempotentRequest, NewToken, NewTokenMaterial, Operation,
    PermissionCatalog, Policy, Request, Secret, SecretChoice, StoredSecret, TenantId, Timestamp,
    TokenId, TokenUpdate, TokenView, UpdateOutcome, UserId, UserInfo, WrittenAnnotations, standard,
};

use super::{CountingEntropy, FixedClock};
use crate::{
    IssuedToken,
    ports::{
        AuditStore, ChangeFeed, Entropy, SessionStore, StoreHealth, Tenant, TenantStore,
        TokenStore, UsageStore, UserStore,
    },
};

/// All ports of one store, with time and randomness of the test.
#[derive(Clone)]
pub struct Stores {
    /// Its tokens.
    pub tokens: Arc<dyn TokenStore>,
    /// Its users.
    pub users: Arc<dyn UserStore>,
    /// Its tenants.
    pub tenants: Arc<dyn TenantStore>,
    /// Its audit chains.
    pub audit: Arc<dyn AuditStore>,
    /// Its health.
    pub probe: Arc<dyn StoreHealth>,
    /// Its feed of changes.
    pub feed: Arc<dyn ChangeFeed>,
    /// Its last uses.
    pub usage: Arc<dyn UsageStore>,
    /// Its sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// The clock, which stands at 2026-06-01T12:00:00Z until it is set.
    pub clock: Arc<FixedClock>,
    /// The randomness, shared by all tenants of the store, so that no id or secret occurs twice.
    pub entropy: Arc<CountingEntropy>,
}

/// A tenant of a store, in which tokens are created and changed through the rules.
#[derive(Clone)]
pub struct TestTenant {
    /// The store.
    pub stores: Stores,
    /// The tenant.
    pub tenant: Tenant,
    /// The rules of the tenant: the standard catalog, two years.
    pub policy: Policy,
}

/// The instant of an RFC 3339 text.
#[must_use]
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An edit that keeps everything but the name.
#[must_use]
pub fn rename_to(name: &str) -> TokenUpdate {
    TokenUpdate {
        name: name.to_owned(),
        expiry: None,
        allowed_addresses: None,
        permissions: None,
        allow_lockout: false,
        annotations: WrittenAnnotations::default(),
    }
}

/// An edit that keeps everything, as a basis for changing one field.
#[must_use]
pub fn no_change(view: &TokenView) -> TokenUpdate {
    rename_to(view.token.name.as_str())
}

impl Stores {
    /// All ports of a store.
    #[must_use]
    pub fn of<S>(store: S) -> Self
    where
        S: TokenStore
            + UserStore
            + TenantStore
            + AuditStore
            + StoreHealth
            + ChangeFeed
            + UsageStore
            + SessionStore
            + 'static,
    {
        let store = Arc::new(store);
        Self {
            tokens: store.clone(),
            users: store.clone(),
            tenants: store.clone(),
            audit: store.clone(),
            probe: store.clone(),
            feed: store.clone(),
            usage: store.clone(),
            sessions: store,
            clock: Arc::new(FixedClock::new(at("2026-06-01T12:00:00Z"))),
            entropy: Arc::default(),
        }
    }

    /// Creates a tenant of that name.
    pub async fn realm(&self, name: &str) -> TestTenant {
        let tenant = self.tenant(name);
        self.tenants.create(&tenant).await.unwrap();
        TestTenant {
            stores: self.clone(),
            tenant,
            policy: Policy::default(),
        }
    }

    /// A tenant with a system user called `<name> system`, not yet stored.
    #[must_use]
    pub fn tenant(&self, name: &str) -> Tenant {
        let now = self.clock.now();
        Tenant {
            id: TenantId::new(now, &self.random()),
            name: name.into(),
            created: now,
            system: UserInfo {
                id: UserId::new(now, &self.random()),
                name: format!("{name} system").into(),
            },
        }
    }

    /// Random bytes that no other call returns.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes).unwrap();
        bytes
    }
}

impl TestTenant {
    /// The tenant's system user as an actor, which holds the whole catalog.
    #[must_use]
    pub fn system(&self) -> Actor {
        let all = PermissionCatalog::permissions(&self.policy.catalog).clone();
        Actor::system(self.tenant.id, self.tenant.system.clone(), all)
    }

    /// The system, authorized for what a use case does.
    #[must_use]
    pub fn by<O: Operation>(&self) -> Authorized<O> {
        self.system().authorize().unwrap()
    }

    /// The token as an actor, calling from 192.0.2.1.
    #[must_use]
    pub fn actor(&self, view: &TokenView) -> Actor {
        let address = Some([192, 0, 2, 1].into());
        Actor {
            tenant: view.token.tenant,
            token: Some(view.token.id),
            secret: None,
            possession: None,
            user: view.token.user,
            user_name: view.token.name.as_str().into(),
            permissions: view.token.permissions.clone(),
            address,
            address_entry: view.token.addresses.entry_for(address),
        }
    }

    /// A request by that actor at the clock's time.
    #[must_use]
    pub fn request(&self, actor: Actor) -> Request {
        Request {
            actor,
            now: self.stores.clock.now(),
            id: "request-1".parse().unwrap(),
        }
    }

    /// A draft that expires in a year, without addresses, with the permissions to read, write and
    /// delete tokens and to read tasks.
    #[must_use]
    pub fn draft(&self, name: &str) -> NewToken {
        let permissions = [
            standard::API_TOKENS_READ,
            standard::API_TOKENS_WRITE,
            standard::API_TOKENS_DELETE,
            standard::USERS_READ,
            standard::TASKS_READ,
        ];
        NewToken {
            name: name.to_owned(),
            expiry: self.stores.clock.now().plus_months(12),
            allowed_addresses: Vec::new(),
            permissions: permissions.map(|held| held.to_string()).into(),
            annotations: WrittenAnnotations::default(),
        }
    }

    /// The creation that the rules make of a draft, and its secret; nothing is stored.
    #[must_use]
    pub fn creation(
        &self,
        actor: Actor,
        draft: &NewToken,
        once: Option<IdempotentRequest>,
    ) -> (Change, Secret) {
        let now = self.stores.clock.now();
        let secret = Secret::from_random(&self.stores.random());
        let fresh = NewTokenMaterial {
            token: TokenId::new(now, &self.stores.random()),
            user: UserId::new(now, &self.stores.random()),
            secret: &StoredSecret::from(&secret),
            once,
        };
        let change = self.policy.create(&self.request(actor), draft, fresh);
        (change.unwrap(), secret)
    }

    /// The change that the rules make of an edit of a token that is not an ancestor; nothing is
    /// stored.
    #[must_use]
    pub fn edit(&self, actor: Actor, view: &TokenView, edit: &TokenUpdate) -> Change {
        let request = self.request(actor);
        match self.policy.update(&request, view, edit, Descent::Apart) {
            Ok(UpdateOutcome::Changed(change)) => *change,
            other => panic!("no change: {other:?}"),
        }
    }

    /// The revocation that the rules make; nothing is stored.
    #[must_use]
    pub fn revocation(&self, actor: Actor, view: &TokenView) -> Change {
        self.policy.revoke(&self.request(actor), view)
    }

    /// The change by which the rules end a replaced secret; nothing is stored.
    pub async fn retirement(&self, actor: Actor, view: &TokenView, secret: &Secret) -> Change {
        let (request, token) = (self.request(actor), &view.token);
        let secrets = self
            .stores
            .tokens
            .secrets(token.tenant, token.id, request.now);
        let choice = SecretChoice::Commitment(secret.digest().commitment());
        let retired = self
            .policy
            .retire(&request, view, &secrets.await.unwrap(), &choice);
        retired.unwrap().unwrap()
    }

    /// Rotates a token, by the system; returns the token after it.
    pub async fn rotate(&self, view: &TokenView, overlap: u32) -> IssuedToken {
        let secret = Secret::from_random(&self.stores.random());
        let change = self.rotation(self.system(), view, &secret, overlap);
        self.commit(&change).await.unwrap();
        let view = view.after(&change);
        IssuedToken { view, secret }
    }

    /// The rotation that the rules make of a token that is not an ancestor; nothing is stored.
    #[must_use]
    pub fn rotation(
        &self,
        actor: Actor,
        view: &TokenView,
        secret: &Secret,
        overlap: u32,
    ) -> Change {
        let overlap = overlap.try_into().unwrap();
        let request = self.request(actor);
        let rotated = self
            .policy
            .rotate(&request, view, secret, overlap, Descent::Apart);
        rotated.unwrap()
    }
}
