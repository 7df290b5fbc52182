//! Judgement of a secret's form, without a service.

use countersign_domain::Secret;
use serde_json::json;

use crate::{
    failure::{Failure, Outcome},
    output::Format,
    secret_source,
};

/// Prints whether the text on standard input has the form and the checksum of a secret. Only the
/// part of it is shown that may be.
pub(crate) fn decode(format: Format) -> Outcome {
    let text = secret_source::from_stdin("Token to be decoded")?;
    if let Ok(secret) = Secret::parse(text.expose()) {
        return format.write_one(&json!({
            "wellFormed": true,
            "partialToken": secret.masked().as_str(),
            "digest": secret.digest().to_hex(),
        }));
    }
    let detail = "its prefix, length, alphabet or checksum is not that of an API token; it may be \
                  cut off or mistyped";
    format.write_one(&json!({"wellFormed": false, "detail": detail}))?;
    Err(Failure::Inactive)
}
