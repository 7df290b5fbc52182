//! Each use case is refused without its permission, before it calls a port. With that permission
//! alone it goes on to a port.

use std::{panic::AssertUnwindSafe, pin::Pin, sync::Arc};

use countersign_domain::{
    Actor, ChainVerifier, DeleteTokens, InsufficientScope, NewToken, Overlap, Permission, Policy,
    ReadTokens, RetireSecrets, RotateTokens, Secret, SecretChoice, SecretDigest, TokenId, Version,
    WriteTokens, WrittenAnnotations, standard::*,
};
use futures_util::FutureExt as _;

use crate::{
    Audit, RevocationTerms, SessionLimits, Sessions, Tokens, UseCaseError, Users,
    ports::{
        EventFilter, Lineage, MockAuditStore, MockClock, MockEntropy, MockInvalidator,
        MockSessionStore, MockTokenStore, MockUserStore,
    },
    query::{Filter, PageRequest},
    samples::{actor, now, rename, request_id as id, token_id, user},
};

/// The use cases over mocks without expectations: a port that is called panics.
struct Untouched {
    tokens: Tokens,
    users: Users,
    audit: Audit,
    sessions: Sessions,
}

impl Untouched {
    fn new() -> Self {
        let (clock, entropy) = (Arc::new(MockClock::new()), Arc::new(MockEntropy::new()));
        let (store, invalidator) = (MockTokenStore::new(), MockInvalidator::new());
        let (store, policy) = (Arc::new(store), Policy::default());
        Self {
            users: Users::new(Arc::new(MockUserStore::new())),
            audit: Audit::new(Arc::new(MockAuditStore::new())),
            sessions: Sessions::new(
                Arc::new(MockSessionStore::new()),
                store.clone(),
                clock.clone(),
                entropy.clone(),
                SessionLimits::default(),
            ),
            tokens: Tokens::new(store, clock, entropy, Arc::new(invalidator), policy),
        }
    }
}

type Outcome<'a> = Pin<Box<dyn Future<Output = Result<(), UseCaseError>> + 'a>>;
/// A call of a use case about a token, with the proof that its signature requires.
type UseCase = fn(&Untouched, Actor, TokenId) -> Outcome<'_>;

macro_rules! use_cases {
    ($on:ident, $by:ident, $token:ident: $($permission:expr => $call:expr;)*) => {
        vec![$({
            fn call($on: &Untouched, actor: Actor, $token: TokenId) -> Outcome<'_> {
                Box::pin(async move {
                    // Not each of them is about one token.
                    let ($by, _) = (actor.authorize()?, $token);
                    $call.await.map(drop)
                })
            }
            (stringify!($call), $permission, call as UseCase)
        }),*]
    };
}

fn of(token: TokenId) -> (TokenId, Version) {
    (token, Version::FIRST)
}

fn lineage(token: TokenId) -> Lineage {
    Lineage { token, since: None }
}

fn draft() -> NewToken {
    NewToken {
        name: "new".into(),
        expiry: now().plus_seconds(60),
        allowed_addresses: vec![],
        permissions: vec![],
        annotations: WrittenAnnotations::default(),
    }
}

const PAGE: PageRequest = PageRequest {
    number: 0,
    size: 1,
    count_to: None,
};

fn digest() -> SecretDigest {
    Secret::from_random(&[1; 32]).digest()
}

fn choice() -> SecretChoice {
    SecretChoice::Commitment(digest().commitment())
}

/// The actor behind token 1, with a secret, as a check of a request leaves it.
fn caller(held: &[Permission]) -> Actor {
    Actor {
        secret: Some(digest()),
        ..actor(held)
    }
}

