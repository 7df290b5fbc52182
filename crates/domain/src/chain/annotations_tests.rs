//! Tests of annotations in histories: those that were changed past the events are named, and a token
//! without any has a history like one of before they existed.

use super::{
    tests::{history, verify},
    *,
};

type Alter = fn(&mut RecordSnapshot);

#[test]
fn annotations_that_were_changed_beside_the_events_are_noticed() {
    let (events, record) = history(3);
    let alterations: [(&str, Alter); 7] = [
        ("owner", |record| record.token.owner = None),
        ("owner", |record| {
            record.token.owner = Owner::parse("acme").ok();
        }),
        ("ownerKey", |record| record.owner_key = None),
        ("ownerKey", |record| {
            record.owner_key = Some("Acme".into());
        }),
        ("description", |record| record.token.description = None),
        ("metadata", |record| {
            record.token.metadata = Metadata::default();
        }),
        ("metadata", |record| {
            record.token.metadata = Metadata::parse([("plan", "free")]).unwrap();
        }),
    ];
    for (field, alter) in alterations {
        let mut altered = record.clone();
        alter(&mut altered);
        let named = Err(BrokenChain::RecordDiffers(field));
        assert_eq!(verify(&events, &altered), named);
    }
}

#[test]
fn an_owner_that_no_event_gave_is_noticed() {
    let (events, mut record) = history(1);
    record.token.description = Description::parse("planted").ok();
    let named = Err(BrokenChain::RecordDiffers("description"));
    assert_eq!(verify(&events, &record), named);
}
