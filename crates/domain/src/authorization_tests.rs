//! Who is authorized for what: by permission, and on the actor's own token.

use super::*;
use crate::{samples, standard::*};

/// The reach of an authorization: any token, the actor's own token alone, or none.
#[derive(Debug, PartialEq, Eq)]
enum Reach {
    Any,
    Own,
    None,
}

fn actor(held: &[Permission]) -> Actor {
    samples::request(1, held).actor
}

fn reach<O: Operation>(held: &[Permission]) -> Reach {
    let (own, other) = (samples::token_id(1), samples::token_id(2));
    let authorized = match actor(held).authorize::<O>() {
        Ok(authorized) => authorized,
        Err(refused) => {
            assert_eq!(refused.permission, O::PERMISSION);
            return Reach::None;
        }
    };
    assert!(authorized.on(own).is_ok());
    let refused = InsufficientScope {
        permission: O::PERMISSION,
    };
    assert_eq!(authorized.on_any().is_ok(), actor(held).may::<O>());
    match (authorized.on(other), authorized.on_any()) {
        (Ok(_), Ok(_)) => Reach::Any,
        (Err(other), Err(any)) => {
            assert_eq!((&other, &any), (&refused, &refused));
            Reach::Own
        }
        differing => panic!("{differing:?}"),
    }
}

/// The reaches with the permission, without any, and with all but the permission.
fn reaches<O: Operation>() -> [Reach; 3] {
    let needed = O::PERMISSION.into_iter().collect::<Vec<_>>();
    let all = ALL.iter().cloned().chain([API_TOKENS_ROTATE_SELF]);
    let others = all.filter(|other| !needed.contains(other));
    let others = others.collect::<Vec<_>>();
    [reach::<O>(&needed), reach::<O>(&[]), reach::<O>(&others)]
}

#[test]
fn each_operation_asks_for_its_permission() {
    use Reach::{Any, None, Own};
    assert_eq!(reaches::<ReadTokens>(), [Any, None, None]);
    assert_eq!(reaches::<WriteTokens>(), [Any, None, None]);
    assert_eq!(reaches::<DeleteTokens>(), [Any, None, None]);
    assert_eq!(reaches::<ReadUsers>(), [Any, None, None]);
    assert_eq!(reaches::<ReadMetrics>(), [Any, None, None]);
    assert_eq!(reaches::<RotateTokens>(), [Any, None, Own]);
    assert_eq!(reaches::<RetireSecrets>(), [Any, Own, Own]);
    assert_eq!(reaches::<EndTokens>(), [Any, Own, Own]);
    assert_eq!(reaches::<UseOwnToken>(), [Own, Own, Own]);
}

/// An actor that holds a secret of another token may end that token, and nothing else.
#[test]
fn a_secret_of_another_token_counts_for_its_end_alone() {
    let holder = || Actor {
        possession: Some(samples::token_id(2)),
        ..actor(&[API_TOKENS_ROTATE_SELF])
    };
    let (held, other) = (samples::token_id(2), samples::token_id(3));
    let ending = holder().authorize::<EndTokens>().unwrap();
    assert!(ending.on(held).is_ok() && ending.on(other).is_err());
    let rotating = holder().authorize::<RotateTokens>().unwrap();
    assert!(rotating.on(samples::token_id(1)).is_ok() && rotating.on(held).is_err());
    assert!(holder().authorize::<DeleteTokens>().is_err());
}

#[test]
fn an_actor_without_a_token_has_none_of_its_own() {
    let system = |held: &[Permission]| Actor {
        token: None,
        ..actor(held)
    };
    assert!(system(ALL).authorize::<UseOwnToken>().is_err());
    assert!(system(&[]).authorize::<EndTokens>().is_err());
    let rotating = [API_TOKENS_ROTATE_SELF];
    assert!(system(&rotating).authorize::<RotateTokens>().is_err());
    assert!(system(ALL).authorize::<RotateTokens>().is_ok());
}

#[test]
fn admission_asks_for_no_more_than_the_own_token_needs() {
    fn admission<O: Operation>(held: &[Permission]) -> Option<Permission> {
        O::admission(&samples::set(held))
    }
    let (write, itself) = (API_TOKENS_WRITE, API_TOKENS_ROTATE_SELF);
    for (held, needed) in [
        (&[][..], &write),
        (std::slice::from_ref(&itself), &itself),
        (std::slice::from_ref(&write), &write),
        (&[write.clone(), itself.clone()], &write),
    ] {
        assert_eq!(admission::<RotateTokens>(held).as_ref(), Some(needed));
    }
    assert_eq!(admission::<WriteTokens>(&[]), Some(write));
    assert_eq!(admission::<RetireSecrets>(&[]), None);
    assert_eq!(admission::<UseOwnToken>(&[]), None);
}

#[test]
fn a_change_relies_on_what_authorized_it() {
    fn relied_on<O: Operation>(held: &[Permission], changed: u8) -> PermissionSet {
        O::relied_on(&actor(held), samples::token_id(changed))
    }
    let (write, itself) = (API_TOKENS_WRITE, API_TOKENS_ROTATE_SELF);
    let set = |permission: &Permission| samples::set(std::slice::from_ref(permission));
    for (held, changed, relied) in [
        (ALL, 1, &write),
        (ALL, 2, &write),
        (std::slice::from_ref(&itself), 1, &itself),
        (std::slice::from_ref(&itself), 2, &write),
    ] {
        assert_eq!(relied_on::<RotateTokens>(held, changed), set(relied));
    }
    assert_eq!(relied_on::<WriteTokens>(ALL, 1), set(&write));
    assert!(relied_on::<EndTokens>(ALL, 1).is_empty());
    let deletion = set(&API_TOKENS_DELETE);
    assert_eq!(relied_on::<EndTokens>(ALL, 2), deletion);
    assert_eq!(relied_on::<DeleteTokens>(ALL, 1), deletion);
}

#[test]
fn a_refusal_names_the_permission() {
    let refused = actor(&[]).authorize::<WriteTokens>().unwrap_err();
    let words = "the token lacks the permission api.api-tokens.write";
    assert_eq!(refused.to_string(), words);
}
