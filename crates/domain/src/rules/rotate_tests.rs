//! Tests of rotation: who may learn a secret, and how long the previous one works.

use super::{Descent, Overlap, Policy};
use crate::{
    Change, Field, Permission, RefusalKind, RuleViolations, Secret, TenantId, Timestamp, Violation,
    Write,
    samples::{self, at, now},
    standard::*,
};

fn rotate(
    (actor, held): (u8, &[Permission]),
    target: &[Permission],
    overlap: u32,
) -> Result<Change, RuleViolations> {
    Policy::default().rotate(
        &samples::request(actor, held),
        &samples::view(2, target),
        &Secret::from_random(&[7; 32]),
        overlap.try_into().unwrap(),
        Descent::Apart,
    )
}

fn valid_until(change: &Change) -> Timestamp {
    match change.write() {
        Write::Rotate { valid_until, .. } => *valid_until,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_record_keeps_everything_but_what_shows_of_the_secret() {
    let change = rotate((1, &[API_TOKENS_WRITE, TASKS_READ]), &[TASKS_READ], 60).unwrap();
    let (old, secret) = (
        samples::view(2, &[TASKS_READ]).token,
        Secret::from_random(&[7; 32]),
    );
    let expected = crate::Token {
        version: old.version.next(),
        partial: secret.masked(),
        modified: now(),
        ..old.clone()
    };
    assert_eq!(*change.next(), expected);
    assert_eq!(valid_until(&change), now().plus_seconds(60));
    let shown = change
        .event()
        .content
        .changes
        .partial_token
        .clone()
        .unwrap();
    assert_eq!(shown.before, Some(old.partial));
    assert_eq!(shown.after, Some(secret.masked()));
    assert_eq!(
        change.event().content.secret_commitment,
        Some(secret.digest().commitment())
    );
    assert_eq!(
        change.authority().required_permissions,
        samples::set(&[API_TOKENS_WRITE, TASKS_READ])
    );
}

#[test]
fn without_an_overlap_the_old_secret_ends_at_once() {
    let change = rotate((1, &[API_TOKENS_WRITE, TASKS_READ]), &[TASKS_READ], 0).unwrap();
    assert_eq!(valid_until(&change), now());
}

#[test]
fn no_overlap_outlives_the_token() {
    let mut view = samples::view(2, &[TASKS_READ]);
    view.token.expiry = now().plus_seconds(30);
    let change = Policy::default()
        .rotate(
            &samples::request(2, &[API_TOKENS_WRITE]),
            &view,
            &Secret::from_random(&[7; 32]),
            Overlap::MAX,
            Descent::Apart,
        )
        .unwrap();
    assert_eq!(valid_until(&change), view.token.expiry);
    assert_eq!(change.next().expiry, view.token.expiry);
}

#[test]
fn a_stronger_tokens_secret_is_not_handed_out() {
    let held = [API_TOKENS_WRITE, TASKS_READ, API_TOKENS_READ];
    let target = [TASKS_READ, TASKS_WRITE, USERS_READ];
    let refused = rotate((1, &held), &target, 0).unwrap_err();
    assert_eq!(refused.gravity(), RefusalKind::PermissionNotHeld);
    let missing: Vec<_> = [TASKS_WRITE, USERS_READ]
        .into_iter()
        .map(|permission| Violation::PermissionNotHeld {
            permission,
            field: Field::Document,
        })
        .collect();
    assert_eq!(refused.violations(), missing);
    let blind = rotate((1, &held[..2]), &target, 0).unwrap_err();
    let unnamed = Violation::StrongerToken {
        field: Field::Document,
    };
    assert_eq!(blind.violations(), [unnamed]);
}

#[test]
fn a_token_may_rotate_itself_whatever_it_holds() {
    let change = rotate((2, &[API_TOKENS_WRITE]), &[API_TOKENS_WRITE, TASKS_READ], 0).unwrap();
    assert_eq!(
        change.authority().required_permissions,
        samples::set(&[API_TOKENS_WRITE])
    );
}

#[test]
fn a_program_that_may_renew_itself_renews_nothing_else() {
    let change = rotate((2, &[API_TOKENS_ROTATE_SELF]), &[TASKS_READ], 0).unwrap();
    let leaning = &change.authority().required_permissions;
    assert_eq!(*leaning, samples::set(&[API_TOKENS_ROTATE_SELF]));
    // To rotate another token it relies on the usual permissions, so a store refuses it.
    let held = [API_TOKENS_ROTATE_SELF, TASKS_READ];
    let change = rotate((1, &held), &[TASKS_READ], 0).unwrap();
    let leaning = &change.authority().required_permissions;
    assert_eq!(*leaning, samples::set(&[API_TOKENS_WRITE, TASKS_READ]));
}

#[test]
fn an_expired_token_gets_no_secret() {
    let expiry = at("2026-11-01T12:00:00Z");
    for (micros, refused) in [(-1, false), (0, true), (1, true)] {
        let mut request = samples::request(2, &[API_TOKENS_WRITE]);
        request.now = Timestamp::from_micros(expiry.as_micros() + micros).unwrap();
        let view = samples::view(2, &[TASKS_READ]);
        let decided = Policy::default().rotate(
            &request,
            &view,
            &Secret::from_random(&[7; 32]),
            Overlap::NONE,
            Descent::Apart,
        );
        assert_eq!(decided.is_err(), refused, "{micros}");
        if let Err(refused) = decided {
            assert_eq!(refused.gravity(), RefusalKind::NotRevivable);
        }
    }
}

#[test]
fn whatever_is_handed_in_nothing_is_written_in_another_tenant() {
    let mut foreign = samples::view(2, &[TASKS_READ]);
    foreign.token.tenant = TenantId::new(now(), &[5; 10]);
    let request = samples::request(1, &[API_TOKENS_WRITE, TASKS_READ]);
    let secret = Secret::from_random(&[7; 32]);
    let change = Policy::default()
        .rotate(&request, &foreign, &secret, Overlap::NONE, Descent::Apart)
        .unwrap();
    assert_eq!(change.next().tenant, request.actor.tenant);
}

#[test]
fn an_overlap_lasts_a_week_at_most() {
    assert_eq!(Overlap::try_from(604_800), Ok(Overlap::MAX));
    assert!(Overlap::try_from(604_801).is_err());
}
