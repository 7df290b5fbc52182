//! Settings that bound what clients may take.

use std::num::NonZeroU32;

use super::{setting::Setting, values};

pub(super) const MAX_CONNECTIONS: Setting<usize> = Setting {
    name: "max-connections",
    default: "4096",
    shape: "NUMBER",
    help: "Maximum number of client connections at once",
    accepted: "a whole number from 1 to 1000000",
    parse: |text| values::within(text, &(1..=1_000_000)),
    secret_file: None,
};

pub(super) const MAX_CONNECTIONS_PER_ADDRESS: Setting<Option<usize>> = Setting {
    name: "max-connections-per-address",
    default: "",
    shape: "NUMBER",
    help: "Maximum number of connections of one address (an IPv6 network of /64 counts as one), except for trusted proxies and this machine itself; a quarter of max-connections by default",
    accepted: "a whole number from 1 to 1000000",
    parse: |text| {
        let number = (!text.is_empty()).then(|| values::within(text, &(1..=1_000_000)));
        number.transpose()
    },
    secret_file: None,
};

pub(super) const CHANGES_PER_MINUTE: Setting<Option<NonZeroU32>> = Setting {
    name: "changes-per-minute",
    default: "600",
    shape: "NUMBER",
    help: "Maximum number of changes by a token per minute, on each node; ten minutes' worth may come at once, and all tokens of a tenant together may make ten times as many; 0 = no limit",
    accepted: "a whole number from 0 to 1000000",
    parse: |text| Ok(NonZeroU32::new(values::within(text, &(0..=1_000_000))?)),
    secret_file: None,
};

pub(super) const REFUSALS_PER_MINUTE: Setting<Option<NonZeroU32>> = Setting {
    name: "refusals-per-minute",
    default: "300",
    shape: "NUMBER",
    help: "Number of refused requests of an address per minute after which further ones are answered with 429, on each node; 0 = no limit",
    accepted: "a whole number from 0 to 1000000",
    parse: |text| Ok(NonZeroU32::new(values::within(text, &(0..=1_000_000))?)),
    secret_file: None,
};
