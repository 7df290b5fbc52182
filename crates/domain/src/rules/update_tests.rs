//! Tests of updates: who may do what to whose token, case by case.

use super::*;
use crate::{
    AllowedAddresses, Field, Permission, RefusalKind, RuleViolations, TokenView, UserInfo,
    Violation, WrittenAnnotations, samples, standard::*,
};

const WRITER: &[Permission] = &[API_TOKENS_WRITE, TASKS_READ];
const READER: &[Permission] = &[API_TOKENS_READ, API_TOKENS_WRITE, TASKS_READ];
const STRONG: &[Permission] = &[API_TOKENS_WRITE, TASKS_READ, TASKS_WRITE, USERS_READ];

pub(super) fn edit() -> TokenUpdate {
    TokenUpdate {
        name: "token 2".into(),
        expiry: None,
        allowed_addresses: None,
        permissions: None,
        allow_lockout: false,
        annotations: WrittenAnnotations::default(),
    }
}

fn prolonged() -> TokenUpdate {
    TokenUpdate {
        expiry: Some(samples::at("2026-12-01T00:00:00Z")),
        ..edit()
    }
}

fn located(addresses: &[&str]) -> TokenUpdate {
    TokenUpdate {
        allowed_addresses: Some(addresses.iter().map(ToString::to_string).collect()),
        ..edit()
    }
}

pub(super) fn allowed(permissions: &[Permission]) -> TokenUpdate {
    TokenUpdate {
        permissions: Some(permissions.iter().map(ToString::to_string).collect()),
        ..edit()
    }
}

/// The reader, token 1, edits token 2, which holds `target`.
pub(super) fn update(
    target: &[Permission],
    edit: &TokenUpdate,
) -> Result<UpdateOutcome, RuleViolations> {
    by(
        &samples::request(1, READER),
        &samples::view(2, target),
        edit,
    )
}

/// The same by another request, which changes no ancestor of its actor.
pub(super) fn by(
    request: &Request,
    view: &TokenView,
    edit: &TokenUpdate,
) -> Result<UpdateOutcome, RuleViolations> {
    Policy::default().update(request, view, edit, Descent::Apart)
}

pub(super) fn change(outcome: Result<UpdateOutcome, RuleViolations>) -> Change {
    match outcome.unwrap() {
        UpdateOutcome::Changed(change) => *change,
        UpdateOutcome::Unchanged => panic!("nothing changed"),
    }
}

fn lacking(field: Field) -> Vec<Violation> {
    [TASKS_WRITE, USERS_READ]
        .map(|permission| Violation::PermissionNotHeld { permission, field })
        .to_vec()
}

#[test]
fn what_changes_nothing_stores_nothing() {
    let view = samples::view(2, WRITER);
    for same in [
        edit(),
        TokenUpdate {
            name: " token 2 ".into(),
            expiry: Some(view.token.expiry),
            ..located(&[])
        },
        TokenUpdate {
            permissions: Some(vec!["api.tasks.read".into(), "api.api-tokens.write".into()]),
            ..edit()
        },
    ] {
        assert_eq!(update(WRITER, &same), Ok(UpdateOutcome::Unchanged));
    }
}

#[test]
fn a_rename_renames_the_user_and_shows_everywhere() {
    let view = samples::view(1, WRITER);
    let renamed = TokenUpdate {
        name: "Token 1".into(),
        ..edit()
    };
    let change = change(by(&samples::request(1, WRITER), &view, &renamed));
    let Write::Update { expected, rename } = change.write() else {
        panic!("an update")
    };
    assert_eq!(
        (*expected, rename.as_ref().unwrap().as_str()),
        (view.token.version, "Token 1")
    );
    let after = view.after(&change);
    assert_eq!(after.token.version, view.token.version.next());
    assert_eq!(
        after.modified_by,
        UserInfo {
            id: view.token.user,
            name: "Token 1".into()
        }
    );
    assert_eq!(&*after.created_by.name, "maker");
    assert_eq!(after.head, change.event().hash);
}

#[test]
fn a_weak_writer_may_rename_and_narrow_a_strong_token() {
    for narrowing in [
        TokenUpdate {
            name: "other".into(),
            ..edit()
        },
        TokenUpdate {
            expiry: Some(samples::at("2026-07-01T00:00:00Z")),
            ..edit()
        },
        located(&["10.0.0.0/8"]),
        allowed(&[USERS_READ]),
    ] {
        let change = change(update(STRONG, &narrowing));
        assert_eq!(
            change.authority().required_permissions,
            samples::set(&[API_TOKENS_WRITE])
        );
    }
}

