//! Cursors: positions in lists, in a form that clients send back without parsing it. Each is bound
//! to its route, its tenant and its token, so that one from elsewhere is refused and not misread.

use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use countersign_application::ports::{EventFilter, EventPlace};
use countersign_domain::{TenantId, Timestamp, TokenId, Version};
use sha2::{Digest, Sha256};

/// The number of bytes of the digest in a cursor: enough against mistakes. A forged cursor reveals
/// nothing that the list would not have shown.
const TAG: usize = 8;

/// A cursor in the list of a tenant's tokens, after a token.
pub(crate) fn of_list(tenant: TenantId, after: TokenId) -> String {
    write(
        &["tokens".as_bytes(), tenant.as_uuid().as_bytes()],
        after.as_uuid().as_bytes(),
    )
}

/// Parses the text of [`of_list`].
pub(crate) fn read_list(tenant: TenantId, text: &str) -> Option<TokenId> {
    let place = ["tokens".as_bytes(), tenant.as_uuid().as_bytes()];
    Some(TokenId::from_uuid(uuid::Uuid::from_bytes(read(
        &place, text,
    )?)))
}

/// A cursor in the events of a token, before a version.
pub(crate) fn of_events(tenant: TenantId, token: TokenId, before: Version) -> String {
    let place = [
        "events".as_bytes(),
        tenant.as_uuid().as_bytes(),
        token.as_uuid().as_bytes(),
    ];
    write(&place, &before.get().to_be_bytes())
}

/// Parses the text of [`of_events`].
pub(crate) fn read_events(tenant: TenantId, token: TokenId, text: &str) -> Option<Version> {
    let place = [
        "events".as_bytes(),
        tenant.as_uuid().as_bytes(),
        token.as_uuid().as_bytes(),
    ];
    i64::from_be_bytes(read(&place, text)?).try_into().ok()
}

/// A cursor in the list of a tenant's revoked tokens, after a token.
pub(crate) fn of_revoked(tenant: TenantId, after: TokenId) -> String {
    let place = ["revoked tokens".as_bytes(), tenant.as_uuid().as_bytes()];
    write(&place, after.as_uuid().as_bytes())
}

/// Parses the text of [`of_revoked`].
pub(crate) fn read_revoked(tenant: TenantId, text: &str) -> Option<TokenId> {
    let place = ["revoked tokens".as_bytes(), tenant.as_uuid().as_bytes()];
    read(&place, text).map(|bytes| TokenId::from_uuid(uuid::Uuid::from_bytes(bytes)))
}

/// A cursor in the history of a tenant under a filter, before a position.
pub(crate) fn of_history(tenant: TenantId, filter: &EventFilter, before: EventPlace) -> String {
    let mut position = before.at.as_micros().to_be_bytes().to_vec();
    position.extend(before.token.as_uuid().as_bytes());
    position.extend(before.version.to_be_bytes());
    let filter = words(filter);
    let place = ["history".as_bytes(), tenant.as_uuid().as_bytes(), &filter];
    write(&place, &position)
}

/// Parses the text of [`of_history`].
pub(crate) fn read_history(
    tenant: TenantId,
    filter: &EventFilter,
    text: &str,
) -> Option<EventPlace> {
    let filter = words(filter);
    let place = ["history".as_bytes(), tenant.as_uuid().as_bytes(), &filter];
    let position: [u8; 32] = read(&place, text)?;
    let (at, rest) = position.split_first_chunk()?;
    let (token, version) = rest.split_first_chunk()?;
    Some(EventPlace {
        at: Timestamp::from_micros(i64::from_be_bytes(*at))?,
        token: TokenId::from_uuid(uuid::Uuid::from_bytes(*token)),
        version: i64::from_be_bytes(version.try_into().ok()?),
    })
}

/// A filter as bytes; equivalent filters give the same bytes.
fn words(filter: &EventFilter) -> Vec<u8> {
    let kinds: BTreeSet<_> = filter.kinds.iter().map(|kind| kind.as_str()).collect();
    format!("{:?} {:?} {kinds:?}", filter.since, filter.actor).into_bytes()
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
    use countersign_domain::EventKind;

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
    fn a_history_goes_on_under_its_own_filter_alone() {
        let before = EventPlace {
            at: Timestamp::MIN,
            token: token(2),
            version: i64::MIN,
        };
        let all = EventFilter::default();
        let revoked = EventFilter {
            kinds: vec![EventKind::Revoked, EventKind::Revoked],
            ..all.clone()
        };
        let once = EventFilter {
            kinds: vec![EventKind::Revoked],
            ..all.clone()
        };
        let cursor = of_history(tenant(1), &revoked, before);
        assert_eq!(read_history(tenant(1), &once, &cursor), Some(before));
        assert_eq!(read_history(tenant(1), &all, &cursor), None);
        assert_eq!(read_history(tenant(2), &once, &cursor), None);
        let list = of_revoked(tenant(1), token(2));
        assert_eq!(read_revoked(tenant(1), &list), Some(token(2)));
        assert_eq!(read_list(tenant(1), &list), None);
        assert_eq!(read_revoked(tenant(1), &of_list(tenant(1), token(2))), None);
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
