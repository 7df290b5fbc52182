//! An actor whose list of addresses changed while its request was under way.

use countersign_domain::{AllowedAddresses, standard::*};

use crate::{
    UseCaseError,
    ports::{CommitError, MockTokenStore},
    samples::{actor, rename, request_id, token_id, tokens, view},
};

/// The decision leant on the empty list. A list that admits the request as well decides anew.
#[tokio::test]
async fn a_list_of_addresses_that_came_meanwhile_decides() {
    for (entry, admitted) in [("192.0.2.0/24", true), ("198.51.100.0/24", false)] {
        let mut store = MockTokenStore::new();
        store.expect_get().returning(move |_, id| {
            let mut found = view(if id == token_id(1) { 1 } else { 2 }, 3);
            if id == token_id(1) {
                found.token.addresses = AllowedAddresses::parse([entry]).unwrap();
            }
            Ok(Some(found))
        });
        store.expect_commit().times(1..=2).returning(move |change| {
            match &change.authority().address_entry {
                Some(leant_on) if leant_on == entry => Ok(()),
                _ => Err(CommitError::ActorMoved),
            }
        });
        let target = (token_id(2), 3.try_into().unwrap());
        let tokens = tokens(store);
        let (writer, edit) = (actor(&[API_TOKENS_WRITE, TASKS_READ]), rename("new"));
        let by = writer.authorize().unwrap();
        let updated = tokens.update(by, request_id(), target, &edit, false);
        match updated.await {
            Ok(_) => assert!(admitted, "{entry}"),
            Err(UseCaseError::ActorAway) => assert!(!admitted, "{entry}"),
            Err(other) => panic!("{entry}: {other:?}"),
        }
    }
}
