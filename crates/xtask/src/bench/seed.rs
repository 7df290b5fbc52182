//! Databases full of tokens, by SQL.
//!
//! Through the service a million tokens would take an hour. The secrets are real ones and follow from a number, so
//! that whoever asks need not read them back; the databases are thrown away with the run.

mod postgres;
mod sqlite;

use std::io::Write;

use anyhow::Result;
use countersign_domain::Secret;

pub(super) use self::postgres::into_postgres;
pub(super) use self::sqlite::into_sqlite;

/// What every stored token may do.
pub(super) const PERMISSIONS: [&str; 5] = [
    "api.analyses.read",
    "api.analyses.run",
    "api.engagements.read",
    "api.tasks.read",
    "api.tasks.write",
];

/// What the ids of tokens begin with; the number of the token follows in twelve decimal digits.
pub(super) const TOKEN: &str = "01985000-0000-7000-8000-";
/// The same for their users.
pub(super) const USER: &str = "01985000-0000-7000-9000-";

/// The owner of all that is stored.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub(super) tenant: String,
    pub(super) user: String,
}

/// The secret of the token with this number.
pub(super) fn secret(number: u64) -> Secret {
    let mut random = [0; 32];
    for (place, part) in random.chunks_mut(8).enumerate() {
        let seed = number.wrapping_mul(4).wrapping_add(place as u64);
        part.copy_from_slice(&scattered(seed).to_be_bytes());
    }
    Secret::from_random(&random)
}

/// Steps of `SplitMix64`: neighbours become strangers, two numbers never the same.
fn scattered(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Number, digest in hexadecimal and the part that may be shown, a token per line.
fn write_rows(stored: u64, into: &mut impl Write) -> Result<()> {
    for number in 0..stored {
        let secret = secret(number);
        let (digest, partial) = (secret.digest().to_hex(), secret.masked());
        let line = format!("{number}\t{digest}\t{}\n", partial.as_str());
        into.write_all(line.as_bytes())?;
    }
    into.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_belong_to_secrets_that_parse() {
        let mut rows = Vec::new();
        write_rows(3, &mut rows).unwrap();
        let rows = String::from_utf8(rows).unwrap();
        let digest = Secret::parse(secret(2).expose()).unwrap().digest();
        let hex = digest.to_hex();
        let last = rows.lines().last().unwrap();
        assert_eq!(last, format!("2\t{hex}\t{}", secret(2).masked().as_str()));
        assert_eq!(rows.lines().count(), 3);
    }
}
