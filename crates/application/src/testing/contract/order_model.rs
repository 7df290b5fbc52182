//! What random changes of a few tokens do, one after the other.

pub(super) const TOKENS: usize = 5;
pub(super) const NAMES: usize = TOKENS + 3;

/// A change of one token by another one, or by itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) by: usize,
    pub(super) of: usize,
    pub(super) what: What,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    /// Takes the name of this number.
    Rename(usize),
    /// Takes the right to write away.
    Narrow,
    /// Ends a second earlier.
    Shorten,
    /// Makes a token of this name, under the round's key or without one.
    Create(usize, bool),
    /// Gets a new secret.
    Rotate,
    /// Ends.
    Revoke,
}

/// What decides about the changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub(super) names: [usize; TOKENS],
    live: [bool; TOKENS],
    changed: [bool; TOKENS],
    may_write: [bool; TOKENS],
    /// The names of new tokens, and who made one under the key.
    made: [bool; NAMES],
    used: [bool; TOKENS],
}

/// What a change ended with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum End {
    Stored,
    Stale,
    NotFound,
    NameTaken,
    Gone,
    Narrowed,
    AlreadyMade,
}

impl State {
    pub(super) fn of(names: [usize; TOKENS]) -> Self {
        Self {
            names,
            live: [true; TOKENS],
            changed: [false; TOKENS],
            may_write: [true; TOKENS],
            made: [false; NAMES],
            used: [false; TOKENS],
        }
    }

    fn is_taken(&self, name: usize) -> bool {
        self.made[name] || (0..TOKENS).any(|n| self.live[n] && self.names[n] == name)
    }

    /// One change, after those before.
    fn apply(&mut self, Plan { by, of, what }: Plan) -> End {
        // A token may end itself.
        let needs_right = !(by == of && matches!(what, What::Revoke));
        if !self.live[by] {
            return End::Gone;
        }
        if needs_right && !self.may_write[by] {
            return End::Narrowed;
        }
        if let What::Create(name, under_key) = what {
            if under_key && self.used[by] {
                return End::AlreadyMade;
            }
            if self.is_taken(name) {
                return End::NameTaken;
            }
            self.made[name] = true;
            self.used[by] |= under_key;
            return End::Stored;
        }
        if !self.live[of] {
            return End::NotFound;
        }
        if self.changed[of] {
            return End::Stale;
        }
        match what {
            What::Rename(name) if self.is_taken(name) => return End::NameTaken,
            What::Rename(name) => self.names[of] = name,
            What::Narrow => self.may_write[of] = false,
            What::Revoke => self.live[of] = false,
            What::Shorten | What::Rotate | What::Create(..) => {}
        }
        self.changed[of] = true;
        End::Stored
    }

    /// Whether some order of what is left leads to these ends.
    pub(super) fn explains(self, left: &mut Vec<(Plan, End)>) -> bool {
        if left.is_empty() {
            return true;
        }
        (0..left.len()).any(|next| {
            let (plan, end) = left.remove(next);
            let mut after = self;
            let explained = after.apply(plan) == end && after.explains(left);
            left.insert(next, (plan, end));
            explained
        })
    }
}
