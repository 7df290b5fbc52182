//! Secrets that end before their time, and tokens that revoke themselves.

use countersign_domain::{Actor, ChainVerifier, EventKind, Secret, TokenView, Write};

use super::{StoreUnderTest, refused};
use crate::{
    IssuedToken,
    ports::CommitError,
    testing::{TestTenant, rename_to},
};

/// A token a minute after its rotation, whose first secret works for an hour beside the second.
async fn overlapping(on: &StoreUnderTest, home: &TestTenant) -> (IssuedToken, IssuedToken) {
    let old = home.make("rotated").await;
    on.clock.advance(60);
    let new = home.rotate(&old.view, 3600).await;
    on.clock.advance(60);
    (old, new)
}

/// The token as an actor that presented that secret and holds no permissions.
fn holder(home: &TestTenant, view: &TokenView, secret: &Secret) -> Actor {
    Actor {
        secret: Some(secret.digest()),
        permissions: [].into_iter().collect(),
        ..home.actor(view)
    }
}

/// The secret ends at its rotation; the newest works on, and the record keeps everything but its
/// version.
pub async fn an_older_secret_ends_alone(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let (old, new) = overlapping(on, &home).await;
    let change = home.retirement(home.system(), &new.view, &old.secret).await;
    home.commit(&change).await.unwrap();
    let valid_until = async |secret: &Secret| {
        let found = on.tokens.find(&secret.digest()).await.unwrap().unwrap();
        (found.valid_until, found.version)
    };
    let (end, version) = valid_until(&old.secret).await;
    assert_eq!(end, Some(on.clock.now().minus_seconds(60)));
    assert_eq!(valid_until(&new.secret).await, (None, version));
    let read = home.get(new.view.token.id).await.unwrap();
    assert_eq!(read, new.view.after(&change));
    assert_eq!(read.token.partial, new.secret.masked());
    let token = &read.token;
    let now = on.clock.now();
    let left = on.tokens.secrets(token.tenant, token.id, now).await;
    let left: Vec<_> = left.unwrap().into_iter().map(|left| left.digest).collect();
    assert_eq!(left, [Some(new.secret.digest())]);
}

/// Neither changes in flight nor those of a node whose clock is behind.
pub async fn a_retired_secret_writes_nothing_by_any_clock(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let (old, new) = overlapping(on, &home).await;
    let target = home.make("target").await;
    let by_old = || Actor {
        secret: Some(old.secret.digest()),
        ..home.actor(&new.view)
    };
    let now = on.clock.now();
    on.clock.set(now.minus_seconds(5));
    let under_way = home.edit(by_old(), &target.view, &rename_to("renamed"));
    on.clock.set(now);
    let change = home.retirement(home.system(), &new.view, &old.secret).await;
    home.commit(&change).await.unwrap();
    let later = home.edit(by_old(), &target.view, &rename_to("renamed"));
    for change in [under_way, later] {
        let error = refused(&home, &change).await;
        assert!(matches!(error, CommitError::ActorGone), "{error:?}");
    }
}

/// And the secret works on as before.
pub async fn a_stale_or_gone_retirement_writes_nothing(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let (old, new) = overlapping(on, &home).await;
    let stale = home.retirement(home.system(), &new.view, &old.secret).await;
    let actor = home.make("actor").await.view;
    let gone = home
        .retirement(home.actor(&actor), &new.view, &old.secret)
        .await;
    home.revoke(&actor).await;
    let error = refused(&home, &gone).await;
    assert!(matches!(error, CommitError::ActorGone), "{error:?}");
    home.update(&new.view, &rename_to("changed")).await;
    let error = refused(&home, &stale).await;
    assert!(matches!(error, CommitError::Stale { .. }), "{error:?}");
    let found = on.tokens.find(&old.secret.digest()).await.unwrap();
    let end = on.clock.now().plus_seconds(3540);
    assert_eq!(found.unwrap().valid_until, Some(end));
}

