//! Values of settings, parsed once at the start, so that no later code meets one that makes no
//! sense.

use std::{
    fmt,
    net::IpAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context as _, Result, bail, ensure};
use countersign_domain::{AllowedAddresses, InvalidAddresses, PermissionCatalog};
use countersign_http::{MetadataHeaders, ProxyHeader};
use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use url::Url;

/// The database. Its `Display` shows neither a user nor a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum DatabaseUrl {
    Sqlite(PathBuf),
    Postgres(Url),
}

impl DatabaseUrl {
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }
}

impl DatabaseUrl {
    /// Whether others on the network can read or redirect the connection: it leads over a network,
    /// and the server's certificate is not verified against its name.
    pub(crate) fn is_exposed(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(url) => countersign_postgres::is_exposed(url.as_str()),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            // The query may hold a password too.
            Self::Postgres(url) => {
                write!(f, "postgres://{}", url.host_str().unwrap_or_default())?;
                if let Some(port) = url.port() {
                    write!(f, ":{port}")?;
                }
                f.write_str(url.path())
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

pub(crate) fn database_url(text: &str) -> Result<DatabaseUrl> {
    if let Some(path) = text.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        ensure!(!path.is_empty(), "there is no path");
        ensure!(
            !path.starts_with(':') && !path.contains('?'),
            "only a plain path to a file may follow"
        );
        return Ok(DatabaseUrl::Sqlite(path.into()));
    }
    let url = Url::parse(text)?;
    ensure!(
        matches!(url.scheme(), "postgres" | "postgresql"),
        "no such kind of database"
    );
    // The library would log unknown parameters with their values. The name is not repeated here
    // either: after an `&` that was not escaped it may be the rest of a password.
    ensure!(
        url.query_pairs().all(|(name, _)| is_known(&name)),
        "its query holds a parameter other than {} and options[…]; a password's & is written %26",
        POSTGRES_PARAMETERS.join(", ")
    );
    Ok(DatabaseUrl::Postgres(url))
}

/// The parameters that the query of a PostgreSQL URL may have: all that sqlx 0.9 reads
/// (`sqlx-postgres`, `options/parse.rs`).
const POSTGRES_PARAMETERS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

fn is_known(parameter: &str) -> bool {
    let option = parameter.strip_prefix("options[");
    POSTGRES_PARAMETERS.contains(&parameter) || option.is_some_and(|name| name.ends_with(']'))
}

/// How nodes learn of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeFeed {
    Notify,
    Poll,
    None,
}

pub(crate) fn change_feed(text: &str) -> Result<ChangeFeed> {
    Ok(match text {
        "notify" => ChangeFeed::Notify,
        "poll" => ChangeFeed::Poll,
        "none" => ChangeFeed::None,
        _ => bail!("no such mode"),
    })
}

/// Parses the URL, and removes a slash at its end, so that paths can be appended.
pub(crate) fn public_url(text: &str) -> Result<Option<String>> {
    if text.is_empty() {
        return Ok(None);
    }
    let url = Url::parse(text)?;
    ensure!(
        matches!(url.scheme(), "http" | "https"),
        "neither http nor https"
    );
    ensure!(
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty(),
        "it has more than an address"
    );
    ensure!(
        url.path() == "/",
        "it has a path, below which nothing is served"
    );
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

/// Parses comma-separated origins, each in the form that browsers send (RFC 6454, section 6.2):
/// another spelling would equal no `Origin` that is ever sent.
pub(crate) fn origins(text: &str) -> Result<Vec<String>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split(',').map(|part| origin(part.trim())).collect()
}

pub(crate) fn metadata_headers(text: &str) -> Result<MetadataHeaders> {
    let keys = text.split(',').map(str::trim);
    Ok(MetadataHeaders::new(keys.filter(|_| !text.is_empty()))?)
}

fn origin(text: &str) -> Result<String> {
    let url = Url::parse(text)?;
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.context("an origin has a scheme and a host")?;
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    let origin = format!("{}://{host}{port}", url.scheme());
    ensure!(!text.contains('*'), "there is no wildcard");
    ensure!(text == origin, "browsers write this origin as {origin}");
    Ok(origin)
}

/// Accepts only plain HTTP: a collector runs beside the service, and sends traces on from there.
pub(crate) fn otlp_endpoint(text: &str) -> Result<Option<Url>> {
    if text.is_empty() {
        return Ok(None);
    }
    let url = Url::parse(text)?;
    ensure!(url.scheme() == "http", "not http");
    ensure!(
        url.query().is_none() && url.fragment().is_none(),
        "it has more than an address"
    );
    ensure!(
        url.username().is_empty() && url.password().is_none(),
        "credentials belong into the variable OTEL_EXPORTER_OTLP_HEADERS"
    );
    Ok(Some(url))
}

/// Parses comma-separated networks, by the same strict rules as a token's list of addresses.
pub(crate) fn networks(text: &str) -> Result<Vec<IpNet>> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if parts == [""] {
        return Ok(Vec::new());
    }
    match AllowedAddresses::parse(&parts) {
        Ok(networks) => networks
            .iter()
            .map(|entry| match entry.parse::<IpAddr>() {
                Ok(address) => Ok(address.into()),
                Err(_) => Ok(entry.parse()?),
            })
            .collect(),
        Err(InvalidAddresses::Entries(faults)) => {
            let named = faults
                .iter()
                .map(|(index, fault)| format!("{:?}: {fault}", parts[*index]));
            bail!("{}", named.collect::<Vec<_>>().join("; "))
        }
        Err(InvalidAddresses::TooMany(count)) => {
            bail!("{count} are more than {}", AllowedAddresses::MAX)
        }
    }
}

pub(crate) fn proxy_header(text: &str) -> Result<ProxyHeader> {
    match text {
        "auto" => Ok(ProxyHeader::Auto),
        "x-forwarded-for" => Ok(ProxyHeader::XForwardedFor),
        "forwarded" => Ok(ProxyHeader::Forwarded),
        _ => bail!("no such header is read"),
    }
}

/// Reads the catalog; the standard one if no file is named.
pub(crate) fn catalog(path: &str) -> Result<PermissionCatalog> {
    if path.is_empty() {
        return Ok(PermissionCatalog::standard());
    }
    let text = std::fs::read_to_string(path).context("cannot be read")?;
    Ok(PermissionCatalog::parse(&text)?)
}

pub(crate) fn within<T>(text: &str, range: &RangeInclusive<T>) -> Result<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static> + PartialOrd,
{
    let number = text.parse()?;
    ensure!(range.contains(&number), "out of range");
    Ok(number)
}

pub(crate) fn log_filter(text: &str) -> Result<EnvFilter> {
    Ok(EnvFilter::builder().parse(text)?)
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Human-readable on a terminal, JSON otherwise.
    Auto,
    Human,
    Json,
}

pub(crate) fn log_format(text: &str) -> Result<LogFormat> {
    match text {
        "auto" => Ok(LogFormat::Auto),
        "human" => Ok(LogFormat::Human),
        "json" => Ok(LogFormat::Json),
        _ => bail!("no such format"),
    }
}

/// The path with a suffix added to its file name: `tokens.db` and `.lock` give `tokens.db.lock`.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
#[path = "values_tests.rs"]
mod tests;
