//! Tests of the values that settings accept and refuse, and that a database's password is never
//! repeated.

use super::*;

#[test]
fn a_database_is_a_file_or_a_server() {
    for (text, path) in [
        ("sqlite:tokens.db", "tokens.db"),
        ("sqlite:/var/lib/tokens.db", "/var/lib/tokens.db"),
        ("sqlite:///var/lib/tokens.db", "/var/lib/tokens.db"),
        ("sqlite://tokens.db", "tokens.db"),
    ] {
        assert_eq!(
            database_url(text).unwrap(),
            DatabaseUrl::Sqlite(path.into())
        );
    }
    for wrong in [
        "",
        "tokens.db",
        "sqlite:",
        "sqlite://",
        "sqlite::memory:",
        "sqlite:a.db?mode=memory",
        "mysql://localhost/tokens",
        "postgres://u:hunter2@host:port/db",
        "postgres://host/db?passwd=hunter2",
        "postgres://host/db?Password=hunter2",
        "postgres://host/db?password=a&hunter2",
        "postgres://host/db?options[hunter2=on",
    ] {
        let refused = format!("{:#}", database_url(wrong).unwrap_err());
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}

#[test]
fn an_origin_is_written_as_browsers_write_it() {
    let two = origins("https://app.example.com, http://localhost:3000").unwrap();
    assert_eq!(two, ["https://app.example.com", "http://localhost:3000"]);
    assert!(origins("").unwrap().is_empty());
    for right in [
        "http://[::1]:8080",
        "chrome-extension://abcdef",
        "https://xn--bcher-kva.example",
    ] {
        assert_eq!(origins(right).unwrap(), [right]);
    }
    for wrong in [
        "*",
        "null",
        "app.example.com",
        "https://*.example.com",
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://app.example.com:443",
        "https://APP.example.com",
        "HTTPS://app.example.com",
        "https://bücher.example",
        "https://user@app.example.com",
        "file:///",
        "https://",
        "https://a.example,",
        "https://a.example https://b.example",
    ] {
        assert!(origins(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_printed_url_tells_no_password() {
    for text in [
        "postgres://admin:hunter2@db.internal:5433/tokens",
        "postgresql://db.internal:5433/tokens?password=hunter2&user=admin",
        "postgres://db.internal:5433/tokens?sslmode=require&options[search_path]=hunter2",
    ] {
        let url = database_url(text).unwrap();
        assert_eq!(url.to_string(), "postgres://db.internal:5433/tokens");
        assert_eq!(format!("{url:?}"), url.to_string());
    }
}

#[test]
fn a_way_over_a_network_is_exposed_unless_the_name_is_verified() {
    for (exposed, text) in [
        (false, "sqlite:tokens.db"),
        (false, "postgres://localhost/tokens"),
        (false, "postgres://u:p@127.0.0.7:5433/tokens"),
        (false, "postgres://[::1]/tokens"),
        (false, "postgres:///tokens?host=/run/postgresql"),
        (false, "postgres://%2Frun%2Fpostgresql/tokens"),
        (false, "postgres://db.internal/tokens?sslmode=verify-full"),
        (false, "postgres://db.internal/tokens?ssl-mode=verify-full"),
        (true, "postgres://db.internal/tokens"),
        (true, "postgres://10.0.0.7/tokens?sslmode=require"),
        (true, "postgres://db.internal/tokens?sslmode=verify-ca"),
        (true, "postgres://localhost/tokens?host=db.internal"),
        (
            true,
            "postgres://db/tokens?sslmode=verify-full&sslmode=prefer",
        ),
    ] {
        assert_eq!(database_url(text).unwrap().is_exposed(), exposed, "{text}");
    }
}

#[test]
fn proxies_are_strict_networks() {
    let read = networks(" 10.0.0.0/8, ::ffff:192.0.2.7,2001:db8::/32").unwrap();
    let mut shown: Vec<String> = read.iter().map(ToString::to_string).collect();
    shown.sort();
    assert_eq!(shown, ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"]);
    assert_eq!(networks("").unwrap(), []);
    for wrong in ["10.0.0.1/8", "010.0.0.0/8", "10.0.0.0/8,", "proxy", "*"] {
        assert!(networks(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn numbers_stay_in_their_range() {
    assert_eq!(within("24", &(1..=1200_u32)).unwrap(), 24);
    for wrong in ["", "0", "1201", "-1", "2.5", "two", "99999999999999999999"] {
        assert!(within(wrong, &(1..=1200_u32)).is_err(), "{wrong}");
    }
}

#[test]
fn an_ending_goes_behind_the_whole_name() {
    assert_eq!(
        beside(Path::new("a/b.db"), ".lock"),
        Path::new("a/b.db.lock")
    );
}

#[test]
fn a_collector_is_a_plain_address() {
    assert_eq!(otlp_endpoint("").unwrap(), None);
    for right in [
        "http://127.0.0.1:4318",
        "http://[::1]:4318/",
        "http://collector/otlp",
    ] {
        assert!(otlp_endpoint(right).unwrap().is_some(), "{right}");
    }
    for wrong in [
        "127.0.0.1:4318",
        "https://collector:4318",
        "grpc://collector:4317",
        "http://collector:4318/?key=hunter2",
        "http://admin:hunter2@collector:4318",
    ] {
        let refused = format!("{:#}", otlp_endpoint(wrong).unwrap_err());
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}
