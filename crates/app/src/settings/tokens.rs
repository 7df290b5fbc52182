//! Settings of the form of tokens.

use countersign_domain::{SecretDigest, StoredSecret, TokenPrefix};

use countersign_gate::TokenHeaders;

use super::setting::Setting;

pub(super) const TOKEN_PREFIX: Setting<TokenPrefix> = Setting {
    name: "token-prefix",
    default: "csg",
    shape: "PREFIX",
    help: "The prefix of the secrets of new tokens; secrets with another prefix go on working",
    accepted: "2 to 20 lower-case letters and digits, a letter first, \
               with single underscores between them, such as acme_live",
    parse: |text| Ok(text.parse()?),
    secret_file: None,
};

pub(super) const TOKEN_PREFIXES_EARLIER: Setting<Vec<TokenPrefix>> = Setting {
    name: "token-prefixes-earlier",
    default: "csg",
    shape: "PREFIXES",
    help: "The prefixes that token-prefix had before, for scanners: \
           /.well-known/countersign-token-format lists them too",
    accepted: "prefixes, comma-separated, such as acme,acme_test",
    parse: |text| {
        let parts = text.split(',').map(str::trim).filter(|_| !text.is_empty());
        Ok(parts.map(str::parse).collect::<Result<_, _>>()?)
    },
    secret_file: None,
};

pub(super) const TOKEN_HEADERS: Setting<TokenHeaders> = Setting {
    name: "token-headers",
    default: "",
    shape: "HEADERS",
    help: "Where clients may send tokens besides Authorization: Bearer, nowhere by default; \
           the order decides nothing",
    accepted: "basic (the token is the password, with any name) and up to four names of headers \
               without another meaning, comma-separated, such as basic,X-API-Key",
    parse: |text| Ok(text.parse()?),
    secret_file: None,
};

/// What the store keeps of the root token's secret, if the deployment has chosen it.
pub(super) fn bootstrap_token(
    secret: Option<StoredSecret>,
    digest: Option<SecretDigest>,
    prefix: &TokenPrefix,
) -> Option<StoredSecret> {
    secret.or_else(|| digest.map(|digest| StoredSecret::of_digest(prefix, digest)))
}
