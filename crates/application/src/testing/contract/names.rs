//! Names that are valid now, and those that only earlier releases allowed.

use countersign_domain::{TokenUpdate, TokenView};

use super::StoreUnderTest;
use crate::{
    Audit,
    ports::CommitError,
    testing::{Notes, TestTenant, no_change, rename_to},
};

/// A name as an earlier release stored it, whose keys kept runs of blanks.
async fn spaced(on: &StoreUnderTest, home: &TestTenant) -> TokenView {
    let view = home.make("Night  Export").await.view;
    let earlier = "UPDATE api_tokens SET name_key = 'night  export' WHERE name = 'Night  Export'";
    on.execute(earlier).await;
    view
}

fn shorter(view: &TokenView) -> TokenUpdate {
    TokenUpdate {
        expiry: Some(view.token.expiry.minus_seconds(60)),
        ..no_change(view)
    }
}

/// Asserts that all stored rows verify, and returns how many names are reported as earlier ones.
async fn named_earlier(on: &StoreUnderTest) -> usize {
    let mut notes = Notes::default();
    Audit::new(on.audit.clone())
        .verify(&mut notes)
        .await
        .unwrap();
    assert_eq!(notes.findings, []);
    notes.named_earlier.len()
}

/// Beside a token of the same name, which could be created because the keys differed then.
pub async fn a_key_of_an_earlier_release_is_kept_until_a_new_name(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let earlier = spaced(on, &home).await;
    let twin = home.make("night export").await.view;
    assert_eq!(home.get(earlier.token.id).await, Some(earlier.clone()));
    assert_eq!(named_earlier(on).await, 1);
    let changed = home.update(&earlier, &shorter(&earlier)).await;
    assert_eq!(named_earlier(on).await, 1);
    let rotated = home.rotate(&changed, 0).await.view;
    let respelt = home.edit(home.system(), &rotated, &rename_to("NIGHT EXPORT"));
    let refused = home.commit(&respelt).await;
    assert!(
        matches!(refused, Err(CommitError::NameTaken)),
        "{refused:?}"
    );
    home.revoke(&twin).await;
    let respelt = home.update(&rotated, &rename_to("NIGHT EXPORT")).await;
    assert_eq!(named_earlier(on).await, 0);
    let (again, _) = home.creation(home.system(), &home.draft("night \u{3000}export"), None);
    assert!(matches!(
        home.commit(&again).await,
        Err(CommitError::NameTaken)
    ));
    home.revoke(&respelt).await;
    home.commit(&again).await.unwrap();
}

/// Such a token can be read, listed, changed otherwise and revoked.
pub async fn a_name_that_is_refused_now_is_kept(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = home.make("a?b").await.view;
    for sql in [
        "UPDATE api_tokens SET name = replace(name, '?', '\u{fffd}'), \
         name_key = replace(name_key, '?', '\u{fffd}')",
        "UPDATE users SET name = replace(name, '?', '\u{fffd}')",
    ] {
        on.execute(sql).await;
    }
    let view = home.get(made.token.id).await.unwrap();
    assert_eq!(view.token.name.as_str(), "a\u{fffd}b");
    let changed = home.update(&view, &shorter(&view)).await;
    let listed = on.tokens.list(home.tenant.id, None, 9).await.unwrap();
    assert_eq!(
        (listed.content, listed.unreadable),
        (vec![changed.clone()], vec![])
    );
    let renamed = home.update(&changed, &rename_to("a b")).await;
    let events = on
        .tokens
        .events(home.tenant.id, made.token.id, None, 9)
        .await
        .unwrap();
    let name = events[0].event.content.changes.name.as_ref().unwrap();
    assert_eq!(name.before, Some(view.token.name));
    home.revoke(&renamed).await;
    assert_eq!(home.get(made.token.id).await, None);
}

/// Such names look alike.
pub async fn names_that_differ_in_blanks_or_joiners_clash(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    for (first, second) in [
        ("a b", "A  b"),
        ("c\u{a0}\u{2003}d", "c d"),
        ("می\u{200c}خواهم", "میخواهم"),
        ("क्\u{200d}ष", "क्ष"),
    ] {
        home.make(first).await;
        let (change, _) = home.creation(home.system(), &home.draft(second), None);
        let refused = home.commit(&change).await;
        assert!(matches!(refused, Err(CommitError::NameTaken)), "{second}");
    }
}
