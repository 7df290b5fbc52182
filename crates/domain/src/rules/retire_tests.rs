//! Tests of ending a secret: which one ends, since when, and by which authority.

use super::{Policy, SecretChoice};
use crate::{
    Change, EventKind, PartialToken, PermissionSet, RefusalKind, Request, Secret, SecretView,
    Timestamp, TokenView, Write,
    samples::{self, at, now},
    standard::*,
};

fn secret(n: u8) -> Secret {
    Secret::from_random(&[n; 32])
}

/// The newest secret, made a minute ago, and the one that it replaced, with an hour left.
fn secrets() -> [SecretView; 2] {
    let made = |n, created, valid_until| SecretView {
        digest: Some(secret(n).digest()),
        partial: secret(n).masked(),
        created,
        valid_until,
        last_used: None,
    };
    [
        made(2, now().minus_seconds(60), None),
        made(
            1,
            at("2026-05-01T12:00:00Z"),
            Some(now().plus_seconds(3600)),
        ),
    ]
}

fn choices(n: u8) -> [SecretChoice; 3] {
    [
        SecretChoice::Commitment(secret(n).digest().commitment()),
        SecretChoice::Partial(secret(n).masked()),
        SecretChoice::End(secret(n).masked().end().into()),
    ]
}

fn view() -> TokenView {
    samples::view(2, &[TASKS_READ])
}

fn retire(
    request: &Request,
    choice: &SecretChoice,
) -> Result<Option<Change>, crate::RuleViolations> {
    Policy::default().retire(request, &view(), &secrets(), choice)
}

fn end(change: &Change) -> Timestamp {
    match change.write() {
        Write::Retire { valid_until, .. } => *valid_until,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_replaced_secret_ends_as_if_it_had_had_no_overlap() {
    let request = samples::request(1, &[API_TOKENS_WRITE]);
    for choice in choices(1) {
        let change = retire(&request, &choice).unwrap().unwrap();
        let replaced = secrets()[0].created;
        let expected = Write::Retire {
            expected: view().token.version,
            digest: secret(1).digest(),
            valid_until: replaced,
        };
        assert_eq!(*change.write(), expected);
        let next = crate::Token {
            version: view().token.version.next(),
            modified: now(),
            ..view().token
        };
        assert_eq!(*change.next(), next);
        let content = &change.event().content;
        assert_eq!(content.kind, EventKind::Updated);
        assert!(content.ends_a_secret());
        let told = content.changes.replaced_retires_at.clone().unwrap();
        assert_eq!(told.before, secrets()[1].valid_until);
        assert_eq!(told.after, Some(replaced));
        let commitment = secret(1).digest().commitment();
        assert_eq!(content.secret_commitment, Some(commitment));
    }
}

#[test]
fn no_end_is_dated_ahead_where_a_clock_is_behind() {
    let mut request = samples::request(1, &[API_TOKENS_WRITE]);
    request.now = now().minus_seconds(120);
    let change = retire(&request, &choices(1)[0]).unwrap().unwrap();
    assert_eq!(end(&change), request.now);
}

#[test]
fn the_newest_secret_ends_with_its_token_only() {
    let request = samples::request(1, &[API_TOKENS_WRITE, API_TOKENS_DELETE]);
    let end_secret = |choice: &SecretChoice| {
        let change = Policy::default().end_secret(&request, &view(), &secrets(), choice);
        change.map(|change| change.write().clone())
    };
    for choice in choices(2) {
        let refused = retire(&request, &choice).unwrap_err();
        assert_eq!(refused.gravity(), RefusalKind::NewestSecret);
        assert!(matches!(end_secret(&choice), Some(Write::Revoke { .. })));
    }
    for choice in choices(1) {
        assert!(matches!(end_secret(&choice), Some(Write::Retire { .. })));
    }
    for choice in choices(3) {
        assert_eq!(retire(&request, &choice), Ok(None));
        assert_eq!(end_secret(&choice), None);
    }
}

#[test]
fn of_two_that_look_alike_the_replaced_one_is_meant() {
    let request = samples::request(1, &[API_TOKENS_WRITE]);
    let mut alike = secrets();
    alike[0].partial = PartialToken::parse(secret(1).masked().as_str()).unwrap();
    let choice = SecretChoice::Partial(secret(1).masked());
    let change = Policy::default().retire(&request, &view(), &alike, &choice);
    let change = change.unwrap().unwrap();
    assert!(
        matches!(change.write(), Write::Retire { digest, .. } if *digest == secret(1).digest())
    );
}

#[test]
fn ones_own_secret_ends_without_a_permission() {
    let leaning = |actor, held: &[_]| {
        let change = retire(&samples::request(actor, held), &choices(1)[0]);
        change
            .unwrap()
            .unwrap()
            .authority()
            .required_permissions
            .clone()
    };
    let nothing: PermissionSet = [].into_iter().collect();
    assert_eq!(leaning(2, &[TASKS_READ]), nothing);
    let write = samples::set(&[API_TOKENS_WRITE]);
    assert_eq!(leaning(1, &[API_TOKENS_WRITE]), write);
    assert_eq!(leaning(1, &[TASKS_READ]), write, "a store refuses it");
    let delete = samples::set(&[API_TOKENS_DELETE]);
    assert_eq!(leaning(1, &[API_TOKENS_DELETE]), delete);
}

#[test]
fn whatever_is_handed_in_nothing_is_written_in_another_tenant() {
    let mut foreign = view();
    foreign.token.tenant = crate::TenantId::new(now(), &[5; 10]);
    let request = samples::request(1, &[API_TOKENS_WRITE]);
    let change = Policy::default().retire(&request, &foreign, &secrets(), &choices(1)[0]);
    let change = change.unwrap().unwrap();
    assert_eq!(change.next().tenant, request.actor.tenant);
}
