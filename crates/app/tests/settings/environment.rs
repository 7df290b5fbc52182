//! Variables that are not settings, and that one mistake hides no other.

use std::fs;

use crate::{
    asked,
    common::{bare, text},
};

#[test]
fn a_variable_that_is_no_setting_stops_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &[][..],
        &["serve"],
        &["migrate"],
        &["root-token"],
        &["tenant", "list"],
        &["audit", "verify"],
        &["openapi"],
        &["healthcheck"],
    ] {
        let mut command = bare(folder.path());
        command.env("COUNTERSIGN_DATABASE_URL_PATH", "hunter2");
        let given = command.args(arguments).output().unwrap();
        let told = text(&given.stderr);
        assert_eq!(given.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(
            told.contains("COUNTERSIGN_DATABASE_URL_PATH is no setting"),
            "{told}"
        );
        assert!(
            told.contains("the nearest are COUNTERSIGN_DATABASE_URL"),
            "{told}"
        );
        assert!(!told.contains("hunter2"), "{told}");
        assert!(given.stdout.is_empty(), "{arguments:?}");
    }
    // No database, lock or root token was made at the default place.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_kubernetes_sets_is_skipped_silently() {
    let environment = [
        ("COUNTERSIGN_SERVICE_HOST", "10.96.0.12"),
        ("COUNTERSIGN_SERVICE_PORT", "8080"),
        ("COUNTERSIGN_SERVICE_PORT_HTTP", "8080"),
        ("COUNTERSIGN_PORT", "tcp://10.96.0.12:8080"),
        ("COUNTERSIGN_PORT_8080_TCP", "tcp://10.96.0.12:8080"),
        ("COUNTERSIGN_PORT_8080_TCP_PROTO", "tcp"),
        ("COUNTERSIGN_PORT_8080_TCP_PORT", "8080"),
        ("COUNTERSIGN_PORT_8080_TCP_ADDR", "10.96.0.12"),
        ("COUNTERSIGN_CONSOLE_SERVICE_HOST", "10.96.0.13"),
        ("COUNTERSIGN_METRICS_PORT_9090_TCP_ADDR", "10.96.0.14"),
        ("COUNTERSIGN_LISTEN", "127.0.0.1:1"),
    ];
    let given = asked(None, &environment, &[]);
    assert_eq!(given.status.code(), Some(1));
    let told = text(&given.stderr);
    assert!(told.contains("127.0.0.1:1"), "{told}");
    assert!(!told.contains("COUNTERSIGN_"), "{told}");
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let file = Some("listen = '127.0.0.1:1'\n");
    let environment = [
        ("COUNTERSIGN_LISTEN", ""),
        ("COUNTERSIGN_CONFIG", ""),
        ("COUNTERSIGN_MAX_LIFETIME_MONTHS", ""),
        ("COUNTERSIGN_NO_SETTING", ""),
    ];
    let given = asked(file, &environment, &[]);
    let told = text(&given.stderr);
    assert_eq!(given.status.code(), Some(1), "{told}");
    assert!(told.contains("127.0.0.1:1"), "{told}");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let given = asked(
        Some("listne = 'x'\nconsole = 1\nmax-connections = 1.5\nproxy-header = 'via'"),
        &[
            ("COUNTERSIGN_MAX_LIFETIME_MONTHS", "0"),
            ("COUNTERSIGN_LOG_FROMAT", "json"),
            ("COUNTERSIGN_PORT", "8080"),
        ],
        &[
            "--lsiten",
            "127.0.0.1:1",
            "--metric-listen=x",
            "--log",
            "a=b=c",
        ],
    );
    assert_eq!(given.status.code(), Some(2));
    let told = text(&given.stderr);
    for word in [
        "10 mistakes",
        "'--lsiten'",
        "'--metric-listen'",
        "the flag --log,",
        "listne",
        "console: \"1\" is not accepted",
        "max-connections has to be",
        "the file countersign.toml, and has to be auto, x-forwarded-for",
        "COUNTERSIGN_MAX_LIFETIME_MONTHS",
        "the nearest are COUNTERSIGN_LOG_FORMAT",
        "COUNTERSIGN_PORT is no setting",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
}

#[test]
fn a_password_under_the_name_of_another_setting_is_not_repeated() {
    let url = "postgres://countersign:hunter2@db.invalid/countersign";
    for name in [
        "COUNTERSIGN_LISTEN",
        "COUNTERSIGN_LOG_FORMAT",
        "COUNTERSIGN_MAX_CONNECTIONS",
        "COUNTERSIGN_METRICS_LISTEN",
        "COUNTERSIGN_OTLP_ENDPOINT",
        "COUNTERSIGN_PUBLIC_URL",
        "COUNTERSIGN_TRUSTED_PROXIES",
    ] {
        let given = asked(None, &[(name, url)], &[]);
        let told = text(&given.stderr);
        assert_eq!(given.status.code(), Some(2), "{told}");
        assert!(told.contains(name), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}
