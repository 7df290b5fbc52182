//! Which changes a batch may hold beside each other (docs/adr/0033).

use std::collections::HashMap;

use countersign_domain::{Change, TenantId, TokenId, UserId, Write};

/// What the changes of a batch write, or rely on.
#[derive(Default)]
pub(super) struct Claims(HashMap<Claim, ClaimKind>);

#[derive(Debug, PartialEq, Eq, Hash)]
enum Claim {
    Token(TokenId),
    Name(TenantId, Box<str>),
    Key(TenantId, UserId, Box<str>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClaimKind {
    /// Any number of changes may, of those that do not write it.
    ReliesOn,
    /// One change may.
    Writes,
}

impl Claims {
    /// Adds a change unless it meets another one: those that were admitted come out the same in any
    /// order.
    pub(super) fn admit(&mut self, change: &Change) -> bool {
        let (authority, next) = (change.authority(), change.next());
        let mut things = vec![(Claim::Token(next.id), ClaimKind::Writes)];
        if let Some(actor) = authority.token.filter(|actor| *actor != next.id) {
            things.push((Claim::Token(actor), ClaimKind::ReliesOn));
        }
        if let Some(renamed) = &change.event().content.changes.name {
            let mut keys: Vec<_> = [&renamed.before, &renamed.after]
                .into_iter()
                .flatten()
                .collect();
            keys.dedup_by_key(|name| name.key());
            let of_tenant = |key: &str| Claim::Name(authority.tenant, key.into());
            things.extend(
                keys.iter()
                    .map(|name| (of_tenant(name.key()), ClaimKind::Writes)),
            );
        }
        if let Write::Create {
            once: Some(once), ..
        } = change.write()
        {
            let key = once.key.as_str().into();
            let key = Claim::Key(authority.tenant, authority.user, key);
            things.push((key, ClaimKind::Writes));
        }
        let meets = |(thing, touch): &(Claim, ClaimKind)| {
            let other = self.0.get(thing);
            other.is_some_and(|other| [*other, *touch].contains(&ClaimKind::Writes))
        };
        if things.iter().any(meets) {
            return false;
        }
        self.0.extend(things);
        true
    }
}
