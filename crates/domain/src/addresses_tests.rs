//! Tests of the address list against a naive interpretation of the same text.

use proptest::{collection::vec, prelude::*};

use super::*;

fn one(text: &str) -> Result<String, InvalidAddress> {
    match AllowedAddresses::parse([text]) {
        Ok(list) => Ok(list.iter().next().unwrap()),
        Err(InvalidAddresses::Entries(faults)) => Err(faults[0].1),
        Err(InvalidAddresses::TooMany(_)) => unreachable!("one entry"),
    }
}

#[test]
fn canonical_forms() {
    for (written, stored) in [
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1/32", "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("2001:db8::1/128", "2001:db8::1"),
        ("::/0", "::/0"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
    ] {
        assert_eq!(one(written), Ok(stored.to_owned()), "{written}");
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for text in [
        "",
        " ",
        "*",
        "host.example",
        "10.0.0",
        "010.0.0.1",
        "10.0.0.256",
        "10.0.0.1 ",
        "10.0.0.0/33",
        "::/129",
        "10.0.0.0/-1",
        "10.0.0.0/08",
        "10.0.0.0/+8",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/",
        "/8",
        "10.0.0.0/8/8",
        "fe80::1%eth0",
        "[::1]",
        "1.2.3.4:80",
        "0x0a.0.0.1",
        "::ffff:10.0.0.0/256",
        "::ffff:10.0.0.0/129",
        &"1".repeat(10_000),
    ] {
        assert_eq!(one(text), Err(InvalidAddress::Syntax), "{text:.40}");
    }
    let network = "10.0.0.0/8".parse().unwrap();
    assert_eq!(
        one("10.0.0.1/8"),
        Err(InvalidAddress::HostBitsSet { network })
    );
    assert_eq!(
        one("::ffff:10.0.0.1/104"),
        Err(InvalidAddress::HostBitsSet { network })
    );
    assert_eq!(
        one("::ffff:0:0/90"),
        Err(InvalidAddress::MappedPrefixTooShort)
    );
}

#[test]
fn at_most_100_different_ones() {
    let list = |n: u8| {
        (0..n)
            .map(|i| format!("10.0.0.{i}"))
            .chain(["10.0.0.0/32".to_owned()])
    };
    assert!(AllowedAddresses::parse(list(100)).is_ok());
    assert_eq!(
        AllowedAddresses::parse(list(101)),
        Err(InvalidAddresses::TooMany(101))
    );
}

#[test]
fn all_faults_come_with_their_index() {
    let refused = AllowedAddresses::parse(["10.0.0.1", "x", "10.0.0.2", "y"]).unwrap_err();
    let faults = vec![(1, InvalidAddress::Syntax), (3, InvalidAddress::Syntax)];
    assert_eq!(refused, InvalidAddresses::Entries(faults));
}

#[test]
fn lists_that_name_the_same_addresses_cover_each_other() {
    let list = |entries: &[&str]| AllowedAddresses::parse(entries).unwrap();
    let halves = list(&["10.0.0.0/9", "10.128.0.0/9"]);
    let whole = list(&["10.0.0.0/8"]);
    assert!(halves.covers(&whole) && whole.covers(&halves));
    let full = list(&["0.0.0.0/0", "::/0"]);
    assert!(AllowedAddresses::any().covers(&full));
    assert!(!full.covers(&AllowedAddresses::any()));
    assert!(full.covers(&whole) && !whole.covers(&full));
}

/// Networks inside 10.0.0.0/26, so that a brute force over 64 addresses decides.
fn small_list() -> impl Strategy<Value = AllowedAddresses> {
    vec((0_u8..64, 26_u8..=32), 1..8).prop_map(|entries| {
        let network = |(host, prefix)| {
            IpNet::new([10, 0, 0, host].into(), prefix)
                .unwrap()
                .trunc()
                .to_string()
        };
        AllowedAddresses::parse(entries.into_iter().map(network)).unwrap()
    })
}

proptest! {
    #[test]
    fn canonical_addresses_admit_what_the_written_ones_did(
        written: u32, prefix in 0_u8..=32, client: u32, near: u16, mapped: bool, mapped_client: bool,
    ) {
        let address = |bits: u32, mapped: bool| {
            let v4 = std::net::Ipv4Addr::from(bits);
            if mapped { IpAddr::V6(v4.to_ipv6_mapped()) } else { IpAddr::V4(v4) }
        };
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        let text = format!("{}/{}", address(written & mask, mapped), if mapped { prefix + 96 } else { prefix });
        let list = AllowedAddresses::parse([text]).unwrap();
        for client in [client, written ^ u32::from(near)] {
            prop_assert_eq!(list.admits(Some(address(client, mapped_client))), client & mask == written & mask);
        }
    }

    #[test]
    fn a_client_is_admitted_by_an_entry_that_the_list_has(list in small_list(), host in 0_u8..80) {
        let client = Some(IpAddr::from([10, 0, 0, host]));
        let entry = list.entry_for(client);
        prop_assert_eq!(entry.is_some(), list.admits(client));
        if let Some(entry) = entry {
            prop_assert!(list.iter().any(|listed| listed == entry));
            prop_assert!(AllowedAddresses::parse([entry]).unwrap().admits(client));
        }
        prop_assert_eq!(AllowedAddresses::any().entry_for(client), None);
        prop_assert_eq!(list.entry_for(None), None);
    }

    #[test]
    fn canonical_ipv6_networks_admit_what_the_written_ones_did(
        written: u128, prefix in 0_u8..=128, client: u128, near: u16,
    ) {
        // Above the range of IPv4-mapped addresses, which have tests of their own.
        let high = |bits: u128| bits | 1 << 127;
        let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
        let network = high(written) & mask;
        let list = AllowedAddresses::parse([format!("{}/{prefix}", Ipv6Addr::from(network))]).unwrap();
        for client in [high(client), high(written) ^ u128::from(near)] {
            let within = client & mask == network;
            prop_assert_eq!(list.admits(Some(Ipv6Addr::from(client).into())), within);
        }
    }

    #[test]
    fn covering_is_what_every_single_address_says(a in small_list(), b in small_list()) {
        let mut clients = (0_u8..=255).map(|host| Some(IpAddr::from([10, 0, 0, host])));
        prop_assert_eq!(a.covers(&b), clients.all(|client| !b.admits(client) || a.admits(client)));
    }

    #[test]
    fn prints_and_parses_back(list in small_list()) {
        prop_assert_eq!(AllowedAddresses::parse(list.iter()), Ok(list));
    }

    #[test]
    fn no_text_makes_it_panic(text in "[0-9a-f:./%]{0,40}") {
        drop(one(&text));
    }
}
