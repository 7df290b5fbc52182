//! The secrets that a token has had, by its events, and the comparison with the stored ones. Events
//! of the first encoding show how many there are, when each was made and when it ends; later events
//! also show which ones they are.

use std::collections::{BTreeSet, HashMap};

use super::{BrokenChain, SecretSnapshot};
use crate::{
    EventContent, EventKind, FieldChange, PartialToken, SecretCommitment, Timestamp, Version,
};

/// The secrets that a token's events made. Each takes about 150 bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct Secrets {
    made: Vec<IssuedSecret>,
    /// The end of each secret, with its index, so that a rotation finds those that still work.
    ends: BTreeSet<(Timestamp, usize)>,
}

/// A secret as its events describe it.
#[derive(Debug, Clone)]
struct IssuedSecret {
    version: Version,
    at: Timestamp,
    commitment: Option<SecretCommitment>,
    /// The partial token; unknown for a first secret that was never replaced.
    partial: Option<PartialToken>,
    valid_until: Option<Timestamp>,
}

impl Secrets {
    /// The number of secrets that the token ever had.
    pub(super) fn len(&self) -> usize {
        self.made.len()
    }

    /// Applies an event to the secrets; `false` if the event cannot have been written like that.
    pub(super) fn take(&mut self, content: &EventContent) -> bool {
        let changes = &content.changes;
        let partial = changes.partial_token.as_ref();
        let ends = changes.replaced_retires_at.as_ref();
        match content.kind {
            EventKind::Updated if ends.is_some() => {
                return partial.is_none() && self.end_early(content);
            }
            EventKind::Updated | EventKind::Revoked => return partial.is_none() && ends.is_none(),
            EventKind::Created => {}
            EventKind::Rotated => {
                let Some(valid_until) = ends.and_then(|change| change.after) else {
                    return false;
                };
                self.end(content.at, valid_until);
                if let Some(newest) = self
                    .made
                    .last_mut()
                    .filter(|newest| newest.partial.is_none())
                {
                    newest.partial = partial.and_then(|change| change.before.clone());
                }
            }
        }
        self.made.push(IssuedSecret {
            version: content.version_after,
            at: content.at,
            commitment: content.secret_commitment,
            partial: partial.and_then(|change| change.after.clone()),
            valid_until: None,
        });
        true
    }

    /// Ends the newest secret when the rotation says, and those before it now, unless they have
    /// ended already.
    fn end(&mut self, now: Timestamp, valid_until: Timestamp) {
        let still_work = self.ends.split_off(&(now, usize::MAX));
        let newest = self
            .made
            .len()
            .checked_sub(1)
            .map(|place| (valid_until, place));
        let cut = still_work.into_iter().map(|(_, place)| (now, place));
        for (end, place) in cut.chain(newest) {
            if let Some(made) = self.made.get_mut(place) {
                made.valid_until = Some(end);
            }
            self.ends.insert((end, place));
        }
    }

    /// Ends a replaced secret before its time; `false` if no secret ends at the old instant, or if
    /// the event would prolong it.
    fn end_early(&mut self, content: &EventContent) -> bool {
        let Some(FieldChange {
            before: Some(before),
            after: Some(after),
        }) = content.changes.replaced_retires_at
        else {
            return false;
        };
        let ended = content.secret_commitment;
        let made = self.made.iter_mut().enumerate().rev();
        // A secret of the first encoding is identified only by its end: at most one works beside
        // the newest.
        let found = made
            .filter(|(_, made)| made.valid_until == Some(before))
            .find(|(_, made)| made.commitment.is_none_or(|known| Some(known) == ended));
        let Some((place, made)) = found.filter(|_| after < before) else {
            return false;
        };
        made.commitment = ended;
        made.valid_until = Some(after);
        self.ends.remove(&(before, place));
        self.ends.insert((after, place));
        true
    }

    /// Compares the secrets with the stored ones. The newest one's partial token comes from the
    /// record.
    pub(super) fn compare(
        &self,
        rows: &[SecretSnapshot],
        shown: &PartialToken,
    ) -> Result<(), BrokenChain> {
        let (committed, uncommitted): (Vec<_>, Vec<_>) =
            self.made.iter().partition(|made| made.commitment.is_some());
        let mut expected: HashMap<_, _> = committed
            .into_iter()
            .map(|made| (made.commitment, made))
            .collect();
        let mut unknown = Vec::new();
        for row in rows {
            match expected.remove(&Some(row.digest.commitment())) {
                Some(made) => self.agree(made, row, shown)?,
                None => unknown.push(row),
            }
        }
        if unknown.len() > uncommitted.len() {
            return Err(BrokenChain::SecretUnknown);
        }
        if let Some(missing) = expected.values().map(|made| made.version).min() {
            return Err(BrokenChain::SecretMissing(missing));
        }
        self.pair(uncommitted, unknown, shown)
    }

    /// Pairs secrets of the first encoding with rows that no commitment names; there are no more
    /// rows than secrets. Two that were made at the same instant differ by their ends.
    fn pair(
        &self,
        mut uncommitted: Vec<&IssuedSecret>,
        mut rows: Vec<&SecretSnapshot>,
        shown: &PartialToken,
    ) -> Result<(), BrokenChain> {
        uncommitted.sort_by_key(|made| (made.at, made.valid_until));
        rows.sort_by_key(|row| (row.created, row.valid_until));
        let mut rows = rows.into_iter().peekable();
        let complete = uncommitted.len() == rows.len();
        for made in uncommitted {
            let row = rows.next_if(|row| complete || row.created == made.at);
            let row = row.ok_or(BrokenChain::SecretMissing(made.version))?;
            self.agree(made, row, shown)?;
        }
        Ok(())
    }

    fn agree(
        &self,
        made: &IssuedSecret,
        row: &SecretSnapshot,
        shown: &PartialToken,
    ) -> Result<(), BrokenChain> {
        let newest = self.made.last().map(|newest| newest.version);
        let partial = if newest == Some(made.version) {
            Some(shown)
        } else {
            made.partial.as_ref()
        };
        let columns = [
            ("created_at", row.created == made.at),
            ("retires_at", row.valid_until == made.valid_until),
            (
                "partial_token",
                partial.is_none_or(|partial| *partial == row.partial),
            ),
        ];
        match columns.iter().find(|(_, same)| !same) {
            Some((column, _)) => Err(BrokenChain::SecretDiffers(made.version, column)),
            None => Ok(()),
        }
    }
}
