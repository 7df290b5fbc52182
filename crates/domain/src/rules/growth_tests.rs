//! Property test: whatever a token does, in whatever order, nothing that it creates or changes ever
//! holds more than it does.

use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{select, subsequence},
};

use super::*;
use crate::{
    Actor, Permission, Secret, Timestamp, TokenView, WrittenAnnotations, samples, standard,
};

const POOL: &[Permission] = &[
    standard::API_TOKENS_WRITE,
    standard::TASKS_READ,
    standard::TASKS_WRITE,
    standard::USERS_READ,
    standard::USERS_WRITE,
];
const PLACES: &[&str] = &[
    "192.0.2.0/24",
    "192.0.2.1",
    "198.51.100.0/24",
    "0.0.0.0/0",
    "::/0",
];

#[derive(Debug, Clone)]
enum Step {
    Make(NewToken),
    Change(prop::sample::Index, TokenUpdate),
    Rotate(prop::sample::Index),
    /// The owner narrows the first token, by everything in this edit that narrows.
    Contain(TokenUpdate),
}

/// Which token created or rotated which, by their indexes in the list of tokens.
type Makers = Vec<(usize, usize)>;

fn descent(makers: &Makers, from: usize, ancestor: usize) -> Descent {
    let mut up = vec![from];
    let mut next = 0;
    while let Some(token) = up.get(next).copied() {
        let of_it = makers.iter().filter(|(made, _)| *made == token);
        let new: Vec<_> = of_it
            .map(|(_, by)| *by)
            .filter(|by| !up.contains(by))
            .collect();
        up.extend(new);
        next += 1;
    }
    if up.contains(&ancestor) {
        Descent::Descendant
    } else {
        Descent::Apart
    }
}

fn names() -> impl Strategy<Value = Vec<String>> {
    subsequence(POOL, 0..=POOL.len())
        .prop_map(|some| some.iter().map(ToString::to_string).collect())
}

fn places() -> impl Strategy<Value = Vec<String>> {
    subsequence(PLACES, 0..=PLACES.len())
        .prop_map(|some| some.into_iter().map(ToOwned::to_owned).collect())
}

fn expiry() -> impl Strategy<Value = Timestamp> {
    select(vec![
        "2026-05-30T00:00:00Z",
        "2026-06-02T00:00:00Z",
        "2026-11-01T12:00:00Z",
        "2028-01-01T00:00:00Z",
    ])
    .prop_map(samples::at)
}

