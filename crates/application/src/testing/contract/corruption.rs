//! A value that this service never wrote is an error that names its column, and never a panic, a
//! default or "not found".

use countersign_domain::{Fingerprint, IdempotentRequest, TokenView};

use super::{Corruption, StoreUnderTest};
use crate::{
    ports::{StoreError, Unreadable},
    query::{Filter, PageRequest},
};

fn names<T: std::fmt::Debug>(outcome: Result<T, StoreError>, place: (&str, &str)) {
    match outcome {
        Err(StoreError::Corrupt { table, column }) => assert_eq!((table, column), place),
        other => panic!("{place:?}: {other:?}"),
    }
}

/// Lists and queries name the only token, and its column.
async fn names_in_lists(on: &StoreUnderTest, view: &TokenView, (table, column): (&str, &str)) {
    let named = |unreadable: &[Unreadable]| {
        let [one] = unreadable else {
            panic!("{table}.{column}: {unreadable:?}")
        };
        assert_eq!((one.tenant, one.token), (view.token.tenant, view.token.id));
        assert_eq!((one.table, one.column), (table, column));
    };
    let tenant = view.token.tenant;
    let listed = on.tokens.list(tenant, None, 9).await.unwrap();
    assert_eq!(listed.content, []);
    named(&listed.unreadable);
    let all = Filter::All(Vec::new());
    let page = PageRequest {
        number: 0,
        size: 9,
        count_to: None,
    };
    let found = on.tokens.query(tenant, &all, &[], page).await.unwrap();
    assert_eq!((found.content.len(), found.total), (0, 1));
    named(&found.unreadable);
}

/// Spoils a column of `api_tokens`; every read of a token must report it.
async fn token_column(on: &StoreUnderTest, what: Corruption, column: &str) {
    let home = on.realm("home").await;
    let mut draft = home.draft("a");
    draft.allowed_addresses = vec!["192.0.2.1".to_owned()];
    let made = home.make_of(&draft).await;
    on.execute(on.backdoor.corrupt(what)).await;
    let (tenant, place) = (home.tenant.id, ("api_tokens", column));
    names(on.tokens.get(tenant, made.view.token.id).await, place);
    names_in_lists(on, &made.view, place).await;
    let of_no_use_to_a_check = [
        Corruption::Name,
        Corruption::PartialToken,
        Corruption::ChainHead,
    ];
    if !of_no_use_to_a_check.contains(&what) {
        names(on.tokens.find(&made.secret.digest()).await, place);
    }
    names(on.audit.recorded(tenant, made.view.token.id).await, place);
}

/// Spoils a column of `audit_events`; every read of an event must report it.
async fn event_column(on: &StoreUnderTest, what: Corruption, column: &str) {
    let home = on.realm("home").await;
    let view = home.make("a").await.view;
    on.execute(on.backdoor.corrupt(what)).await;
    let (tenant, id) = (home.tenant.id, view.token.id);
    let place = ("audit_events", column);
    names(on.tokens.events(tenant, id, None, 9).await, place);
    names(on.audit.chain(tenant, id, None, 9).await, place);
}

/// `api_tokens.version`.
pub async fn a_corrupt_version_is_named(on: &StoreUnderTest) {
    token_column(on, Corruption::Version, "version").await;
}

/// `api_tokens.name`.
pub async fn a_corrupt_name_is_named(on: &StoreUnderTest) {
    token_column(on, Corruption::Name, "name").await;
}

/// `api_tokens.partial_token`.
pub async fn a_corrupt_partial_token_is_named(on: &StoreUnderTest) {
    token_column(on, Corruption::PartialToken, "partial_token").await;
}

/// `api_tokens.permissions`.
pub async fn a_corrupt_permission_is_named(on: &StoreUnderTest) {
    token_column(on, Corruption::Permissions, "permissions").await;
}

/// `api_tokens.allowed_addresses`: never treated as an empty list, which admits all.
pub async fn a_corrupt_address_is_named(on: &StoreUnderTest) {
    token_column(on, Corruption::AllowedAddresses, "allowed_addresses").await;
}

/// `api_tokens.expiry`.
pub async fn a_corrupt_expiry_is_named(on: &StoreUnderTest) {
    token_column(on, Corruption::Expiry, "expiry").await;
}

/// `api_tokens.chain_head`.
pub async fn a_corrupt_chain_head_is_named(on: &StoreUnderTest) {
    token_column(on, Corruption::ChainHead, "chain_head").await;
}

/// `users.kind`.
pub async fn a_corrupt_user_kind_is_named(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    on.execute(on.backdoor.corrupt(Corruption::UserKind)).await;
    let user = on.users.user(home.tenant.id, home.tenant.system.id);
    names(user.await, ("users", "kind"));
}

/// It is named by the column that refers to it; a chain needs no names, so it verifies all the
/// same.
pub async fn a_missing_user_is_named(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let view = home.make("a").await.view;
    on.execute(on.backdoor.corrupt(Corruption::Users)).await;
    let (tenant, id) = (home.tenant.id, view.token.id);
    let place = ("api_tokens", "created_by");
    names(on.tokens.get(tenant, id).await, place);
    names_in_lists(on, &view, place).await;
    let events = on.tokens.events(tenant, id, None, 9).await;
    names(events, ("audit_events", "by_user"));
    let tenants = on.tenants.tenants().await;
    names(tenants, ("tenants", "system_user_id"));
    let chain = on.audit.chain(tenant, id, None, 9).await.unwrap();
    assert_eq!(chain.last().map(|event| event.hash), Some(view.head));
}

/// `audit_events.kind`.
pub async fn a_corrupt_event_kind_is_named(on: &StoreUnderTest) {
    event_column(on, Corruption::EventKind, "kind").await;
}

/// `audit_events.changes`.
pub async fn corrupt_changes_are_named(on: &StoreUnderTest) {
    event_column(on, Corruption::Changes, "changes").await;
}

/// `audit_events.hash`.
pub async fn a_corrupt_event_hash_is_named(on: &StoreUnderTest) {
    event_column(on, Corruption::EventHash, "hash").await;
}

/// `audit_events.address`.
pub async fn a_corrupt_event_address_is_named(on: &StoreUnderTest) {
    event_column(on, Corruption::EventAddress, "address").await;
}

/// `idempotency_keys.fingerprint`.
pub async fn a_corrupt_fingerprint_is_named(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let once = IdempotentRequest {
        key: "key".parse().unwrap(),
        fingerprint: Fingerprint::of(b"{}"),
    };
    let (change, _) = home.creation(home.system(), &home.draft("a"), Some(once.clone()));
    home.commit(&change).await.unwrap();
    on.execute(on.backdoor.corrupt(Corruption::Fingerprint))
        .await;
    let (tenant, user) = (home.tenant.id, home.tenant.system.id);
    let made = on
        .tokens
        .find_by_idempotency_key(tenant, user, &once.key, on.clock.now());
    names(made.await, ("idempotency_keys", "fingerprint"));
}
