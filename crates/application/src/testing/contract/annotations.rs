//! Owner, description and metadata: kept by every change that does not name them, handed over with
//! the facts, and searched.

use countersign_domain::{
    ChainVerifier, Description, Metadata, NewToken, Owner, TokenView, WrittenAnnotations,
    caseless_key,
};

use super::{
    StoreUnderTest,
    filters::{all_ways, ask},
    reads::FIRST,
};
use crate::{
    query::{Compare, Filter, MetadataTest, TextField, TextTest},
    testing::{TestTenant, no_change, rename_to},
};

fn written(owner: &str, description: &str, metadata: &[(&str, &str)]) -> WrittenAnnotations {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    WrittenAnnotations {
        owner: Some(owner.to_owned()),
        description: Some(description.to_owned()),
        metadata: Some(metadata.iter().map(pair).collect()),
    }
}

const PAIRS: &[(&str, &str)] = &[
    ("plan", "gold"),
    ("quote", "it's \"\\ok\\\" $1"),
    ("x.y-z_1", ""),
];

async fn make(
    home: &TestTenant,
    name: &str,
    annotations: WrittenAnnotations,
) -> crate::IssuedToken {
    let draft = NewToken {
        annotations,
        ..home.draft(name)
    };
    home.make_of(&draft).await
}

/// From the creation on, through changes of other fields, a new secret and an empty value.
pub async fn annotations_stay_until_they_are_changed(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = make(&home, "a", written("Größe 1", "one\ntwo", PAIRS)).await;
    let id = made.view.token.id;
    assert_eq!(home.get(id).await.as_ref(), Some(&made.view));
    assert_eq!(made.view.token.owner, Owner::parse("Größe 1").ok());
    assert_eq!(made.view.token.metadata.iter().count(), 3);

    let renamed = home.update(&made.view, &rename_to("b")).await;
    let rotated = home.rotate(&renamed, 60).await.view;
    assert_eq!(home.get(id).await.as_ref(), Some(&rotated));
    assert_eq!(rotated.token.metadata, made.view.token.metadata);
    assert_eq!(
        rotated.token.description,
        Description::parse("one\ntwo").ok()
    );

    let mut edit = no_change(&rotated);
    edit.annotations = written("größe 1", "", &[("plan", "silver")]);
    let changed = home.update(&rotated, &edit).await;
    assert_eq!(home.get(id).await.as_ref(), Some(&changed));
    edit.annotations = written("", "back", &[]);
    let cleared = home.update(&changed, &edit).await;
    assert_eq!(home.get(id).await.as_ref(), Some(&cleared));
    assert_eq!(
        (&cleared.token.owner, cleared.token.metadata.is_empty()),
        (&None, true)
    );
}

/// With the events that tell of each change, and the rows that follow from them.
pub async fn annotations_are_in_the_history(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let view = make(&home, "a", written("acme", "text", PAIRS)).await.view;
    let mut edit = no_change(&view);
    edit.annotations = written("", "other", &[]);
    let view = home.update(&view, &edit).await;
    edit.annotations = written("Beta", "", PAIRS);
    let view = home.update(&view, &edit).await;
    let (tenant, id) = (home.tenant.id, view.token.id);
    for revoked in [false, true] {
        if revoked {
            home.revoke(&view).await;
        }
        let events = on.tokens.events(tenant, id, None, 100).await.unwrap();
        let mut verifier = ChainVerifier::default();
        for event in events.iter().rev() {
            verifier.push(&event.event).unwrap();
        }
        let record = on.audit.recorded(tenant, id).await.unwrap().unwrap();
        assert_eq!(verifier.finish(&record), Ok(()));
        assert_eq!(record.token.owner, Owner::parse("Beta").ok());
    }
}

/// A change is in the facts as soon as it is stored.
pub async fn facts_have_the_owner_and_the_metadata(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = make(&home, "a", written("acme", "text", PAIRS)).await;
    let digest = made.secret.digest();
    let found = on.tokens.find(&digest).await.unwrap().unwrap();
    assert_eq!(found.owner, Owner::parse("acme").ok());
    assert_eq!(found.metadata, made.view.token.metadata);
    let mut edit = no_change(&made.view);
    edit.annotations = written("", "", &[]);
    home.update(&made.view, &edit).await;
    let found = on.tokens.find(&digest).await.unwrap().unwrap();
    assert_eq!((found.owner, found.metadata), (None, Metadata::default()));
}

