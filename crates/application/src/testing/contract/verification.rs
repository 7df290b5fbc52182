//! Verification over the real store: nothing is found after changes that the rules allow, and
//! everything that was changed past them is found.

use std::sync::Arc;

use countersign_domain::{BrokenChain, Search, Secret, Timestamp};

use super::{StoreUnderTest, usage::used};
use crate::{
    Audit, Finding, Head, IssuedToken, Verified,
    ports::Stray,
    testing::{Notes, TestTenant, no_change, rename_to},
};

async fn verify(on: &StoreUnderTest, earlier: Vec<Head>) -> (Verified, Notes) {
    let mut notes = Notes::since(earlier);
    let audit = Audit::new(Arc::clone(&on.audit));
    let verified = audit.verify(&mut notes).await.unwrap();
    (verified, notes)
}

/// Pseudo-random numbers, the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        // Xorshift (G. Marsaglia, Journal of Statistical Software 8/14).
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Makes one random change of a token.
async fn happen(
    home: &TestTenant,
    dice: &mut Dice,
    made: IssuedToken,
    n: u64,
) -> Option<IssuedToken> {
    let (view, clock) = (&made.view, &home.stores.clock);
    match dice.roll(8) {
        0 => {
            home.revoke(view).await;
            return None;
        }
        1 | 2 => {
            let overlap = u32::try_from(dice.roll(3) * 40).unwrap();
            return Some(home.rotate(view, overlap).await);
        }
        3 => {
            let at = clock.now().to_string();
            let address = (dice.roll(2) == 0).then_some("192.0.2.7");
            let used = used(&made, made.secret.digest(), &at, address);
            home.stores.usage.record(&[used]).await.unwrap();
            return Some(made);
        }
        4 => {
            // Also back, because the clocks of two nodes may differ.
            clock.advance(i64::try_from(dice.roll(90)).unwrap() - 30);
            return Some(made);
        }
        _ => {}
    }
    let mut edit = match dice.roll(2) {
        0 => no_change(view),
        _ => rename_to(&format!("renamed {n}")),
    };
    edit.expiry = Some(view.token.expiry.minus_seconds(1));
    edit.allowed_addresses = (dice.roll(2) == 0).then(|| vec![format!("192.0.2.{}", n % 200)]);
    edit.permissions = (dice.roll(3) == 0).then(|| vec!["api.tasks.read".to_owned()]);
    let view = home.update(view, &edit).await;
    Some(IssuedToken { view, ..made })
}

/// Changes that the rules allow, in any order, with clocks that step back; and each verification
/// has the heads of the one before.
pub async fn whatever_is_done_verifies(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let (mut dice, mut live, mut made, mut seen) = (Dice(7), Vec::new(), 0, Vec::new());
    for n in 0..240 {
        let place = usize::try_from(dice.roll(12)).unwrap();
        if place < live.len() {
            let token = live.swap_remove(place);
            live.extend(happen(&home, &mut dice, token, n).await);
        } else {
            made += 1;
            live.push(home.make(&format!("token {n}")).await);
        }
        if n % 40 == 39 {
            let (verified, notes) = verify(on, seen).await;
            assert_eq!(notes.findings, []);
            assert_eq!(verified.tokens, made);
            seen = notes.heads;
            assert_eq!(u64::try_from(seen.len()).unwrap(), made);
            assert!(seen.is_sorted_by_key(Head::key));
        }
    }
}

/// Its user, its secrets with all their columns, its last use, and its search row.
pub async fn all_that_is_stored_of_a_token_is_read_at_once(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let first = home.make("rotated").await;
    on.clock.advance(5);
    let second = home.rotate(&first.view, 60).await;
    let at = "2026-06-01T12:00:07.000003Z";
    let noted = used(&second, second.secret.digest(), at, Some("2001:db8::1"));
    on.usage.record(&[noted]).await.unwrap();
    let (tenant, id) = (home.tenant.id, first.view.token.id);
    let read = async || on.audit.recorded(tenant, id).await.unwrap().unwrap();
    let record = read().await;
    assert_eq!(record.token, second.view.token);
    assert_eq!(&*record.name_key, second.view.token.name.key());
    let user = record.user.unwrap();
    assert_eq!((&*user.name, user.closed), ("rotated", None));
    assert!(user.stands_for_a_token && user.created == first.view.token.created);
    let mut secrets = record.secrets;
    secrets.sort_by_key(|secret| secret.created);
    let kept: Vec<_> = secrets
        .iter()
        .map(|one| (one.digest, one.partial.clone(), one.valid_until))
        .collect();
    let shown = |secret: &Secret, end: Option<Timestamp>| (secret.digest(), secret.masked(), end);
    let end = on.clock.now().plus_seconds(60);
    let expected = [shown(&first.secret, Some(end)), shown(&second.secret, None)];
    assert_eq!(kept, expected);
    assert_eq!(record.uses.unwrap().last, secrets[1].last_used);
    assert_eq!(secrets[1].last_used.unwrap().at.to_string(), at);
    if let Search::Row(row) = record.search {
        assert_eq!(row.unwrap().permissions, record.token.permissions);
    }

    home.revoke(&second.view).await;
    let gone = read().await;
    assert_eq!(gone.revoked, Some(on.clock.now()));
    assert_eq!(gone.user.unwrap().closed, gone.revoked);
    assert_eq!((gone.uses, gone.secrets.len()), (None, 2));
    assert!(matches!(gone.search, Search::Records | Search::Row(None)));
}

/// Somebody who may only insert makes a secret of their own valid for a token.
pub async fn a_secret_that_no_event_made_is_found(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let view = home.make("root").await.view;
    on.execute(
        "INSERT INTO token_secrets (digest, tenant_id, token_id, partial_token, created_at) \
         SELECT chain_head, tenant_id, id, partial_token, created_at FROM api_tokens",
    )
    .await;
    let (_, notes) = verify(on, vec![]).await;
    let broken = Finding::Broken {
        tenant: home.tenant.id,
        token: view.token.id,
        fault: BrokenChain::SecretUnknown,
    };
    assert_eq!(notes.findings, [broken]);
}

/// The number and the dates of all secrets are as before.
pub async fn a_secret_that_was_exchanged_is_found(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    home.make("root").await;
    on.execute("UPDATE token_secrets SET digest = (SELECT chain_head FROM api_tokens)")
        .await;
    let (_, notes) = verify(on, vec![]).await;
    let [Finding::Broken { fault, .. }] = notes.findings[..] else {
        panic!("{:?}", notes.findings)
    };
    assert_eq!(fault, BrokenChain::SecretUnknown);
}

/// A user beside those of the tenants and the tokens.
pub async fn a_user_that_stands_for_no_token_is_found(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    home.revoke(&home.make("gone").await.view).await;
    home.make("live").await;
    assert_eq!(on.audit.strays(9).await.unwrap(), []);
    on.execute(
        "INSERT INTO users (tenant_id, id, name, kind, created_at) \
         SELECT tenant_id, tenant_id, 'ghost', 'api_token', created_at FROM users WHERE kind = 'system'",
    )
    .await;
    let stray = Stray {
        table: "users",
        tenant: home.tenant.id,
        id: *home.tenant.id.as_uuid(),
    };
    assert_eq!(on.audit.strays(9).await.unwrap(), [stray]);
    let (_, notes) = verify(on, vec![]).await;
    assert_eq!(notes.findings, [Finding::Stray(stray)]);
}
