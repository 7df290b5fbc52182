//! A row with a wrong value in any one column, and the result of each operation. No operation
//! panics, hides or breaks another token, admits a request that cannot be judged, or prevents the
//! revocation of the token.

use std::sync::Arc;

use countersign_domain::{ChainVerifier, EventKind, SecretDigest, TokenId, TokenUpdate, Version};

use super::{
    Bad, StoreUnderTest,
    columns::{
        API_TOKENS, AUDIT_EVENTS,
        Check::{self, Facts, Fault, Nameless, Unknown},
        Read::{self, Gone, Good, Unreadable},
        Row, TOKEN_SECRETS, TOKEN_USES, USERS,
    },
};
use crate::{
    Audit, IssuedToken, Tokens, UseCaseError,
    ports::{Lineage, StoreError},
    query::{Filter, ListField, ListTest, PageRequest, TextField, TextTest},
    testing::{NoopInvalidator, TestTenant, rename_to},
};

/// `api_tokens`.
pub async fn a_bad_column_of_a_record_stays_its_own(on: &StoreUnderTest) {
    every(on, "api_tokens", API_TOKENS).await;
}

/// `users`.
pub async fn a_bad_column_of_a_user_stays_its_own(on: &StoreUnderTest) {
    every(on, "users", USERS).await;
}

/// `token_secrets`.
pub async fn a_bad_column_of_a_secret_stays_its_own(on: &StoreUnderTest) {
    every(on, "token_secrets", TOKEN_SECRETS).await;
}

/// `token_uses`.
pub async fn a_bad_column_of_a_use_stays_its_own(on: &StoreUnderTest) {
    every(on, "token_uses", TOKEN_USES).await;
}

/// `audit_events`.
pub async fn a_bad_column_of_an_event_stays_its_own(on: &StoreUnderTest) {
    every(on, "audit_events", AUDIT_EVENTS).await;
}

/// A revocation does not repair what somebody did to the version or to the end of the chain.
pub async fn a_forced_revocation_leaves_the_break_in_the_chain(on: &StoreUnderTest) {
    for (column, bad) in [("version", Bad::Zero), ("chain_head", Bad::Hash)] {
        let value = on.backdoor.bad(bad).unwrap();
        let case = Case::new(on, "api_tokens", column, value).await;
        case.revoke(case.spoilt.view.token.id, Unreadable).await;
        let (by, mut verifier) = (case.home.by(), ChainVerifier::default());
        let audit = Audit::new(on.audit.clone());
        let broken = loop {
            let id = case.spoilt.view.token.id;
            if let Some(outcome) = audit.advance(&by, id, &mut verifier).await.unwrap() {
                break outcome;
            }
        };
        assert!(broken.is_err(), "{column}");
    }
}

/// Each in a tenant of its own, beside all those spoilt before.
async fn every(on: &StoreUnderTest, table: &str, rows: &[Row]) {
    for row in rows {
        let (column, bad, ..) = *row;
        if let Some(value) = on.backdoor.bad(bad) {
            Case::new(on, table, column, value).await.judge(row).await;
        }
    }
}

/// A token with a spoilt row, between two others.
struct Case<'a> {
    on: &'a StoreUnderTest,
    home: TestTenant,
    tokens: Tokens,
    spoilt: IssuedToken,
    others: [IssuedToken; 2],
    /// The case's name in messages.
    what: String,
}

