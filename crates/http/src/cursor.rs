//! Cursors: where a list goes on, in a form that clients hand back and do not look into. Each is bound to its route,
//! its tenant and its token, so that one from elsewhere is refused and not misread.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use countersign_domain::{TenantId, TokenId, Version};
use sha2::{Digest, Sha256};

/// How many bytes of the digest a cursor carries: enough against mistakes. Whoever forges one learns nothing that the
/// list would not have shown.
const TAG: usize = 8;

/// The list of a tenant's tokens, behind a token.
pub(crate) fn of_list(tenant: TenantId, after: TokenId) -> String {
    write(
        &["tokens".as_bytes(), tenant.as_uuid().as_bytes()],
        after.as_uuid().as_bytes(),
    )
}

/// Reads what [`of_list`] wrote.
pub(crate) fn read_list(tenant: TenantId, text: &str) -> Option<TokenId> {
    let place = ["tokens".as_bytes(), tenant.as_uuid().as_bytes()];
    Some(TokenId::from_uuid(uuid::Uuid::from_bytes(read(
        &place, text,
    )?)))
}

/// The events of a token, before a version.
pub(crate) fn of_events(tenant: TenantId, token: TokenId, before: Version) -> String {
    let place = [
        "events".as_bytes(),
        tenant.as_uuid().as_bytes(),
        token.as_uuid().as_bytes(),
    ];
    write(&place, &before.get().to_be_bytes())
}

/// Reads what [`of_events`] wrote.
pub(crate) fn read_events(tenant: TenantId, token: TokenId, text: &str) -> Option<Version> {
    let place = [
        "events".as_bytes(),
        tenant.as_uuid().as_bytes(),
        token.as_uuid().as_bytes(),
    ];
    i64::from_be_bytes(read(&place, text)?).try_into().ok()
}

fn write(place: &[&[u8]], position: &[u8]) -> String {
    let mut bytes = position.to_vec();
    bytes.extend(tag(place, position));
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn read<const N: usize>(place: &[&[u8]], text: &str) -> Option<[u8; N]> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let (position, found) = bytes.split_at_checked(N)?;
    (found == tag(place, position))
        .then_some(position)?
        .try_into()
        .ok()
}

fn tag(place: &[&[u8]], position: &[u8]) -> [u8; TAG] {
    let mut hasher = Sha256::new();
    hasher.update(b"countersign cursor 1\n");
    for part in place {
        hasher.update(part);
    }
    hasher.update(position);
    let mut tag = [0; TAG];
    tag.copy_from_slice(&hasher.finalize()[..TAG]);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(n: u8) -> TenantId {
        TenantId::from_uuid(uuid::Uuid::from_bytes([n; 16]))
    }

    fn token(n: u8) -> TokenId {
        TokenId::from_uuid(uuid::Uuid::from_bytes([n; 16]))
    }

    #[test]
    fn goes_on_where_it_stood_and_nowhere_else() {
        let list = of_list(tenant(1), token(2));
        assert_eq!(read_list(tenant(1), &list), Some(token(2)));
        assert_eq!(read_list(tenant(2), &list), None);
        assert_eq!(read_events(tenant(1), token(2), &list), None);
        let version = Version::try_from(7).unwrap();
        let events = of_events(tenant(1), token(2), version);
        assert_eq!(read_events(tenant(1), token(2), &events), Some(version));
        assert_eq!(read_events(tenant(1), token(3), &events), None);
        assert_eq!(read_events(tenant(2), token(2), &events), None);
        assert_eq!(read_list(tenant(1), &events), None);
    }

    #[test]
    fn every_altered_character_shows() {
        let cursor = of_list(tenant(1), token(2));
        for place in 0..cursor.len() {
            let mut altered = cursor.clone().into_bytes();
            altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(read_list(tenant(1), &altered), None, "{altered}");
        }
        for text in [
            "",
            "=",
            "AAAA",
            &cursor[1..],
            &format!("{cursor}A"),
            &format!("{cursor}="),
        ] {
            assert_eq!(read_list(tenant(1), text), None, "{text}");
        }
    }
}