/// Another token's secret requires a permission or its possession, the token's own requires none.
pub async fn a_retirement_leans_on_what_it_says(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let (old, new) = overlapping(on, &home).await;
    let mut draft = home.draft("weak");
    draft.permissions = vec!["api.tasks.read".into()];
    let weak = home.make_of(&draft).await;
    let change = home
        .retirement(home.actor(&weak.view), &new.view, &old.secret)
        .await;
    let error = refused(&home, &change).await;
    assert!(matches!(error, CommitError::ActorNarrowed), "{error:?}");
    let possessor = Actor {
        possession: Some(new.view.token.id),
        ..home.actor(&weak.view)
    };
    let change = home.retirement(possessor, &new.view, &old.secret).await;
    home.commit(&change).await.unwrap();
    let (tenant, id) = (home.tenant.id, new.view.token.id);
    let events = on.tokens.events(tenant, id, None, 1).await.unwrap();
    assert_eq!(events[0].event.content.by, weak.view.token.user);
    let renewed = home.rotate(&weak.view, 3600).await;
    let own = holder(&home, &renewed.view, &weak.secret);
    let change = home.retirement(own, &renewed.view, &weak.secret).await;
    home.commit(&change).await.unwrap();
}

/// The event has the new end of the secret, and its commitment.
pub async fn retirements_are_in_the_chain(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let (old, new) = overlapping(on, &home).await;
    let change = home.retirement(home.system(), &new.view, &old.secret).await;
    home.commit(&change).await.unwrap();
    let view = new.view.after(&change);
    let last = home.rotate(&view, 3600).await;
    let (tenant, id) = (home.tenant.id, old.view.token.id);
    let verify = async || {
        let mut verifier = ChainVerifier::default();
        for event in on.audit.chain(tenant, id, None, 100).await.unwrap() {
            verifier.push(&event).unwrap();
        }
        let record = on.audit.recorded(tenant, id).await.unwrap().unwrap();
        verifier.finish(&record)
    };
    assert_eq!(verify().await, Ok(()));
    let chain = on.audit.chain(tenant, id, None, 100).await.unwrap();
    let content = &chain[2].content;
    assert_eq!((content.kind, chain.len()), (EventKind::Updated, 4));
    assert_eq!(*content, change.event().content);
    let commitment = old.secret.digest().commitment();
    assert_eq!(content.secret_commitment, Some(commitment));
    assert_eq!(home.get(id).await, Some(last.view));
    // If somebody lets the secret work on after all, the verification shows it.
    on.execute("UPDATE token_secrets SET retires_at = created_at WHERE retires_at IS NOT NULL")
        .await;
    assert!(verify().await.is_err());
}

/// By a working secret, as the token itself; also by an older secret.
pub async fn a_token_without_permissions_on_tokens_ends_itself(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut draft = home.draft("program");
    draft.permissions = vec!["api.tasks.read".into()];
    let old = home.make_of(&draft).await;
    let new = home.rotate(&old.view, 3600).await;
    let change = home.revocation(holder(&home, &new.view, &old.secret), &new.view);
    assert!(matches!(change.write(), Write::Revoke { .. }));
    home.commit(&change).await.unwrap();
    assert_eq!(home.get(new.view.token.id).await, None);
    let (tenant, id) = (home.tenant.id, new.view.token.id);
    let events = on.tokens.events(tenant, id, None, 1).await.unwrap();
    let content = &events[0].event.content;
    assert_eq!(content.kind, EventKind::Revoked);
    assert_eq!(content.by, new.view.token.user);
}

/// Neither its token nor another secret of it.
pub async fn a_cut_secret_ends_nothing(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let (old, new) = overlapping(on, &home).await;
    let newest = home.rotate(&new.view, 3600).await;
    let by_old = || holder(&home, &newest.view, &old.secret);
    let whole = home.revocation(by_old(), &newest.view);
    let alone = home.retirement(by_old(), &newest.view, &new.secret).await;
    for change in [whole, alone] {
        let error = refused(&home, &change).await;
        assert!(matches!(error, CommitError::ActorGone), "{error:?}");
    }
}
