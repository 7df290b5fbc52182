//! Tests of creation: each rule with the value that just passes and the one that just fails.

use super::*;
use crate::{
    Field, InvalidName, RefusalKind, RuleViolations, Secret, Timestamp, TokenView, Violation,
    WrittenAnnotations, samples, standard::*,
};

fn draft() -> NewToken {
    NewToken {
        name: "Nightly export".into(),
        expiry: samples::at("2027-06-01T12:00:00Z"),
        allowed_addresses: vec![],
        permissions: vec!["api.tasks.read".into()],
        annotations: WrittenAnnotations::default(),
    }
}

fn create(draft: &NewToken) -> Result<Change, RuleViolations> {
    let secret = Secret::from_random(&[1; 32]);
    let fresh = NewTokenMaterial {
        token: samples::token_id(7),
        user: samples::user_id(7),
        secret: &crate::StoredSecret::from(&secret),
        once: None,
    };
    let request = samples::request(1, &[TASKS_READ, API_TOKENS_WRITE]);
    Policy::default().create(&request, draft, fresh)
}

fn refusals(draft: &NewToken) -> Vec<Violation> {
    create(draft).unwrap_err().violations().to_vec()
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn a_change_holds_all_that_is_written() {
    let draft = NewToken {
        permissions: names(&["api.tasks.read", "api.tasks.read"]),
        ..draft()
    };
    let change = create(&draft).unwrap();
    let next = change.next();
    assert_eq!(
        (next.version, next.name.as_str()),
        (Version::FIRST, "Nightly export")
    );
    assert_eq!(
        (next.created, next.modified),
        (samples::now(), samples::now())
    );
    assert_eq!(next.permissions, samples::set(&[TASKS_READ]));
    let event = &change.event().content;
    assert_eq!(
        (event.kind, event.version_before),
        (EventKind::Created, None)
    );
    assert_eq!(
        event.changes.name.as_ref().unwrap().after,
        Some(next.name.clone())
    );
    assert_eq!(
        change.authority().required_permissions,
        samples::set(&[TASKS_READ, API_TOKENS_WRITE])
    );
    let view = TokenView::of_new(&change);
    assert_eq!(&*view.created_by.name, "token 1");
}

#[test]
fn nobody_hands_out_what_they_lack() {
    let draft = NewToken {
        permissions: names(&["api.tasks.write", "api.tasks.read", "api.users.read"]),
        ..draft()
    };
    let lacking = |permission, index| Violation::PermissionNotHeld {
        permission,
        field: Field::Permissions(Some(index)),
    };
    assert_eq!(
        refusals(&draft),
        [lacking(TASKS_WRITE, 0), lacking(USERS_READ, 2)]
    );
}

#[test]
fn the_expiry_is_after_now_and_within_two_calendar_years() {
    let with = |text: &str| {
        create(&NewToken {
            expiry: samples::at(text),
            ..draft()
        })
        .map(drop)
    };
    let gravity = |text| with(text).unwrap_err().violations().to_vec();
    assert_eq!(gravity("2026-06-01T12:00:00Z"), [Violation::ExpiryInPast]);
    assert_eq!(gravity("2020-01-01T00:00:00Z"), [Violation::ExpiryInPast]);
    assert!(with("2026-06-01T12:00:00.000001Z").is_ok());
    assert!(with("2028-06-01T12:00:00Z").is_ok());
    let latest: Option<Timestamp> = Some(samples::at("2028-06-01T12:00:00Z"));
    assert_eq!(
        gravity("2028-06-01T12:00:00.000001Z"),
        [Violation::ExpiryTooFar { latest }]
    );
}

#[test]
fn all_violations_come_at_once_the_gravest_first() {
    let draft = NewToken {
        name: " ".into(),
        expiry: samples::now(),
        allowed_addresses: names(&["10.0.0.1/8", "x"]),
        permissions: names(&["api.task.read", "api.users.read"]),
        annotations: WrittenAnnotations::default(),
    };
    let refused = create(&draft).unwrap_err();
    assert_eq!(refused.gravity(), RefusalKind::PermissionNotHeld);
    let pointers: Vec<_> = refused
        .violations()
        .iter()
        .map(|violation| violation.field().pointer())
        .collect();
    let expected = [
        "/permissions/1",
        "/name",
        "/expiry",
        "/allowedAddresses/0",
        "/allowedAddresses/1",
        "/permissions/0",
    ];
    assert_eq!(pointers, expected);
    assert_eq!(
        refused.violations()[1],
        Violation::InvalidName(InvalidName::Empty)
    );
}

#[test]
fn an_empty_or_endless_list_of_permissions_is_refused() {
    assert_eq!(
        refusals(&NewToken {
            permissions: vec![],
            ..draft()
        }),
        [Violation::EmptyPermissions]
    );
    let endless = NewToken {
        permissions: vec!["x".into(); 20_000],
        ..draft()
    };
    assert_eq!(refusals(&endless).len(), RuleViolations::MOST);
}

#[test]
fn many_small_mistakes_hide_no_grave_one() {
    let mut permissions = vec!["x".to_owned(); 500];
    permissions.push("api.users.read".into());
    let refused = create(&NewToken {
        permissions,
        ..draft()
    })
    .unwrap_err();
    assert_eq!(refused.gravity(), RefusalKind::PermissionNotHeld);
    assert_eq!(refused.violations().len(), RuleViolations::MOST);
}
