//! All settings with their defaults.

use std::{net::SocketAddr, time::Duration};

use countersign_domain::PermissionCatalog;
use countersign_http::{MetadataHeaders, ProxyHeader};
use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use url::Url;

pub(super) use super::{
    bootstrap::{BOOTSTRAP_TOKEN_DIGEST, BOOTSTRAP_TOKEN_FILE},
    limits::{
        CHANGES_PER_MINUTE, MAX_CONNECTIONS, MAX_CONNECTIONS_PER_ADDRESS, REFUSALS_PER_MINUTE,
    },
    tokens::{TOKEN_HEADERS, TOKEN_PREFIX, TOKEN_PREFIXES_EARLIER},
};
use super::{
    setting::{Row, Setting},
    values::{self, ChangeFeed, DatabaseUrl, LogFormat},
};

pub(super) const LISTEN: Setting<SocketAddr> = Setting {
    name: "listen",
    default: "127.0.0.1:8080",
    shape: "ADDRESS:PORT",
    help: "Address and port to listen on; port 0 picks a free one",
    accepted: "an IP address and a port, such as 127.0.0.1:8080 or [::]:8080",
    parse: |text| Ok(text.parse()?),
    secret_file: None,
};

pub(super) const DATABASE_URL: Setting<DatabaseUrl> = Setting {
    name: "database-url",
    default: "sqlite:countersign.db",
    shape: "URL",
    help: "The database; put a password into the environment or the file, because process lists show flags",
    accepted: "sqlite:<path> or postgres://<user>@<host>/<database>",
    parse: values::database_url,
    secret_file: Some("database-url-file"),
};

pub(super) const WAIT_FOR_DATABASE: Setting<bool> = Setting {
    name: "wait-for-database",
    default: "false",
    shape: "BOOLEAN",
    help: "Whether the start also waits for a PostgreSQL server that answers and lets nobody in: the database does not exist yet, or the password is not set yet",
    accepted: "true or false",
    parse: |text| Ok(text.parse()?),
    secret_file: None,
};

pub(super) const POSTGRES_MAX_CONNECTIONS: Setting<u32> = Setting {
    name: "postgres-max-connections",
    default: "16",
    shape: "NUMBER",
    help: "Maximum number of connections to PostgreSQL for requests; a node needs eight more",
    accepted: "a whole number from 1 to 1000",
    parse: |text| values::within(text, &(1..=1000)),
    secret_file: None,
};

pub(super) const TRUSTED_PROXIES: Setting<Vec<IpNet>> = Setting {
    name: "trusted-proxies",
    default: "",
    shape: "NETWORKS",
    help: "The proxies whose headers about a client's address are trusted, none by default",
    accepted: "networks in CIDR notation, comma-separated, such as 192.0.2.7/32,2001:db8:7::/64",
    parse: values::networks,
    secret_file: None,
};

pub(super) const PROXY_HEADER: Setting<ProxyHeader> = Setting {
    name: "proxy-header",
    default: "auto",
    shape: "HEADER",
    help: "The header in which trusted proxies send the client's address; no other is read; auto = either, and both must agree",
    accepted: "auto, x-forwarded-for or forwarded",
    parse: values::proxy_header,
    secret_file: None,
};

pub(super) const MAX_LIFETIME_MONTHS: Setting<u32> = Setting {
    name: "max-lifetime-months",
    default: "24",
    shape: "MONTHS",
    help: "Maximum lifetime of a token in calendar months from its creation",
    accepted: "a whole number from 1 to 1200",
    parse: |text| values::within(text, &(1..=1200)),
    secret_file: None,
};

pub(super) const PERMISSIONS_FILE: Setting<PermissionCatalog> = Setting {
    name: "permissions-file",
    default: "",
    shape: "FILE",
    help: "File with the permissions that may be granted; the standard table by default",
    accepted: "a text file with one dotted name a line, where # begins a comment",
    parse: values::catalog,
    secret_file: None,
};

pub(super) const SHUTDOWN_GRACE_SECONDS: Setting<u64> = Setting {
    name: "shutdown-grace-seconds",
    default: "20",
    shape: "SECONDS",
    help: "Time for requests in flight to finish after SIGTERM",
    accepted: "a whole number from 0 to 3600",
    parse: |text| values::within(text, &(0..=3600)),
    secret_file: None,
};

pub(super) const CHANGE_FEED: Setting<ChangeFeed> = Setting {
    name: "change-feed",
    default: "notify",
    shape: "MODE",
    help: "How nodes learn of changes: notify needs connections that can LISTEN, poll works through a pooler in transaction mode, none turns the cache off",
    accepted: "notify, poll or none",
    parse: values::change_feed,
    secret_file: None,
};

pub(super) const CACHE_MEGABYTES: Setting<u32> = Setting {
    name: "cache-megabytes",
    default: "64",
    shape: "MEGABYTES",
    help: "Maximum memory for the cached facts of recently checked tokens",
    accepted: "a whole number from 1 to 65536",
    parse: |text| values::within(text, &(1..=65_536)),
    secret_file: None,
};

