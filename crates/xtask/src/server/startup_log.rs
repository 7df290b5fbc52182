//! What a service says about itself: where it listens, whether it is ready, where its first secret is.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

/// The address in the line `listening`, whether its fields are nested or not.
pub(super) fn listening(log: &str) -> Option<SocketAddr> {
    log.lines().find_map(|line| {
        let event: Value = serde_json::from_str(line).ok()?;
        let fields = event.get("fields").unwrap_or(&event);
        let said = fields.get("message")? == "listening";
        fields
            .get("listen")
            .filter(|_| said)?
            .as_str()?
            .parse()
            .ok()
    })
}

pub(super) fn is_ready(address: SocketAddr) -> bool {
    let ask = || -> Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(
            b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.split(' ').nth(1) == Some("200"))
}

pub(super) fn root_token_file(database_url: &str) -> String {
    let path = database_url
        .strip_prefix("sqlite:")
        .map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    let database = path
        .and_then(|path| path.split('?').next())
        .unwrap_or("countersign");
    format!("{database}.root-token")
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_address_is_in_the_listening_line() {
        let expected = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 4711)));
        let nested =
            r#"{"level":"INFO","fields":{"message":"listening","listen":"127.0.0.1:4711"}}"#;
        let flat = r#"{"level":"INFO","message":"listening","listen":"127.0.0.1:4711"}"#;
        assert_eq!(listening(nested), expected);
        assert_eq!(
            listening(&format!("words\n{{\"message\":\"migrated\"}}\n{flat}\n")),
            expected
        );
        assert_eq!(listening(&nested.replace("listening", "closing")), None);
        assert_eq!(listening(&nested[..40]), None);
    }

    #[test]
    fn the_root_token_lies_beside_the_database() {
        assert_eq!(root_token_file("sqlite:/tmp/a.db"), "/tmp/a.db.root-token");
        assert_eq!(root_token_file("sqlite://a.db?mode=rwc"), "a.db.root-token");
        assert_eq!(
            root_token_file("postgres://u:p@h/d"),
            "countersign.root-token"
        );
    }
}
