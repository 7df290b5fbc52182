//! Facts that are held go on through changes of the record, and are never more than what is stored.

use super::*;
use crate::{
    Descent, FieldChange, Policy, TokenUpdate, UpdateOutcome, Write, WrittenAnnotations,
    samples::{self, now, request, set},
    standard::*,
};

/// The facts of a token that may read and write tasks from two networks, and its record.
fn known() -> (Credential, crate::TokenView) {
    let mut view = samples::view(1, &[TASKS_READ, TASKS_WRITE]);
    view.token.addresses = AllowedAddresses::parse(["192.0.2.0/24", "198.51.100.0/24"]).unwrap();
    let facts = Credential {
        version: view.token.version,
        ..samples::credential(&[])
    };
    (facts.of_record(&view.token), view)
}

fn edit(change: impl FnOnce(&mut TokenUpdate)) -> TokenUpdate {
    let mut edit = TokenUpdate {
        name: "token 1".to_owned(),
        expiry: None,
        allowed_addresses: None,
        permissions: None,
        allow_lockout: false,
        annotations: WrittenAnnotations::default(),
    };
    change(&mut edit);
    edit
}

fn changed(view: &crate::TokenView, edit: &TokenUpdate) -> crate::Change {
    let by = request(2, &[API_TOKENS_WRITE, TASKS_READ, TASKS_WRITE, USERS_READ]);
    let outcome = Policy::default().update(&by, view, edit, Descent::Apart);
    match outcome.unwrap() {
        UpdateOutcome::Changed(change) => *change,
        UpdateOutcome::Unchanged => panic!("nothing changed"),
    }
}

fn edits() -> Vec<TokenUpdate> {
    vec![
        edit(|edit| "renamed".clone_into(&mut edit.name)),
        edit(|edit| edit.expiry = Some(now().plus_seconds(60))),
        edit(|edit| edit.allowed_addresses = Some(vec!["192.0.2.7".to_owned()])),
        edit(|edit| edit.allowed_addresses = Some(Vec::new())),
        edit(|edit| edit.permissions = Some(vec![TASKS_READ.to_string(), USERS_READ.to_string()])),
        edit(|edit| edit.annotations.owner = Some("acme".into())),
        edit(|edit| edit.annotations.metadata = Some(vec![("plan".into(), "gold".into())])),
    ]
}

#[test]
fn an_update_gives_the_facts_of_its_record() {
    let (facts, view) = known();
    for edit in edits() {
        let change = changed(&view, &edit);
        let content = &change.event().content;
        let next = facts.updated(change.next().version, content.at, &content.changes);
        let next = next.unwrap();
        assert_eq!(next, facts.of_record(change.next()), "{edit:?}");
        assert_ne!(next, facts);
        for version in [facts.version, change.next().version.next()] {
            let other = facts.updated(version, content.at, &content.changes);
            assert_eq!(other, None, "they are not of the version before {version}");
        }
    }
}

#[test]
fn what_ends_a_secret_is_looked_up() {
    let (facts, _) = known();
    let retires = FieldChange {
        before: None,
        after: Some(now()),
    };
    let changes = Changes {
        replaced_retires_at: Some(retires),
        ..Changes::default()
    };
    assert_eq!(facts.updated(facts.version.next(), now(), &changes), None);
}

#[test]
fn in_doubt_nothing_is_permitted_that_either_record_refuses() {
    let (facts, view) = known();
    for edit in edits() {
        let change = changed(&view, &edit);
        assert!(matches!(change.write(), Write::Update { .. }));
        let (both, next) = (facts.narrowed(change.next()).unwrap(), change.next());
        assert!(both.permissions.is_subset(&facts.permissions));
        assert!(both.permissions.is_subset(&next.permissions));
        assert!(facts.addresses.covers(&both.addresses));
        assert!(next.addresses.covers(&both.addresses));
        assert_eq!(both.expiry, facts.expiry.min(next.expiry));
        assert_eq!(both.version, facts.version);
    }
    let both = facts.narrowed(changed(&view, &edits()[4]).next()).unwrap();
    assert_eq!(both.permissions, set(&[TASKS_READ]));
    let apart = edit(|edit| edit.allowed_addresses = Some(vec!["203.0.113.0/24".to_owned()]));
    assert_eq!(facts.narrowed(changed(&view, &apart).next()), None);
}