impl<'a> Case<'a> {
    async fn new(on: &'a StoreUnderTest, table: &str, column: &str, value: &str) -> Self {
        let what = format!("{table}.{column} = {value}");
        let home = on.realm(&what).await;
        let first = home.make("first").await;
        let mut draft = home.draft("spoilt");
        draft.allowed_addresses = vec!["192.0.2.1".into()];
        let spoilt = home.make_of(&draft).await;
        let others = [first, home.make("last").await];
        let use_of = |made: &IssuedToken| crate::ports::UsageRecord {
            digest: made.secret.digest(),
            tenant: home.tenant.id,
            token: made.view.token.id,
            at: on.clock.now(),
            address: None,
        };
        on.usage.record(&[use_of(&spoilt)]).await.unwrap();
        let (id, token) = match table {
            "api_tokens" => ("id", spoilt.view.token.id.as_uuid()),
            "users" => ("id", spoilt.view.token.user.as_uuid()),
            _ => ("token_id", spoilt.view.token.id.as_uuid()),
        };
        let rows = format!("{id} = {}", on.backdoor.id(token));
        let sql = on.backdoor.overwrite(table, column, value, &rows);
        on.execute(&sql).await;
        let tokens = Tokens::new(
            on.tokens.clone(),
            on.clock.clone(),
            on.entropy.clone(),
            Arc::new(NoopInvalidator),
            home.policy.clone(),
        );
        Self {
            on,
            home,
            tokens,
            spoilt,
            others,
            what,
        }
    }

    async fn judge(&self, (_, _, check, record, secrets, events): &Row) {
        let (what, id) = (&self.what, self.spoilt.view.token.id);
        let by = self.home.by();
        let found = self.check(&self.spoilt.secret.digest()).await;
        assert_eq!(found, *check, "{what}: check");
        let got = self.tokens.get(&by, id).await;
        assert_eq!(outcome(got.map(drop)), *record, "{what}: get");
        self.lists(*record).await;
        self.descendants(*record).await;
        if *record != Gone {
            let told = self.tokens.secrets(&by, id).await;
            assert_eq!(outcome(told.map(drop)), *secrets, "{what}: secrets");
        }
        let told = self.tokens.events(&by, id, None, 9).await;
        assert_eq!(outcome(told.map(drop)), *events, "{what}: events");
        let place = self.on.feed.position().await.unwrap();
        let edited = self.edit(id, &rename_to("another"), 1).await;
        assert_eq!(edited, *record, "{what}: update");
        let now = if edited == Good { 2 } else { 1 };
        assert_eq!(self.rotate(id, now).await, *record, "{what}: rotate");
        for other in &self.others {
            let id = other.view.token.id;
            let found = self.check(&other.secret.digest()).await;
            assert_eq!(found, Facts, "{what}: another's check");
            let edit = rename_to(&format!("another of {id}"));
            assert_eq!(self.edit(id, &edit, 1).await, Good, "{what}: another");
            assert_eq!(self.rotate(id, 2).await, Good, "{what}: another");
        }
        self.revoke(id, *record).await;
        for other in &self.others {
            self.revoke(other.view.token.id, Good).await;
        }
        self.on.feed.since(&place, 100).await.unwrap();
    }

    async fn check(&self, digest: &SecretDigest) -> Check {
        match self.on.tokens.find(digest).await {
            Ok(Some(facts)) if facts.user_name.is_empty() => Nameless,
            Ok(Some(_)) => Facts,
            Ok(None) => Unknown,
            Err(StoreError::Corrupt { .. }) => Fault,
            Err(fault) => panic!("{}: {fault:?}", self.what),
        }
    }

    /// The other tokens are listed, and the spoilt one is named if it exists and cannot be read.
    /// The pages together neither skip nor repeat a token.
    async fn lists(&self, record: Read) {
        let (what, by) = (&self.what, self.home.by());
        let spoilt = self.spoilt.view.token.id;
        let mut all: Vec<_> = self.others.iter().map(|made| made.view.token.id).collect();
        all.extend((record != Gone).then_some(spoilt));
        all.sort_unstable();
        let (mut listed, mut named, mut after) = (Vec::new(), Vec::new(), None);
        loop {
            let mut part = self.tokens.list(&by, after, 2).await.unwrap();
            after = part.truncate(1);
            listed.extend(part.content.iter().map(|view| view.token.id));
            named.extend(part.unreadable.iter().map(|one| one.token));
            if after.is_none() {
                break;
            }
        }
        let unreadable: Vec<_> = (record == Unreadable)
            .then_some(spoilt)
            .into_iter()
            .collect();
        assert_eq!(named, unreadable, "{what}: list");
        listed.extend(named);
        listed.sort_unstable();
        assert_eq!(listed, all, "{what}: list");
        for filter in filters() {
            let (mut found, mut named) = (Vec::new(), Vec::new());
            for number in 0..3 {
                let page = PageRequest {
                    number,
                    size: 1,
                    count_to: None,
                };
                let page = self.tokens.query(&by, &filter, &[], page).await.unwrap();
                found.extend(page.content.iter().map(|view| view.token.id));
                named.extend(page.unreadable.iter().map(|one| one.token));
            }
            let others = found.iter().filter(|id| **id != spoilt).count();
            assert_eq!(others, 2, "{what}: query {filter:?}");
            if filter == Filter::All(Vec::new()) {
                assert_eq!(named, unreadable, "{what}: query");
                found.extend(named);
                found.sort_unstable();
                assert_eq!(found, all, "{what}: query");
            }
        }
    }

