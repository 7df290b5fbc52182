//! Every setting there is, with its default.

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use countersign_domain::PermissionCatalog;
use countersign_http::ProxyHeader;
use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::{
    setting::{Row, Setting},
    values::{self, ChangeFeed, DatabaseUrl, LogFormat},
};

pub(super) const LISTEN: Setting<SocketAddr> = Setting {
    name: "listen",
    default: "127.0.0.1:8080",
    shape: "ADDRESS:PORT",
    help: "Where to listen; port 0 picks a free one",
    accepted: "an IP address and a port, such as 127.0.0.1:8080 or [::]:8080",
    parse: |text| Ok(text.parse()?),
    confidential: false,
};

pub(super) const DATABASE_URL: Setting<DatabaseUrl> = Setting {
    name: "database-url",
    default: "sqlite:countersign.db",
    shape: "URL",
    help: "The database; a password belongs into the environment or the file, since flags show in process lists",
    accepted: "sqlite:<path> or postgres://<user>@<host>/<database>",
    parse: values::database_url,
    confidential: true,
};

pub(super) const POSTGRES_MAX_CONNECTIONS: Setting<u32> = Setting {
    name: "postgres-max-connections",
    default: "16",
    shape: "NUMBER",
    help: "The most connections to PostgreSQL",
    accepted: "a whole number from 1 to 1000",
    parse: |text| values::within(text, &(1..=1000)),
    confidential: false,
};

pub(super) const TRUSTED_PROXIES: Setting<Vec<IpNet>> = Setting {
    name: "trusted-proxies",
    default: "",
    shape: "NETWORKS",
    help: "The proxies whose word about a client's address is believed, none by default",
    accepted: "networks in CIDR notation, comma-separated, such as 192.0.2.7/32,2001:db8:7::/64",
    parse: values::networks,
    confidential: false,
};

pub(super) const PROXY_HEADER: Setting<ProxyHeader> = Setting {
    name: "proxy-header",
    default: "auto",
    shape: "HEADER",
    help: "The header in which trusted proxies name the client, the only one that is read; auto = either, and both have to agree",
    accepted: "auto, x-forwarded-for or forwarded",
    parse: values::proxy_header,
    confidential: false,
};

pub(super) const MAX_LIFETIME_MONTHS: Setting<u32> = Setting {
    name: "max-lifetime-months",
    default: "24",
    shape: "MONTHS",
    help: "The longest lifetime of a token in calendar months from its creation",
    accepted: "a whole number from 1 to 1200",
    parse: |text| values::within(text, &(1..=1200)),
    confidential: false,
};

pub(super) const PERMISSIONS_FILE: Setting<PermissionCatalog> = Setting {
    name: "permissions-file",
    default: "",
    shape: "FILE",
    help: "The permissions that may be granted, the standard table by default",
    accepted: "a text file with one dotted name a line, where # begins a comment",
    parse: values::catalog,
    confidential: false,
};

pub(super) const MAX_CONNECTIONS: Setting<usize> = Setting {
    name: "max-connections",
    default: "4096",
    shape: "NUMBER",
    help: "The most clients that are connected at once",
    accepted: "a whole number from 1 to 1000000",
    parse: |text| values::within(text, &(1..=1_000_000)),
    confidential: false,
};

pub(super) const MAX_CONNECTIONS_PER_ADDRESS: Setting<Option<usize>> = Setting {
    name: "max-connections-per-address",
    default: "",
    shape: "NUMBER",
    help: "How many of them one address may have that is neither a trusted proxy nor this machine's own (an IPv6 network of /64 counts as one), by default a quarter of max-connections",
    accepted: "a whole number from 1 to 1000000",
    parse: |text| {
        let number = (!text.is_empty()).then(|| values::within(text, &(1..=1_000_000)));
        number.transpose()
    },
    confidential: false,
};

pub(super) const SHUTDOWN_GRACE_SECONDS: Setting<u64> = Setting {
    name: "shutdown-grace-seconds",
    default: "20",
    shape: "SECONDS",
    help: "How long requests in flight may take to finish after SIGTERM",
    accepted: "a whole number from 0 to 3600",
    parse: |text| values::within(text, &(0..=3600)),
    confidential: false,
};

pub(super) const CHANGE_FEED: Setting<ChangeFeed> = Setting {
    name: "change-feed",
    default: "notify",
    shape: "WAY",
    help: "How nodes hear of changes: notify needs connections that can LISTEN, poll does with a pooler in transaction mode, none keeps no facts in memory at all",
    accepted: "notify, poll or none",
    parse: values::change_feed,
    confidential: false,
};

pub(super) const CACHE_MEGABYTES: Setting<u32> = Setting {
    name: "cache-megabytes",
    default: "64",
    shape: "MEGABYTES",
    help: "How much memory the facts of tokens may take that were checked lately",
    accepted: "a whole number from 1 to 65536",
    parse: |text| values::within(text, &(1..=65_536)),
    confidential: false,
};

pub(super) const OUTAGE_GRACE: Setting<Duration> = Setting {
    name: "outage-grace-seconds",
    default: "30",
    shape: "SECONDS",
    help: "How long facts in memory are still believed while the database is away; 0 = not at all",
    accepted: "a whole number from 0 to 86400",
    parse: |text| Ok(Duration::from_secs(values::within(text, &(0..=86_400))?)),
    confidential: false,
};

pub(super) const USAGE_INTERVAL: Setting<Duration> = Setting {
    name: "usage-interval-seconds",
    default: "10",
    shape: "SECONDS",
    help: "How often the last uses of tokens are written down",
    accepted: "a whole number from 1 to 3600",
    parse: |text| Ok(Duration::from_secs(values::within(text, &(1..=3600))?)),
    confidential: false,
};

