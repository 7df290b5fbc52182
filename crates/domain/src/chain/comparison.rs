//! The end of a verification: the state that follows from the events is compared with everything
//! that is stored.

use super::{BrokenChain, ChainVerifier, RecordSnapshot, Search};
use crate::Owner;

const SEARCH: &str = "token_search";
const USES: &str = "token_uses";

/// The first column that differs.
fn differing(columns: &[(&'static str, bool)]) -> Option<&'static str> {
    let found = columns.iter().find(|(_, same)| !same);
    found.map(|(column, _)| *column)
}

impl ChainVerifier {
    /// Compares the end of the chain, and the state that follows from its events, with the stored
    /// record.
    ///
    /// # Errors
    /// Returns the first difference.
    pub fn finish(&self, record: &RecordSnapshot) -> Result<(), BrokenChain> {
        let token = &record.token;
        if self.version != Some(token.version) || self.hash != record.head {
            return Err(BrokenChain::WrongEnd);
        }
        self.compare_record(record)?;
        self.secrets.compare(&record.secrets, &token.partial)?;
        compare_user(record)?;
        compare_search(record)?;
        compare_uses(record)
    }

    fn compare_record(&self, record: &RecordSnapshot) -> Result<(), BrokenChain> {
        let token = &record.token;
        let owner_key = token.owner.as_ref().map(Owner::key);
        let owner_key = owner_key.as_deref();
        let fields = [
            ("name", self.name.as_ref() == Some(&token.name)),
            ("nameKey", token.name.had_key(&record.name_key)),
            ("expiry", self.expiry == Some(token.expiry)),
            (
                "allowedAddresses",
                self.addresses.as_ref() == Some(&token.addresses),
            ),
            (
                "permissions",
                self.permissions.as_ref() == Some(&token.permissions),
            ),
            ("owner", self.owner == token.owner),
            ("ownerKey", record.owner_key.as_deref() == owner_key),
            ("description", self.description == token.description),
            (
                "metadata",
                self.metadata.as_ref() == token.metadata.filled(),
            ),
            (
                "partialToken",
                self.partial
                    .as_ref()
                    .is_none_or(|shown| *shown == token.partial),
            ),
            (
                "creation",
                self.created == Some((token.created, record.created_by)),
            ),
            (
                "lastModification",
                self.modified == Some((token.modified, record.modified_by)),
            ),
            ("revocation", self.revoked == record.revoked),
        ];
        differing(&fields).map_or(Ok(()), |field| Err(BrokenChain::RecordDiffers(field)))
    }
}

/// The user must have the token's name, and the same beginning and end as the token.
fn compare_user(record: &RecordSnapshot) -> Result<(), BrokenChain> {
    let user = record.user.as_ref().ok_or(BrokenChain::UserMissing)?;
    let columns = [
        ("name", record.token.name.as_str() == &*user.name),
        ("kind", user.stands_for_a_token),
        ("created_at", user.created == record.token.created),
        ("closed_at", user.closed == record.revoked),
    ];
    differing(&columns).map_or(Ok(()), |column| Err(BrokenChain::UserDiffers(column)))
}

/// A live token must be searchable by the values of its record, and a revoked one must not.
fn compare_search(record: &RecordSnapshot) -> Result<(), BrokenChain> {
    let Search::Row(row) = &record.search else {
        return Ok(());
    };
    let Some(row) = there_while_live(record, row.as_ref(), SEARCH)? else {
        return Ok(());
    };
    let columns = [
        ("name_key", row.name_key == record.name_key),
        ("permissions", row.permissions == record.token.permissions),
    ];
    differ_in(SEARCH, &columns)
}

/// Uses are in no event. A use of a token is a use of one of its secrets, and is stored there
/// first. So the token's row may lack it, if the node died between the two writes, but never the
/// other way round.
fn compare_uses(record: &RecordSnapshot) -> Result<(), BrokenChain> {
    let row = there_while_live(record, record.uses.as_ref(), USES)?;
    let Some(last) = row.and_then(|row| row.last) else {
        return Ok(());
    };
    let of_secrets = || record.secrets.iter().filter_map(|secret| secret.last_used);
    let mut then = of_secrets().filter(|used| used.at == last.at).peekable();
    let later = of_secrets().any(|used| used.at > last.at);
    let columns = [
        ("used_at", later || then.peek().is_some()),
        (
            "address",
            then.peek().is_none() || then.any(|used| used.address == last.address),
        ),
    ];
    differ_in(USES, &columns)
}

fn there_while_live<'a, T>(
    record: &RecordSnapshot,
    row: Option<&'a T>,
    table: &'static str,
) -> Result<Option<&'a T>, BrokenChain> {
    match (row, record.revoked) {
        (None, None) => Err(BrokenChain::RowMissing(table)),
        (Some(_), Some(_)) => Err(BrokenChain::RowLeft(table)),
        (row, _) => Ok(row),
    }
}

fn differ_in(table: &'static str, columns: &[(&'static str, bool)]) -> Result<(), BrokenChain> {
    differing(columns).map_or(Ok(()), |column| {
        Err(BrokenChain::RowDiffers { table, column })
    })
}