/// Annotations, which never decide anything.
fn annotations() -> impl Strategy<Value = WrittenAnnotations> {
    let pairs = option::of(prop::collection::vec(("[ab]", "[xy]"), 0..3));
    (option::of("[ab]?"), option::of("[ab]?"), pairs).prop_map(|(owner, description, metadata)| {
        WrittenAnnotations {
            owner,
            description,
            metadata,
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    let make = ("[a-c]", expiry(), places(), names(), annotations()).prop_map(
        |(name, expiry, allowed_addresses, permissions, annotations)| {
            Step::Make(NewToken {
                name,
                expiry,
                allowed_addresses,
                permissions,
                annotations,
            })
        },
    );
    let edit = (
        "[a-c]",
        option::of(expiry()),
        option::of(places()),
        option::of(names()),
        any::<bool>(),
        annotations(),
    );
    let edit = edit
        .prop_map(
            |(name, expiry, allowed_addresses, permissions, allow_lockout, annotations)| {
                TokenUpdate {
                    name,
                    expiry,
                    allowed_addresses,
                    permissions,
                    annotations,
                    allow_lockout,
                }
            },
        )
        .boxed();
    let change = (any::<prop::sample::Index>(), edit.clone());
    prop_oneof![
        4 => make,
        4 => change.prop_map(|(which, edit)| Step::Change(which, edit)),
        2 => any::<prop::sample::Index>().prop_map(Step::Rotate),
        1 => edit.prop_map(Step::Contain),
    ]
}

/// Narrows the first token wherever the owner's edit narrows it, and ignores the rest of the edit.
fn contain(edit: &TokenUpdate, tokens: &mut [TokenView]) {
    let old = &tokens[0];
    let fields = [
        TokenUpdate {
            expiry: None,
            ..edit.clone()
        },
        TokenUpdate {
            expiry: edit.expiry.filter(|at| *at <= old.token.expiry),
            allowed_addresses: None,
            permissions: None,
            ..edit.clone()
        },
    ];
    for edit in fields {
        let owner = samples::request(250, standard::ALL);
        let decided = Policy::default().update(&owner, &tokens[0], &edit, Descent::Apart);
        if let Ok(UpdateOutcome::Changed(change)) = decided
            && !widened(&tokens[0].token, change.next())
        {
            tokens[0] = tokens[0].after(&change);
        }
    }
}

fn widened(old: &Token, new: &Token) -> bool {
    new.expiry > old.expiry
        || !old.addresses.covers(&new.addresses)
        || !new.permissions.is_subset(&old.permissions)
}

/// A token whose own check fails makes no step: its expiry, its addresses, the permission.
fn actor(own: &TokenView) -> Option<Actor> {
    let credential = std::sync::Arc::new(crate::Credential {
        tenant: own.token.tenant,
        token: own.token.id,
        version: own.token.version,
        user: own.token.user,
        user_name: own.token.name.as_str().into(),
        permissions: own.token.permissions.clone(),
        addresses: own.token.addresses.clone(),
        expiry: own.token.expiry,
        valid_until: None,
        created: own.token.created,
        modified: own.token.modified,
        owner: own.token.owner.clone(),
        metadata: own.token.metadata.clone(),
    });
    let address = Some([192, 0, 2, 1].into());
    let attempt = crate::Attempt {
        now: samples::now(),
        address,
        permission: Some(&standard::API_TOKENS_WRITE),
    };
    credential.admit(&attempt).ok().map(Actor::from)
}

/// Takes a step as the token at that index; returns the changed token before and after.
fn take(
    (request, acting): (&Request, usize),
    step: &Step,
    (tokens, makers): (&mut Vec<TokenView>, &mut Makers),
) -> Option<(Option<TokenView>, TokenView)> {
    let policy = Policy::default();
    let n = u8::try_from(tokens.len()).unwrap() + 100;
    let secret = Secret::from_random(&[n; 32]);
    match step {
        Step::Make(draft) => {
            let fresh = NewTokenMaterial {
                token: samples::token_id(n),
                user: samples::user_id(n),
                secret: &crate::StoredSecret::from(&secret),
                once: None,
            };
            let change = policy.create(request, draft, fresh).ok()?;
            let made = TokenView::of_new(&change);
            makers.push((tokens.len(), acting));
            tokens.push(made.clone());
            Some((None, made))
        }
        Step::Change(which, edit) => {
            let index = which.index(tokens.len());
            let old = tokens[index].clone();
            let descent = descent(makers, acting, index);
            match policy.update(request, &old, edit, descent).ok()? {
                UpdateOutcome::Unchanged => None,
                UpdateOutcome::Changed(change) => {
                    tokens[index] = old.after(&change);
                    Some((Some(old), tokens[index].clone()))
                }
            }
        }
        Step::Rotate(which) => {
            let index = which.index(tokens.len());
            let old = tokens[index].clone();
            let descent = descent(makers, acting, index);
            let rotated = policy.rotate(request, &old, &secret, Overlap::NONE, descent);
            tokens[index] = old.after(&rotated.ok()?);
            makers.push((index, acting));
            Some((Some(old), tokens[index].clone()))
        }
        Step::Contain(edit) => {
            contain(edit, tokens);
            None
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_sequence_of_steps_goes_beyond_the_actor(
        held in subsequence(POOL, 0..POOL.len()), strong in subsequence(POOL, 1..=POOL.len()),
        steps in vec((any::<prop::sample::Index>(), step()), 1..24),
    ) {
        let own: Vec<_> = held.into_iter().chain([standard::API_TOKENS_WRITE]).collect();
        // The second token belongs to a stranger and may be stronger. The first and all its
        // descendants act, and the second does once one of them gave it a secret.
        let mut tokens = vec![samples::view(1, &own), samples::view(2, &strong)];
        let mut makers = Makers::new();
        for (who, step) in &steps {
            let who = who.index(tokens.len());
            if who == 1 && descent(&makers, 1, 0) == Descent::Apart { continue }
            let acting = tokens[who].clone();
            let Some(actor) = actor(&acting) else { continue };
            let request = Request { actor, ..samples::request(1, &own) };
            let first = tokens[0].token.clone();
            let taken = take((&request, who), step, (&mut tokens, &mut makers));
            prop_assert!(!widened(&first, &tokens[0].token), "the first was widened by {step:?}");
            let Some((old, new)) = taken else { continue };
            let had = old.as_ref().map_or_else(|| samples::set(&[]), |view| view.token.permissions.clone());
            let added = new.token.permissions.difference(&had);
            prop_assert!(added.is_subset(&request.actor.permissions), "{added:?} was not the actor's to give");
            if let Some(old) = old {
                prop_assert_eq!(new.token.version, old.token.version.next());
                let longer = new.token.expiry > old.token.expiry;
                let wider = !old.token.addresses.covers(&new.token.addresses);
                prop_assert!(!(new.token.id == acting.token.id && (longer || wider)), "an actor widened itself");
                prop_assert!(!(longer || wider) || new.token.permissions.is_subset(&request.actor.permissions));
            }
        }
        let own: PermissionSet = own.into_iter().collect();
        let stranger = own.union(&samples::set(&strong));
        for (index, view) in tokens.iter().enumerate() {
            let bound = if index == 1 { &stranger } else { &own };
            prop_assert!(view.token.permissions.is_subset(bound), "token {index} outgrew those that made it");
        }
    }
}
