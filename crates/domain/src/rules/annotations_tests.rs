//! Tests of annotations in changes: who may write them, what is kept, and what the event says.

use super::*;
use crate::{
    Change, Descent, EventKind, Field, FieldChange, InvalidMetadata, Permission, Policy,
    RuleViolations, TokenUpdate, TokenView, UpdateOutcome, samples, standard::*,
};

fn edit(annotations: WrittenAnnotations) -> TokenUpdate {
    TokenUpdate {
        name: "token 2".into(),
        expiry: None,
        allowed_addresses: None,
        permissions: None,
        allow_lockout: false,
        annotations,
    }
}

fn owned_by(owner: &str) -> WrittenAnnotations {
    WrittenAnnotations {
        owner: Some(owner.into()),
        ..WrittenAnnotations::default()
    }
}

fn pairs(pairs: &[(&str, &str)]) -> WrittenAnnotations {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    WrittenAnnotations {
        metadata: Some(pairs.iter().map(owned).collect()),
        ..WrittenAnnotations::default()
    }
}

/// An edit by a writer that holds no permission of the token.
fn update(
    view: &TokenView,
    annotations: WrittenAnnotations,
) -> Result<UpdateOutcome, RuleViolations> {
    const WEAK: &[Permission] = &[API_TOKENS_WRITE];
    let request = samples::request(1, WEAK);
    Policy::default().update(&request, view, &edit(annotations), Descent::Descendant)
}

#[track_caller]
fn changed(view: &TokenView, annotations: WrittenAnnotations) -> Change {
    match update(view, annotations).unwrap() {
        UpdateOutcome::Changed(change) => *change,
        UpdateOutcome::Unchanged => panic!("nothing changed"),
    }
}

#[test]
fn annotations_need_no_more_than_a_new_name_does() {
    let mut strong = samples::view(2, &[TASKS_READ, TASKS_WRITE]);
    strong.token.expiry = samples::at("2026-05-30T00:00:00Z");
    for written in [
        owned_by("acme"),
        pairs(&[("plan", "gold")]),
        WrittenAnnotations {
            description: Some("one\ntwo".into()),
            ..WrittenAnnotations::default()
        },
    ] {
        let change = changed(&strong, written);
        assert_eq!(change.event().content.kind, EventKind::Updated);
        let required = &change.authority().required_permissions;
        assert_eq!(*required, samples::set(&[API_TOKENS_WRITE]));
    }
}

#[test]
fn an_annotation_that_is_left_out_stays_and_an_empty_one_goes() {
    let view = samples::view(2, &[TASKS_READ]);
    let view = view.after(&changed(&view, owned_by(" acme ")));
    let view = view.after(&changed(&view, pairs(&[("plan", "gold")])));
    let owner = Owner::parse("acme").unwrap();
    assert_eq!(view.token.owner.as_ref(), Some(&owner));
    assert_eq!(view.token.metadata.get("plan"), Some("gold"));

    let none = changed(&view, owned_by(""));
    assert_eq!(none.next().owner, None);
    assert_eq!(none.next().metadata, view.token.metadata);
    let before = Some(owner);
    let expected = FieldChange {
        before,
        after: None,
    };
    assert_eq!(none.event().content.changes.owner, Some(expected));
    let none = changed(&view, pairs(&[]));
    assert!(none.next().metadata.is_empty());
    let after = none.event().content.changes.metadata.clone().unwrap().after;
    assert_eq!(after, None);
}

#[test]
fn the_same_annotations_change_nothing() {
    let view = samples::view(2, &[TASKS_READ]);
    for same in [owned_by(""), pairs(&[])] {
        assert_eq!(update(&view, same), Ok(UpdateOutcome::Unchanged));
    }
    let view = view.after(&changed(&view, pairs(&[("a", "1"), ("b", "2")])));
    let turned = pairs(&[("b", "2"), ("a", "1")]);
    assert_eq!(update(&view, turned), Ok(UpdateOutcome::Unchanged));
}

#[test]
fn all_faults_of_annotations_come_together() {
    let view = samples::view(2, &[TASKS_READ]);
    let wrong = WrittenAnnotations {
        owner: Some("  ".into()),
        description: Some("x".repeat(501)),
        metadata: Some(vec![
            ("A".into(), "fine".into()),
            ("b".into(), "\u{202e}".into()),
        ]),
    };
    let refused = update(&view, wrong).unwrap_err();
    let fields: Vec<_> = refused.violations().iter().map(Violation::field).collect();
    let expected = [
        Field::Owner,
        Field::Description,
        Field::Metadata,
        Field::Metadata,
    ];
    assert_eq!(fields, expected);
    let keys = refused.violations().iter().filter_map(|one| match one {
        Violation::InvalidMetadata(fault) => InvalidMetadata::key(fault),
        _ => None,
    });
    assert_eq!(keys.collect::<Vec<_>>(), ["A", "b"]);
}