    /// The token is found by its id alone, because its descendants are to be revoked with it.
    async fn descendants(&self, record: Read) {
        let token = self.spoilt.view.token.id;
        let (by, lineage) = (self.home.by(), Lineage { token, since: None });
        let found = match self.tokens.descendants(&by, lineage, 9).await {
            Ok(found) => found.tokens.into_iter().map(|found| found.id).collect(),
            Err(UseCaseError::TokenNotFound) => Vec::new(),
            Err(failure) => panic!("{}: {failure:?}", self.what),
        };
        let live: Vec<_> = (record != Gone).then_some(token).into_iter().collect();
        assert_eq!(found, live, "{}: descendants", self.what);
    }

    async fn edit(&self, id: TokenId, edit: &TokenUpdate, version: i64) -> Read {
        let at = (id, Version::try_from(version).unwrap());
        let request = "request-2".parse().unwrap();
        let by = self.home.by();
        let updated = self.tokens.update(by, request, at, edit, false).await;
        outcome(updated.map(drop))
    }

    async fn rotate(&self, id: TokenId, version: i64) -> Read {
        let at = (id, Version::try_from(version).unwrap());
        let request = "request-3".parse().unwrap();
        let (by, overlap) = (self.home.by(), 60.try_into().unwrap());
        let rotated = self.tokens.rotate(&by, request, at, overlap).await;
        outcome(rotated.map(drop))
    }

    async fn revoke(&self, id: TokenId, record: Read) {
        let (what, by) = (&self.what, self.home.by());
        let request = "request-4".parse().unwrap();
        let revoked = self.tokens.revoke(self.home.by(), request, id, None);
        let expected = if record == Gone { Gone } else { Good };
        assert_eq!(outcome(revoked.await), expected, "{what}: revoke");
        let again = self.tokens.get(&by, id).await;
        assert_eq!(outcome(again.map(drop)), Gone, "{what}: revoked");
        let found = self.check(&self.spoilt.secret.digest()).await;
        let other = id != self.spoilt.view.token.id;
        assert!(other || matches!(found, Unknown), "{what}: {found:?}");
        if expected == Good
            && let Ok(events) = self.tokens.events(&by, id, None, 1).await
        {
            assert_eq!(events[0].event.content.kind, EventKind::Revoked, "{what}");
        }
    }
}

fn filters() -> [Filter; 4] {
    let entry = || vec!["api.tasks.read".to_owned()];
    [
        Filter::All(Vec::new()),
        Filter::List(ListField::Permissions, ListTest::ContainsAll(entry())),
        Filter::List(ListField::AllowedAddresses, ListTest::LacksAny(entry())),
        Filter::Text(TextField::PartialToken, TextTest::Contains("csg".into())),
    ]
}

fn outcome(outcome: Result<(), UseCaseError>) -> Read {
    match outcome {
        Ok(()) => Good,
        Err(UseCaseError::Unreadable(_)) => Unreadable,
        Err(UseCaseError::TokenNotFound) => Gone,
        Err(failure) => panic!("{failure:?}"),
    }
}
