//! The addresses from which a token may be used. The list is stored in one canonical form, so that
//! it is shown as it is enforced.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// The addresses that may use a token; an empty list allows any address. It holds at most
/// [`AllowedAddresses::MAX`] networks, ordered, each with all host bits zero. IPv4-mapped IPv6
/// addresses are written as IPv4.
///
/// ```
/// use countersign_domain::AllowedAddresses;
/// let office = AllowedAddresses::parse(["192.0.2.0/24", "::ffff:198.51.100.7"]).unwrap();
/// assert!(office.admits(Some("::ffff:192.0.2.9".parse()?)));
/// assert!(!office.admits(Some("198.51.100.8".parse()?)));
/// assert!(!office.admits(None), "an unknown address is on no list");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AllowedAddresses(Arc<[IpNet]>);

/// Reason why a text is not an allowed address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidAddress {
    /// Neither an IPv4 nor an IPv6 address, alone or with a prefix length.
    #[error("not an IPv4 or IPv6 address or a network in CIDR notation, such as 192.0.2.0/24")]
    Syntax,
    /// Host bits are set after the prefix, so it is unclear whether the address or its network is
    /// meant.
    #[error("host bits are set; the network is {}", show(network))]
    HostBitsSet {
        /// The network that the prefix names.
        network: IpNet,
    },
    /// An IPv4-mapped network (RFC 4291, section 2.5.5.2) that also holds addresses that are not
    /// IPv4.
    #[error("an IPv4-mapped network needs a prefix of /96 or longer")]
    MappedPrefixTooShort,
}

/// Faults of a list of addresses.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidAddresses {
    /// These entries, by their index, are not addresses.
    #[error("{}", .0.iter().map(|(index, reason)| format!("entry {index}: {reason}")).collect::<Vec<_>>().join("; "))]
    Entries(Vec<(usize, InvalidAddress)>),
    /// The list has more than [`AllowedAddresses::MAX`] different entries.
    #[error("at most {max} addresses, these are {0}", max = AllowedAddresses::MAX)]
    TooMany(usize),
}

impl AllowedAddresses {
    /// The maximum number of networks in a list.
    pub const MAX: usize = 100;

    /// The empty list: any address, even an unknown one.
    #[must_use]
    pub fn any() -> Self {
        Self(Arc::new([]))
    }

    /// Parses a list as a person writes it; duplicates count once.
    ///
    /// # Errors
    /// Returns all entries that are not addresses, or the number of entries if there are too many.
    pub fn parse<S: AsRef<str>>(
        entries: impl IntoIterator<Item = S>,
    ) -> Result<Self, InvalidAddresses> {
        let (mut networks, mut faults) = (Vec::new(), Vec::new());
        for (index, entry) in entries.into_iter().enumerate() {
            match parse_network(entry.as_ref()) {
                Ok(network) => networks.push(network),
                Err(fault) => faults.push((index, fault)),
            }
        }
        networks.sort_unstable();
        networks.dedup();
        if !faults.is_empty() {
            Err(InvalidAddresses::Entries(faults))
        } else if networks.len() > Self::MAX {
            Err(InvalidAddresses::TooMany(networks.len()))
        } else {
            Ok(Self(networks.into()))
        }
    }

    /// Whether a client at this address (`None` = unknown) may use the token.
    #[must_use]
    pub fn admits(&self, address: Option<IpAddr>) -> bool {
        let within = |address: IpAddr| {
            let address = address.to_canonical();
            self.0.iter().any(|network| network.contains(&address))
        };
        self.0.is_empty() || address.is_some_and(within)
    }

    /// The entry that admits a client at this address, as it is stored; `None` if the list is empty
    /// or does not admit the client.
    #[must_use]
    pub fn entry_for(&self, address: Option<IpAddr>) -> Option<String> {
        let address = address?.to_canonical();
        let mut networks = self.0.iter();
        networks
            .find(|network| network.contains(&address))
            .map(show)
    }

    /// Whether this list admits every client that the other list admits.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        if self.0.is_empty() || other.0.is_empty() {
            // A list of everything (0.0.0.0/0, ::/0) still refuses the unknown address, which the
            // empty list admits.
            return self.0.is_empty();
        }
        // Adjacent networks merge into the largest ones, so each network that the list covers lies
        // inside a single one.
        let merged = IpNet::aggregate(&self.0.to_vec());
        other
            .0
            .iter()
            .all(|network| merged.iter().any(|whole| whole.contains(network)))
    }

    /// The entries as they are stored and shown: a bare address, or a network in CIDR notation.
    pub fn iter(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(show)
    }
}

fn parse_network(text: &str) -> Result<IpNet, InvalidAddress> {
    let (address, prefix) = match text.split_once('/') {
        None => (text, None),
        Some((address, digits)) => (address, Some(parse_prefix(digits)?)),
    };
    // The library's parser is strict: no leading zeros, no zones, no short forms.
    let address: IpAddr = address.parse().map_err(|_| InvalidAddress::Syntax)?;
    let widest = if address.is_ipv4() { 32 } else { 128 };
    let (address, prefix) = unmap(address, prefix.unwrap_or(widest))?;
    let network = IpNet::new(address, prefix).map_err(|_| InvalidAddress::Syntax)?;
    if network.trunc() == network {
        Ok(network)
    } else {
        Err(InvalidAddress::HostBitsSet {
            network: network.trunc(),
        })
    }
}

fn parse_prefix(digits: &str) -> Result<u8, InvalidAddress> {
    let plain =
        digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits
        .parse()
        .ok()
        .filter(|_| plain)
        .ok_or(InvalidAddress::Syntax)
}

fn unmap(address: IpAddr, prefix: u8) -> Result<(IpAddr, u8), InvalidAddress> {
    let mapped = match address {
        IpAddr::V6(v6) => Ipv6Addr::to_ipv4_mapped(&v6),
        IpAddr::V4(_) => None,
    };
    match mapped {
        None => Ok((address, prefix)),
        Some(_) if prefix < 96 => Err(InvalidAddress::MappedPrefixTooShort),
        Some(_) if prefix > 128 => Err(InvalidAddress::Syntax),
        Some(v4) => Ok((IpAddr::V4(v4), prefix - 96)),
    }
}

fn show(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.to_string()
    }
}

impl fmt::Debug for AllowedAddresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for AllowedAddresses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for AllowedAddresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(Vec::<String>::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
#[path = "addresses_tests.rs"]
mod tests;
