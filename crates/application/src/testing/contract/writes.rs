//! All of a change or nothing of it, and the reason why.

use countersign_domain::{TokenId, Version};

use super::{StoreUnderTest, refused};
use crate::{
    ports::CommitError,
    testing::{no_change, rename_to},
};

/// And the error has the stored version.
pub async fn a_stale_change_writes_nothing(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let first = home.make("first").await.view;
    let late = [
        home.edit(home.system(), &first, &rename_to("late")),
        home.revocation(home.system(), &first),
    ];
    let second = home.update(&first, &rename_to("second")).await;
    let third = home.update(&second, &rename_to("third")).await;
    for change in late {
        let error = refused(&home, &change).await;
        let stored = third.token.version;
        assert!(
            matches!(error, CommitError::Stale { stored: told } if told == stored),
            "{error:?}"
        );
    }
    assert_eq!(third.token.version, Version::try_from(3).unwrap());
}

/// Also in another case; not even the audit row is written.
pub async fn a_taken_name_writes_nothing(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    home.make("Straße").await;
    let other = home.make("other").await.view;
    let (create, _) = home.creation(home.system(), &home.draft("STRASSE"), None);
    let rename = home.edit(home.system(), &other, &rename_to("strasse"));
    for change in [create, rename] {
        let error = refused(&home, &change).await;
        assert!(matches!(error, CommitError::NameTaken), "{error:?}");
    }
}

/// Its own name does not count as taken.
pub async fn a_token_may_respell_its_own_name(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let view = home.make("export").await.view;
    let view = home.update(&view, &rename_to("EXPORT")).await;
    assert_eq!(home.get(view.token.id).await, Some(view));
}

/// Again and again.
pub async fn a_revoked_tokens_name_is_free(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    for _ in 0..3 {
        let view = home.make("again").await.view;
        home.revoke(&view).await;
    }
    let other = home.make("other").await.view;
    home.update(&other, &rename_to("Again")).await;
}

/// An expired token is not revoked.
pub async fn an_expired_tokens_name_stays_taken(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let view = home.make("old").await.view;
    on.clock.set(view.token.expiry);
    let (change, _) = home.creation(home.system(), &home.draft("old"), None);
    let error = refused(&home, &change).await;
    assert!(matches!(error, CommitError::NameTaken), "{error:?}");
}

/// Whatever the reason for the request is.
pub async fn an_unknown_token_is_not_changed(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut view = home.make("a").await.view;
    view.token.id = TokenId::new(on.clock.now(), &[255; 10]);
    let changes = [
        home.edit(home.system(), &view, &rename_to("b")),
        home.revocation(home.system(), &view),
    ];
    for change in changes {
        let error = refused(&home, &change).await;
        assert!(matches!(error, CommitError::NotFound), "{error:?}");
    }
}

/// Whatever version the change names.
pub async fn a_revoked_token_is_not_changed(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let view = home.make("a").await.view;
    let mut later = view.clone();
    later.token.version = view.token.version.next();
    home.revoke(&view).await;
    for view in [&view, &later] {
        let changes = [
            home.edit(home.system(), view, &rename_to("b")),
            home.revocation(home.system(), view),
        ];
        for change in changes {
            let error = refused(&home, &change).await;
            assert!(matches!(error, CommitError::NotFound), "{error:?}");
        }
    }
}

/// There is no change without its event.
pub async fn a_failing_audit_row_rolls_everything_back(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let view = home.make("a").await.view;
    let changes = [
        home.creation(home.system(), &home.draft("b"), None).0,
        home.edit(home.system(), &view, &rename_to("c")),
        home.revocation(home.system(), &view),
    ];
    on.execute(on.backdoor.audit_outage()).await;
    for change in changes {
        let error = refused(&home, &change).await;
        assert!(matches!(error, CommitError::Fault(_)), "{error:?}");
    }
}

/// Quotes, wildcards, the longest name, the largest lists.
pub async fn odd_values_are_kept_literally(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let longest = "👪".repeat(128);
    for name in [
        "'; DROP TABLE users;--",
        "%",
        "_",
        "\"\\{}",
        "$1 ?1 :a",
        &longest,
    ] {
        let mut draft = home.draft(name);
        draft.allowed_addresses = (0..100).map(|n| format!("2001:db8::{n:x}")).collect();
        draft.permissions = home
            .policy
            .catalog
            .permissions()
            .iter()
            .map(ToString::to_string)
            .collect();
        let made = home.make_of(&draft).await.view;
        assert_eq!(home.get(made.token.id).await, Some(made.clone()));
        let mut edit = no_change(&made);
        edit.allowed_addresses = Some(vec!["::/0".to_owned()]);
        let view = home.update(&made, &edit).await;
        assert_eq!(home.get(view.token.id).await, Some(view));
    }
}
