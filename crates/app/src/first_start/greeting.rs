//! What the terminal shows at the first start: the secret, this once, in lines to paste that create and update a
//! token.

use std::{
    io::{self, Write},
    net::SocketAddr,
};

use countersign_domain::{Policy, Secret, Timestamp, standard};

use crate::reachable::reachable;

/// Writes it; the token of the example ends in a year, or as late as the policy allows. `curl` gets the secret through
/// a pipe, because an argument would stand in the process list.
///
/// # Errors
/// When nobody takes it; the secret is then lost.
pub(crate) fn greet(
    out: &mut impl Write,
    secret: &Secret,
    address: SocketAddr,
    policy: &Policy,
    now: Timestamp,
) -> io::Result<()> {
    let expiry = now.plus_months(policy.max_lifetime_months.min(12));
    write!(
        out,
        r#"
Welcome. This store was empty, so it got a tenant and a root token that may do everything.
Its secret is shown this once. These lines create a token and update it:

TOKEN='{secret}'
URL='http://{address}/api/v1/api-tokens'
api() {{ printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" | curl -sS -K - -H 'Content-Type: application/json' "$@"; }}
MADE=$(api "$URL" -d '{{"name": "First", "expiry": "{expiry}", "permissions": ["{permission}"]}}')
printf '%s\n' "$MADE"
ID=$(printf '%s' "$MADE" | sed 's/.*"id":"\([^"]*\)".*/\1/')
api -X PUT "$URL/$ID" -d '{{"version": 1, "name": "First, renamed"}}'

"#,
        secret = secret.expose(),
        address = reachable(address),
        permission = standard::API_TOKENS_READ,
    )?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_stands_in_it_once_and_the_expiry_is_allowed() {
        let secret = Secret::from_random(&[5; 32]);
        for (months, expiry) in [(24, "2027-11-23T20:00:00Z"), (3, "2027-02-23T20:00:00Z")] {
            let mut out = Vec::new();
            let policy = Policy {
                max_lifetime_months: months,
                ..Policy::default()
            };
            let now = "2026-11-23T20:00:00Z".parse().unwrap();
            greet(
                &mut out,
                &secret,
                "0.0.0.0:81".parse().unwrap(),
                &policy,
                now,
            )
            .unwrap();
            let text = String::from_utf8(out).unwrap();
            assert_eq!(text.matches(secret.expose()).count(), 1);
            assert!(text.contains(expiry), "{text}");
            assert!(
                text.contains("http://127.0.0.1:81/api/v1/api-tokens"),
                "{text}"
            );
        }
    }
}