async fn crowd(home: &TestTenant) -> Vec<TokenView> {
    let cases: [(&str, &[(&str, &str)]); 8] = [
        ("acme", &[("plan", "gold"), ("env", "test")]),
        ("ACME", &[("plan", "silver")]),
        ("acme", &[("plan", "")]),
        ("Straße 1", PAIRS),
        ("100%", &[("env", "gold")]),
        ("日本", &[("plan", "gold")]),
        ("", &[]),
        ("", &[("plan", "Gold"), ("plans", "gold")]),
    ];
    let mut views = Vec::new();
    for (n, (owner, metadata)) in cases.into_iter().enumerate() {
        home.stores.clock.advance(60);
        let annotations = written(owner, "", metadata);
        views.push(make(home, &format!("t{n}"), annotations).await.view);
    }
    let gone = make(home, "gone", written("acme", "", PAIRS)).await.view;
    home.revoke(&gone).await;
    views
}

/// Byte for byte, or folded as names are; a token without an owner has no text at all.
pub async fn owners_are_searched_like_names(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let views = crowd(&home).await;
    let owner = |test| Filter::Text(TextField::Owner, test);
    let texts = ["acme", "ACME", "Acme", "", "日本", "zz", "100%", "a\0"].map(ToOwned::to_owned);
    for test in all_ways(&texts) {
        ask(&home, &views, owner(TextTest::Compare(test))).await;
    }
    for (needle, found) in [
        ("Acme", 3),
        ("STRASSE", 1),
        ("%", 1),
        ("_", 0),
        ("", 6),
        ("a\0", 0),
    ] {
        let needle = caseless_key(needle);
        for test in [
            TextTest::Equals,
            TextTest::StartsWith,
            TextTest::NotStartsWith,
        ] {
            ask(&home, &views, owner(test(needle.clone()))).await;
        }
        let count = ask(&home, &views, owner(TextTest::Contains(needle.clone()))).await;
        assert_eq!(count, found, "{needle:?}");
    }
    let exactly = Compare::Eq("acme".to_owned());
    let exactly = owner(TextTest::Compare(exactly));
    assert_eq!(ask(&home, &views, exactly.clone()).await, 2);
    let either = Filter::Any(vec![
        exactly.clone(),
        owner(TextTest::Equals("日本".into())),
    ]);
    assert_eq!(ask(&home, &views, either).await, 3);
    let both = Filter::All(vec![exactly, Filter::Revoked(true)]);
    let (tokens, tenant) = (&on.tokens, home.tenant.id);
    let gone = tokens.query(tenant, &both, &[], FIRST).await.unwrap();
    assert_eq!(gone.total, 1);
}

/// The whole value of that very key; a missing key has no value.
pub async fn metadata_is_searched_by_key(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let views = crowd(&home).await;
    let test = |key: &str, test| Filter::Metadata(key.to_owned(), test);
    let one_of =
        |values: &[&str]| MetadataTest::OneOf(values.iter().map(ToString::to_string).collect());
    for (key, values, found) in [
        ("plan", &["gold"][..], 3),
        ("plan", &[""], 1),
        ("plan", &["gold", "silver", "none"], 4),
        ("plan", &[], 0),
        ("plan", &["gold\0"], 0),
        ("quote", &["it's \"\\ok\\\" $1"], 1),
        ("x.y-z_1", &[""], 1),
        ("nothing", &["gold"], 0),
    ] {
        let count = ask(&home, &views, test(key, one_of(values))).await;
        assert_eq!(count, found, "{key} {values:?}");
    }
    for key in ["plan", "plans", "env", "x.y-z_1", "x", "nothing"] {
        let with = ask(&home, &views, test(key, MetadataTest::Exists(true))).await;
        let without = ask(&home, &views, test(key, MetadataTest::Exists(false))).await;
        assert_eq!(with + without, views.len(), "{key}");
    }
}