/// All use cases that require a permission, each with that permission.
fn use_cases() -> Vec<(&'static str, Permission, UseCase)> {
    let mut all = use_cases! { on, by, token:
        API_TOKENS_READ => on.tokens.get(&by, token);
        API_TOKENS_READ => on.tokens.secrets(&by, token);
        API_TOKENS_READ => on.tokens.query(&by, &Filter::All(vec![]), &[], PAGE);
        API_TOKENS_READ => on.tokens.list(&by, Some(token), 1);
        API_TOKENS_READ => on.tokens.list_revoked(&by, Some(token), 1);
        API_TOKENS_READ => on.tokens.history(&by, &EventFilter::default(), None, 1);
        API_TOKENS_READ => on.tokens.events(&by, token, None, 1);
        API_TOKENS_READ => on.audit.advance(&by, token, &mut ChainVerifier::default());
        API_TOKENS_READ => on.sessions.begin(&by);
        USERS_READ => on.users.get(&by, user(2).id);
        API_TOKENS_WRITE => on.tokens.create(by, id(), &draft(), None);
        API_TOKENS_WRITE => on.tokens.create_dry_run(by, id(), &draft(), None);
        API_TOKENS_WRITE => on.tokens.update(by, id(), of(token), &rename("new"), false);
        API_TOKENS_WRITE => on.tokens.update(by, id(), of(token), &rename("new"), true);
        API_TOKENS_WRITE => on.tokens.permissions_of(&by, token);
        API_TOKENS_WRITE => on.tokens.rotate(&by, id(), of(token), Overlap::NONE);
        API_TOKENS_WRITE => on.tokens.rotate_dry_run(&by, id(), of(token), Overlap::NONE);
        API_TOKENS_WRITE => on.tokens.retire(&by, id(), (token, None), &choice());
        API_TOKENS_DELETE => on.tokens.revoke(by, id(), token, None);
        API_TOKENS_DELETE => on.tokens.revoke_dry_run(by, id(), token, None);
        API_TOKENS_DELETE => on.tokens.descendants(&by, lineage(token), 1);
        API_TOKENS_DELETE => on.tokens.revoke_descendants(
            by, id(), lineage(token), RevocationTerms::default());
        API_TOKENS_DELETE => on.tokens.revoke_descendants_dry_run(
            by, id(), lineage(token), RevocationTerms::default(), 1);
        API_TOKENS_DELETE => on.tokens.end_secret(
            &by, id(), token, &digest());
    };
    all.extend(versions());
    all
}

/// The comparison of versions that precedes a change takes the proof for that change.
fn versions() -> Vec<(&'static str, Permission, UseCase)> {
    use_cases! { on, by, token:
        API_TOKENS_READ => on.tokens.version_where::<ReadTokens>(&by, token, |_| true);
        API_TOKENS_WRITE => on.tokens.version_where::<WriteTokens>(&by, token, |_| true);
        API_TOKENS_WRITE => on.tokens.version_where::<RotateTokens>(&by, token, |_| true);
        API_TOKENS_WRITE => on.tokens.version_where::<RetireSecrets>(&by, token, |_| true);
        API_TOKENS_DELETE => on.tokens.version_where::<DeleteTokens>(&by, token, |_| true);
    }
}

/// Whether a call goes on to a port.
async fn reaches_a_port(call: UseCase, held: &[Permission], token: TokenId) -> bool {
    let untouched = Untouched::new();
    let called = AssertUnwindSafe(call(&untouched, caller(held), token));
    let Err(panic) = called.catch_unwind().await else {
        return false;
    };
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let words = text.or_else(|| panic.downcast_ref::<&str>().copied());
    let words = words.unwrap_or_default();
    assert!(words.contains("No matching expectation found"), "{words}");
    true
}

#[tokio::test]
async fn without_its_permission_a_use_case_is_refused_and_calls_no_port() {
    for (name, needed, call) in use_cases() {
        // With the one that is enough for the actor's own token.
        let all = ALL.iter().cloned().chain([API_TOKENS_ROTATE_SELF]);
        let others: Vec<_> = all.filter(|other| *other != needed).collect();
        for held in [&others[..], &[]] {
            let refused = call(&Untouched::new(), caller(held), token_id(2)).await;
            let Err(UseCaseError::InsufficientScope(InsufficientScope { permission })) = refused
            else {
                panic!("{name}: {refused:?}")
            };
            assert_eq!(permission.as_ref(), Some(&needed), "{name}");
        }
    }
}

#[tokio::test]
async fn with_its_permission_alone_a_use_case_goes_on_to_a_port() {
    for (name, needed, call) in use_cases() {
        let reaches = reaches_a_port(call, &[needed], token_id(2)).await;
        assert!(reaches, "{name}");
    }
}

#[tokio::test]
async fn a_token_reads_ends_and_rotates_itself_without_those_permissions() {
    let of_itself = use_cases! { on, by, token:
        TASKS_READ => on.tokens.current(&by);
        TASKS_READ => on.tokens.current_secrets(&by);
        TASKS_READ => on.tokens.revoke_current(by, id(), None);
        TASKS_READ => on.users.current(&by);
        TASKS_READ => on.tokens.retire(&by, id(), (token, None), &choice());
        TASKS_READ => on.tokens.end_secret(
            &by, id(), token, &digest());
        API_TOKENS_ROTATE_SELF => on.tokens.rotate(&by, id(), of(token), Overlap::NONE);
    };
    for (name, held, call) in of_itself {
        assert!(reaches_a_port(call, &[held], token_id(1)).await, "{name}");
    }
}