pub(super) const CONSOLE: Setting<bool> = Setting {
    name: "console",
    default: "true",
    shape: "BOOLEAN",
    help: "Whether administrators find pages at /console",
    accepted: "true or false",
    parse: |text| Ok(text.parse()?),
    confidential: false,
};

pub(super) const SESSION_IDLE_SECONDS: Setting<u32> = Setting {
    name: "session-idle-seconds",
    default: "1800",
    shape: "SECONDS",
    help: "After how long without a request whoever is signed in at the console has to sign in again",
    accepted: "a whole number from 60 to 86400",
    parse: |text| values::within(text, &(60..=86_400)),
    confidential: false,
};

pub(super) const SESSION_LONGEST_SECONDS: Setting<u32> = Setting {
    name: "session-longest-seconds",
    default: "43200",
    shape: "SECONDS",
    help: "After how long they have to in any case",
    accepted: "a whole number from 60 to 2592000",
    parse: |text| values::within(text, &(60..=2_592_000)),
    confidential: false,
};

pub(super) const METRICS_LISTEN: Setting<Option<SocketAddr>> = Setting {
    name: "metrics-listen",
    default: "",
    shape: "ADDRESS:PORT",
    help: "Where alone to show the service's numbers, then without a credential; by default /metrics is beside the API, for tokens of the default tenant that hold api.metrics.read",
    accepted: "an IP address and a port, such as 127.0.0.1:9090",
    parse: |text| Ok((!text.is_empty()).then(|| text.parse()).transpose()?),
    confidential: false,
};

pub(super) const PUBLIC_URL: Setting<Option<String>> = Setting {
    name: "public-url",
    default: "",
    shape: "URL",
    help: "Where clients and browsers reach the service, for the OAuth metadata and the console's cookie; without it there is none but on the machine itself",
    accepted: "an http or https URL without path and query, such as https://tokens.example.com",
    parse: values::public_url,
    confidential: false,
};

pub(super) const OTLP_ENDPOINT: Setting<Option<Url>> = Setting {
    name: "otlp-endpoint",
    default: "",
    shape: "URL",
    help: "The OpenTelemetry collector that traces are sent to; by default there are none",
    accepted: "an http URL without query, such as http://127.0.0.1:4318",
    parse: values::otlp_endpoint,
    confidential: true,
};

pub(super) const LOG: Setting<EnvFilter> = Setting {
    name: "log",
    default: "info,sqlx=warn",
    shape: "FILTER",
    help: "What is logged",
    accepted: "a level (error, warn, info, debug, trace), or several by target, such as info,countersign_http=debug",
    parse: values::log_filter,
    confidential: false,
};

pub(super) const LOG_FORMAT: Setting<LogFormat> = Setting {
    name: "log-format",
    default: "auto",
    shape: "FORMAT",
    help: "How log lines look; auto = human on a terminal, json otherwise",
    accepted: "auto, human or json",
    parse: values::log_format,
    confidential: false,
};

pub(super) const CHANGES_PER_MINUTE: Setting<Option<NonZeroU32>> = Setting {
    name: "changes-per-minute",
    default: "600",
    shape: "NUMBER",
    help: "How many changes a token makes in a minute at most, on each node; ten minutes' worth at once, and ten times as many by all tokens of a tenant; 0 = no limit",
    accepted: "a whole number from 0 to 1000000",
    parse: |text| Ok(NonZeroU32::new(values::within(text, &(0..=1_000_000))?)),
    confidential: false,
};

pub(super) const REFUSALS_PER_MINUTE: Setting<Option<NonZeroU32>> = Setting {
    name: "refusals-per-minute",
    default: "300",
    shape: "NUMBER",
    help: "How many requests from an address are refused in a minute before further ones are answered with 429, on each node; 0 = no limit",
    accepted: "a whole number from 0 to 1000000",
    parse: |text| Ok(NonZeroU32::new(values::within(text, &(0..=1_000_000))?)),
    confidential: false,
};

pub(super) const CORS_ORIGINS: Setting<Vec<String>> = Setting {
    name: "cors-origins",
    default: "",
    shape: "ORIGINS",
    help: "The origins of pages whose scripts may call the API from a browser, none by default",
    accepted: "origins, comma-separated and exact, such as https://app.example.com,http://localhost:3000",
    parse: values::origins,
    confidential: false,
};

/// All settings.
pub(super) fn rows() -> [&'static dyn Row; 25] {
    [
        &LISTEN,
        &DATABASE_URL,
        &POSTGRES_MAX_CONNECTIONS,
        &TRUSTED_PROXIES,
        &PROXY_HEADER,
        &MAX_LIFETIME_MONTHS,
        &PERMISSIONS_FILE,
        &MAX_CONNECTIONS,
        &MAX_CONNECTIONS_PER_ADDRESS,
        &SHUTDOWN_GRACE_SECONDS,
        &CHANGE_FEED,
        &CACHE_MEGABYTES,
        &OUTAGE_GRACE,
        &USAGE_INTERVAL,
        &CONSOLE,
        &SESSION_IDLE_SECONDS,
        &SESSION_LONGEST_SECONDS,
        &CHANGES_PER_MINUTE,
        &REFUSALS_PER_MINUTE,
        &CORS_ORIGINS,
        &METRICS_LISTEN,
        &PUBLIC_URL,
        &OTLP_ENDPOINT,
        &LOG,
        &LOG_FORMAT,
    ]
}