pub(super) const OUTAGE_GRACE: Setting<Duration> = Setting {
    name: "outage-grace-seconds",
    default: "30",
    shape: "SECONDS",
    help: "How long cached facts count while the database is away; 0 = not at all",
    accepted: "a whole number from 0 to 86400",
    parse: |text| Ok(Duration::from_secs(values::within(text, &(0..=86_400))?)),
    secret_file: None,
};

pub(super) const USAGE_INTERVAL: Setting<Duration> = Setting {
    name: "usage-interval-seconds",
    default: "10",
    shape: "SECONDS",
    help: "How often the last uses of tokens are stored",
    accepted: "a whole number from 1 to 3600",
    parse: |text| Ok(Duration::from_secs(values::within(text, &(1..=3600))?)),
    secret_file: None,
};

pub(super) const CONSOLE: Setting<bool> = Setting {
    name: "console",
    default: "true",
    shape: "BOOLEAN",
    help: "Whether to serve the console, pages for administrators, at /console",
    accepted: "true or false",
    parse: |text| Ok(text.parse()?),
    secret_file: None,
};

pub(super) const SESSION_IDLE_SECONDS: Setting<u32> = Setting {
    name: "session-idle-seconds",
    default: "1800",
    shape: "SECONDS",
    help: "Time without a request after which a console session ends",
    accepted: "a whole number from 60 to 86400",
    parse: |text| values::within(text, &(60..=86_400)),
    secret_file: None,
};

pub(super) const SESSION_LONGEST_SECONDS: Setting<u32> = Setting {
    name: "session-longest-seconds",
    default: "43200",
    shape: "SECONDS",
    help: "Maximum length of a console session",
    accepted: "a whole number from 60 to 2592000",
    parse: |text| values::within(text, &(60..=2_592_000)),
    secret_file: None,
};

pub(super) const METRICS_LISTEN: Setting<Option<SocketAddr>> = Setting {
    name: "metrics-listen",
    default: "",
    shape: "ADDRESS:PORT",
    help: "Separate address and port for /metrics, without a credential; by default /metrics is beside the API, for tokens of the default tenant that hold api.metrics.read",
    accepted: "an IP address and a port, such as 127.0.0.1:9090",
    parse: |text| Ok((!text.is_empty()).then(|| text.parse()).transpose()?),
    secret_file: None,
};

pub(super) const PUBLIC_URL: Setting<Option<String>> = Setting {
    name: "public-url",
    default: "",
    shape: "URL",
    help: "The URL under which clients and browsers reach the service, for the OAuth metadata and the console's cookie; without it the metadata are served on this machine only",
    accepted: "an http or https URL without path and query, such as https://tokens.example.com",
    parse: values::public_url,
    secret_file: None,
};

pub(super) const OTLP_ENDPOINT: Setting<Option<Url>> = Setting {
    name: "otlp-endpoint",
    default: "",
    shape: "URL",
    help: "The OpenTelemetry collector to send traces to; none by default",
    accepted: "an http URL without query, such as http://127.0.0.1:4318",
    parse: values::otlp_endpoint,
    secret_file: Some("otlp-endpoint-file"),
};

pub(super) const LOG: Setting<EnvFilter> = Setting {
    name: "log",
    default: "info,sqlx=warn",
    shape: "FILTER",
    help: "Which log lines to write",
    accepted: "a level (error, warn, info, debug, trace), or several by target, such as info,countersign_http=debug",
    parse: values::log_filter,
    secret_file: None,
};

pub(super) const LOG_FORMAT: Setting<LogFormat> = Setting {
    name: "log-format",
    default: "auto",
    shape: "FORMAT",
    help: "Format of log lines; auto = human on a terminal, json otherwise",
    accepted: "auto, human or json",
    parse: values::log_format,
    secret_file: None,
};

pub(super) const AUTH_METADATA_HEADERS: Setting<MetadataHeaders> = Setting {
    name: "auth-metadata-headers",
    default: "",
    shape: "KEYS",
    help: "The keys of metadata that /auth hands over in headers X-Countersign-Meta-..., \
           none by default",
    accepted: "keys, comma-separated, such as plan,region",
    parse: values::metadata_headers,
    secret_file: None,
};

pub(super) const CORS_ORIGINS: Setting<Vec<String>> = Setting {
    name: "cors-origins",
    default: "",
    shape: "ORIGINS",
    help: "The origins whose pages may call the API from a browser; none by default",
    accepted: "origins, comma-separated and exact, such as https://app.example.com,http://localhost:3000",
    parse: values::origins,
    secret_file: None,
};

/// All settings.
pub(super) fn rows() -> [&'static dyn Row; 32] {
    [
        &LISTEN,
        &DATABASE_URL,
        &WAIT_FOR_DATABASE,
        &BOOTSTRAP_TOKEN_FILE,
        &BOOTSTRAP_TOKEN_DIGEST,
        &POSTGRES_MAX_CONNECTIONS,
        &TRUSTED_PROXIES,
        &PROXY_HEADER,
        &MAX_LIFETIME_MONTHS,
        &PERMISSIONS_FILE,
        &TOKEN_PREFIX,
        &TOKEN_PREFIXES_EARLIER,
        &TOKEN_HEADERS,
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
        &AUTH_METADATA_HEADERS,
        &METRICS_LISTEN,
        &PUBLIC_URL,
        &OTLP_ENDPOINT,
        &LOG,
        &LOG_FORMAT,
    ]
}
