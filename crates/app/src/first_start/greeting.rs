//! The welcome on the terminal at the first start: the console's address, and the root token's
//! secret, this once, in lines to paste that create and update a token.

use std::{
    io::{self, Write},
    net::SocketAddr,
};

use countersign_domain::{Policy, Secret, Timestamp, standard};

use crate::reachable::reachable;

/// The welcome's contents.
pub(crate) struct Greeting {
    pub(crate) secret: Secret,
    /// The address that the service listens on.
    pub(crate) address: SocketAddr,
    pub(crate) policy: Policy,
    /// Whether the service has a console.
    pub(crate) console: bool,
}

impl Greeting {
    /// Writes the welcome. The example's token ends in a year, or as late as the policy allows. The
    /// lines hand the secret to `curl` through a pipe, because a process list shows arguments.
    ///
    /// # Errors
    /// The output takes no more; the secret is then lost.
    pub(crate) fn write(&self, out: &mut impl Write, now: Timestamp) -> io::Result<()> {
        let origin = format!("http://{}", reachable(self.address));
        let expiry = now.plus_months(self.policy.max_lifetime_months.min(12));
        write!(
            out,
            r"
Welcome. This store was empty, so it got a tenant and a root token that may do everything.
"
        )?;
        if self.console {
            writeln!(
                out,
                "The console is at {origin}/console: sign in with the secret."
            )?;
        }
        write!(
            out,
            r#"The secret is shown this once. These lines create a token and update it:

TOKEN='{secret}'
URL='{origin}/api/v1/api-tokens'
api() {{ printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" | curl -sS -K - -H 'Content-Type: application/json' "$@"; }}
MADE=$(api "$URL" -d '{{"name": "First", "expiry": "{expiry}", "permissions": ["{permission}"]}}')
printf '%s\n' "$MADE"
ID=$(printf '%s' "$MADE" | sed 's/.*"id":"\([^"]*\)".*/\1/')
api -X PUT "$URL/$ID" -d '{{"version": 1, "name": "First, renamed"}}'

"#,
            secret = self.secret.expose(),
            permission = standard::API_TOKENS_READ,
        )?;
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(console: bool, months: u32) -> String {
        let greeting = Greeting {
            secret: Secret::from_random(&[5; 32]),
            address: "0.0.0.0:81".parse().unwrap(),
            policy: Policy {
                max_lifetime_months: months,
                ..Policy::default()
            },
            console,
        };
        let mut out = Vec::new();
        greeting
            .write(&mut out, "2026-11-23T20:00:00Z".parse().unwrap())
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_secret_stands_in_it_once_and_the_expiry_is_allowed() {
        let secret = Secret::from_random(&[5; 32]);
        for (months, expiry) in [(24, "2027-11-23T20:00:00Z"), (3, "2027-02-23T20:00:00Z")] {
            let text = shown(true, months);
            assert_eq!(text.matches(secret.expose()).count(), 1);
            assert!(text.contains(expiry), "{text}");
            assert!(
                text.contains("http://127.0.0.1:81/api/v1/api-tokens"),
                "{text}"
            );
        }
    }

    #[test]
    fn it_names_the_console_unless_there_is_none() {
        assert!(shown(true, 24).contains("The console is at http://127.0.0.1:81/console: "));
        assert!(!shown(false, 24).contains("console"));
    }
}