#[test]
fn a_weak_writer_may_not_widen_a_strong_token() {
    let mut view = samples::view(2, STRONG);
    view.token.addresses = AllowedAddresses::parse(["10.0.0.0/8"]).unwrap();
    let update = |edit: &TokenUpdate| by(&samples::request(1, READER), &view, edit);
    for (widening, field) in [
        (prolonged(), Field::Expiry),
        (located(&[]), Field::AllowedAddresses(None)),
        (
            located(&["10.0.0.0/8", "192.0.2.1"]),
            Field::AllowedAddresses(None),
        ),
    ] {
        assert_eq!(update(&widening).unwrap_err().violations(), lacking(field));
    }
    assert!(
        update(&located(&["10.0.0.0/9", "10.128.0.0/10"])).is_ok(),
        "within what it had"
    );
    let narrowed = TokenUpdate {
        permissions: Some(vec!["api.tasks.read".into()]),
        ..prolonged()
    };
    assert!(
        update(&narrowed).is_ok(),
        "what it then holds is what counts"
    );
}

#[test]
fn added_permissions_are_the_actors() {
    let change = change(update(&[TASKS_READ], &allowed(WRITER)));
    assert_eq!(
        change.authority().required_permissions,
        samples::set(WRITER)
    );
    for target in [&[TASKS_READ][..], STRONG] {
        let refused = update(target, &allowed(&[TASKS_READ, WEBHOOKS_READ])).unwrap_err();
        let added = Violation::PermissionNotHeld {
            permission: WEBHOOKS_READ,
            field: Field::Permissions(Some(1)),
        };
        assert_eq!(refused.violations(), [added]);
    }
}

#[test]
fn what_is_stored_is_not_named_to_whoever_may_not_read_it() {
    let blind = |edit: &TokenUpdate| {
        let refused = by(
            &samples::request(1, WRITER),
            &samples::view(2, STRONG),
            edit,
        );
        refused.unwrap_err().violations().to_vec()
    };
    let field = Field::Expiry;
    assert_eq!(blind(&prolonged()), [Violation::StrongerToken { field }]);
    let written = allowed(&[WEBHOOKS_READ]);
    assert!(matches!(
        &blind(&written)[..],
        [Violation::PermissionNotHeld { permission, .. }] if *permission == WEBHOOKS_READ
    ));
}

#[test]
fn no_token_widens_itself() {
    let mut view = samples::view(1, WRITER);
    view.token.addresses = AllowedAddresses::parse(["192.0.2.0/24"]).unwrap();
    let update = |edit: &TokenUpdate| by(&samples::request(1, WRITER), &view, edit);
    for (widening, field) in [
        (prolonged(), Field::Expiry),
        (located(&["192.0.2.0/23"]), Field::AllowedAddresses(None)),
        (located(&[]), Field::AllowedAddresses(None)),
    ] {
        assert_eq!(
            update(&widening).unwrap_err().violations(),
            [Violation::SelfWidening { field }]
        );
    }
    assert_eq!(
        update(&allowed(STRONG)).unwrap_err().gravity(),
        RefusalKind::PermissionNotHeld
    );
}

#[test]
fn nobody_locks_themselves_out_by_accident() {
    let view = samples::view(1, WRITER);
    let mut request = samples::request(1, WRITER);
    let away = located(&["10.0.0.0/8"]);
    let refused = by(&request, &view, &away).unwrap_err();
    assert_eq!(
        refused.violations(),
        [Violation::WouldLockOut {
            address: request.actor.address
        }]
    );
    let insisting = TokenUpdate {
        allow_lockout: true,
        ..away.clone()
    };
    assert!(by(&request, &view, &insisting).is_ok());
    assert!(by(&request, &view, &located(&["192.0.2.1"])).is_ok());
    assert!(
        update(WRITER, &away).is_ok(),
        "another token's addresses are no trap"
    );
    request.actor.address = None;
    let unknown = by(&request, &view, &located(&["192.0.2.1"])).unwrap_err();
    assert_eq!(unknown.gravity(), RefusalKind::WouldLockOut);
}

#[test]
fn an_expired_token_may_be_renamed_and_narrowed_but_not_revived() {
    for (offset, expired) in [(1, false), (0, true), (-1, true)] {
        let mut view = samples::view(2, WRITER);
        view.token.expiry =
            crate::Timestamp::from_micros(samples::now().as_micros() + offset).unwrap();
        let update = |edit: &TokenUpdate| by(&samples::request(1, WRITER), &view, edit);
        assert_eq!(update(&prolonged()).is_err(), expired, "{offset}");
        if expired {
            assert_eq!(
                update(&prolonged()).unwrap_err().gravity(),
                RefusalKind::NotRevivable
            );
        }
        let narrowed = TokenUpdate {
            name: "gone".into(),
            ..allowed(&[TASKS_READ])
        };
        assert!(update(&narrowed).is_ok());
    }
}

#[test]
fn the_longest_lifetime_counts_from_the_creation() {
    let with = |text: &str| {
        update(
            WRITER,
            &TokenUpdate {
                expiry: Some(samples::at(text)),
                ..edit()
            },
        )
    };
    assert!(with("2028-05-01T12:00:00Z").is_ok());
    let latest = Some(samples::at("2028-05-01T12:00:00Z"));
    let refused = with("2028-05-01T12:00:01Z").unwrap_err();
    assert_eq!(refused.violations(), [Violation::ExpiryTooFar { latest }]);
}
