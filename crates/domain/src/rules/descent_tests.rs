//! Tests of what a descendant may and may not do to a token that it descends from.

use super::*;
use crate::{
    Actor, Field, Permission, RefusalKind, RuleViolations, UserInfo, WrittenAnnotations, samples,
    standard::*,
};

const WRITER: &[Permission] = &[API_TOKENS_WRITE, TASKS_READ, TASKS_WRITE];

fn edit() -> TokenUpdate {
    TokenUpdate {
        name: "token 2".into(),
        expiry: None,
        allowed_addresses: None,
        permissions: None,
        allow_lockout: false,
        annotations: WrittenAnnotations::default(),
    }
}

/// Edits of token 2, each with the field that it widens, if any.
fn edits() -> [(TokenUpdate, Option<Field>); 7] {
    let permissions = |held: &[Permission]| TokenUpdate {
        permissions: Some(held.iter().map(ToString::to_string).collect()),
        ..edit()
    };
    let expiry = |at| TokenUpdate {
        expiry: Some(samples::at(at)),
        ..edit()
    };
    let addresses = |entry: &str| TokenUpdate {
        allowed_addresses: Some(vec![entry.to_owned()]),
        ..edit()
    };
    let renamed = TokenUpdate {
        name: "renamed".into(),
        ..edit()
    };
    let added = Some(Field::Permissions(Some(1)));
    let wider = Some(Field::AllowedAddresses(None));
    [
        (renamed, None),
        (expiry("2026-06-02T00:00:00Z"), None),
        (addresses("192.0.2.1"), None),
        (permissions(&[API_TOKENS_WRITE]), None),
        (expiry("2026-12-01T00:00:00Z"), Some(Field::Expiry)),
        (addresses("0.0.0.0/0"), wider),
        (permissions(&[TASKS_READ, TASKS_WRITE]), added),
    ]
}

/// Token 2: allowed in one network, with permission to read tasks and to write tokens.
fn view() -> crate::TokenView {
    let mut view = samples::view(2, &[API_TOKENS_WRITE, TASKS_READ]);
    view.token.addresses = crate::AllowedAddresses::parse(["192.0.2.0/24"]).unwrap();
    view
}

fn rotate(request: &Request, descent: Descent) -> Result<Change, RuleViolations> {
    let secret = crate::Secret::from_random(&[7; 32]);
    Policy::default().rotate(request, &view(), &secret, Overlap::NONE, descent)
}

#[test]
fn an_ancestor_is_narrowed_and_renamed_by_its_descendant_but_never_widened() {
    let request = samples::request(1, WRITER);
    for (edit, widens) in edits() {
        let update = |descent| Policy::default().update(&request, &view(), &edit, descent);
        assert!(update(Descent::Apart).is_ok(), "{edit:?}");
        match (update(Descent::Descendant), widens) {
            (Ok(_), None) => {}
            (Err(refused), Some(field)) => {
                assert_eq!(refused.gravity(), RefusalKind::AncestorProtected);
                assert!(refused.depends_on_descent());
                let [violation] = refused.violations() else {
                    panic!("{refused}")
                };
                assert_eq!(violation.field(), field);
            }
            (decided, _) => panic!("{edit:?}: {decided:?}"),
        }
    }
}

#[test]
fn an_ancestor_gets_no_secret_from_its_descendant() {
    let request = samples::request(1, WRITER);
    assert!(rotate(&request, Descent::Apart).is_ok());
    let refused = rotate(&request, Descent::Descendant).unwrap_err();
    assert_eq!(refused.gravity(), RefusalKind::AncestorProtected);
    assert_eq!(refused.violations()[0].field(), Field::Document);
}

#[test]
fn neither_the_system_nor_the_token_itself_is_a_descendant() {
    let system = UserInfo {
        id: samples::user_id(0),
        name: "system".into(),
    };
    let held = samples::set(ALL);
    let by_system = Request {
        actor: Actor::system(samples::tenant_id(), system, held),
        ..samples::request(1, WRITER)
    };
    assert!(rotate(&by_system, Descent::Descendant).is_ok());
    assert!(rotate(&samples::request(2, WRITER), Descent::Descendant).is_ok());
    let (later, _) = &edits()[4];
    let own = samples::request(2, WRITER);
    let refused = Policy::default().update(&own, &view(), later, Descent::Descendant);
    let refused = refused.unwrap_err();
    assert!(!refused.depends_on_descent());
    assert_eq!(refused.gravity(), RefusalKind::SelfWidening);
}

/// No rule refuses it then, and the change says what its commit has to check.
#[test]
fn descent_that_the_commit_judges_is_asked_for_by_a_widening_of_another_token_alone() {
    let policy = Policy::default();
    for (edit, widens) in edits() {
        for (own, asks) in [(false, widens.is_some()), (true, false)] {
            let mut request = samples::request(1, WRITER);
            if own {
                request.actor.token = Some(view().token.id);
            }
            match policy.update(&request, &view(), &edit, Descent::JudgedByCommit) {
                Ok(UpdateOutcome::Changed(change)) => {
                    assert_eq!(change.authority().target_made_nothing, asks, "{edit:?}");
                }
                // These are refused by the rules about a token that changes itself.
                Err(refused) if own => assert!(!refused.depends_on_descent()),
                other => panic!("{other:?}"),
            }
        }
    }
    let refused = rotate(&samples::request(1, WRITER), Descent::JudgedByCommit).unwrap_err();
    assert_eq!(refused.gravity(), RefusalKind::AncestorProtected);
}
