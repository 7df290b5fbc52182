//! What refusals say to an actor that may not read the token: nothing that is stored of it.

use super::{
    update_tests::{by, edit},
    *,
};
use crate::{AllowedAddresses, Permission, RuleViolations, TokenView, samples, standard::*};

const BLIND: &[Permission] = &[API_TOKENS_WRITE, TASKS_READ];

/// A token of which every stored value differs from what the tests send.
fn hidden() -> TokenView {
    let mut view = samples::view(2, &[TASKS_READ, LIBRARIES_DELETE]);
    view.token.addresses = AllowedAddresses::parse(["203.0.113.77"]).unwrap();
    view
}

fn edits() -> [TokenUpdate; 5] {
    let far = Some(samples::at("2099-01-01T00:00:00Z"));
    let past = Some(samples::at("2020-01-01T00:00:00Z"));
    [
        TokenUpdate {
            expiry: far,
            ..edit()
        },
        TokenUpdate {
            expiry: past,
            ..edit()
        },
        TokenUpdate {
            allowed_addresses: Some(vec![]),
            ..edit()
        },
        TokenUpdate {
            permissions: Some(vec!["api.tasks.read".into(), "api.tasks.write".into()]),
            ..edit()
        },
        TokenUpdate {
            name: String::new(),
            expiry: far,
            allowed_addresses: Some(vec!["x".into(); 3]),
            permissions: Some(vec!["api.task.read".into()]),
            ..edit()
        },
    ]
}

/// The refusal in all of its words: those for people, and its values.
fn told(refused: &RuleViolations) -> String {
    format!("{refused} {refused:?}")
}

#[test]
fn a_refusal_shows_nothing_stored_to_an_actor_that_may_not_read() {
    let view = hidden();
    let latest = samples::at("2028-05-01T12:00:00Z");
    let stored = [
        latest.to_string(),
        format!("{latest:?}"),
        view.token.expiry.to_string(),
        format!("{:?}", view.token.expiry),
        "203.0.113.77".into(),
        "api.libraries.delete".into(),
        view.token.partial.as_str().into(),
    ];
    let refusals = |n, permissions| {
        let request = samples::request(n, permissions);
        let updated = edits().map(|edit| by(&request, &view, &edit).map(drop));
        let secret = crate::Secret::from_random(&[9; 32]);
        let policy = Policy::default();
        let rotated = policy.rotate(&request, &view, &secret, Overlap::NONE, Descent::Apart);
        let all = updated.into_iter().chain([rotated.map(drop)]);
        all.map(Result::unwrap_err).collect::<Vec<_>>()
    };
    for refused in refusals(1, BLIND) {
        for value in &stored {
            let told = told(&refused);
            assert!(!told.contains(value), "{value} is in {told}");
        }
    }
    let reader = &[API_TOKENS_READ, API_TOKENS_WRITE, TASKS_READ];
    let told: Vec<_> = refusals(1, reader).iter().map(told).collect();
    assert!(told[0].contains(&latest.to_string()), "{}", told[0]);
    assert!(told[0].contains("api.libraries.delete"), "{}", told[0]);
}
