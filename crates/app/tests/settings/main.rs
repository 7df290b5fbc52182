//! File, environment and flags, with mistakes in them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
mod environment;

use std::{fs, process::Output};

use common::{bare, text};

/// Shows which address counts: nobody answers there, and the message names it.
fn asked(file: Option<&str>, environment: &[(&str, &str)], flags: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    if let Some(file) = file {
        fs::write(folder.path().join("countersign.toml"), file).unwrap();
    }
    bare(folder.path())
        .envs(environment.iter().copied())
        .arg("healthcheck")
        .args(flags)
        .output()
        .unwrap()
}

#[test]
fn a_flag_beats_the_environment_and_that_the_file() {
    let file = Some("listen = '127.0.0.1:1'\n");
    let environment = [("COUNTERSIGN_LISTEN", "127.0.0.1:2")];
    let flag = ["--listen", "127.0.0.1:3"];
    for (given, port) in [
        (asked(file, &[], &[]), 1),
        (asked(file, &environment, &[]), 2),
        (asked(file, &environment, &flag), 3),
        (asked(file, &[], &flag), 3),
    ] {
        let told = text(&given.stderr);
        assert!(told.contains(&format!("127.0.0.1:{port}")), "{told}");
        assert_eq!(given.status.code(), Some(1));
    }
}

#[test]
fn a_file_is_taken_from_where_it_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("countersign.toml"),
        "listen = '127.0.0.1:1'",
    )
    .unwrap();
    fs::write(folder.path().join("other.toml"), "listen = '127.0.0.1:2'").unwrap();
    let mut command = bare(folder.path());
    command.arg("healthcheck");
    let by_variable = command
        .env("COUNTERSIGN_CONFIG", "other.toml")
        .output()
        .unwrap();
    assert!(text(&by_variable.stderr).contains("127.0.0.1:2"));
    let by_flag = command
        .args(["--config", "countersign.toml"])
        .output()
        .unwrap();
    assert!(text(&by_flag.stderr).contains("127.0.0.1:1"));
    let absent = bare(folder.path())
        .args(["healthcheck", "--config", "absent.toml"])
        .output();
    let absent = absent.unwrap();
    assert_eq!(absent.status.code(), Some(2));
    assert!(text(&absent.stderr).contains("absent.toml"));
}

/// The file of the packages, and all its examples except a placeholder and a second database.
#[test]
fn the_packaged_file_is_accepted() {
    let file = include_str!("../../dist/countersign.toml");
    let other = [
        "database-url",
        "database-url-file",
        "bootstrap-token-digest",
    ];
    let example = |line: &str| {
        let (key, _) = line.strip_prefix("# ")?.split_once(" = ")?;
        let is_key = key
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter == '-');
        (is_key && !other.contains(&key)).then(|| line[2..].to_owned())
    };
    let examples: Vec<String> = file.lines().filter_map(example).collect();
    assert!(examples.len() >= 4, "{examples:?}");
    for given in [
        file.to_owned(),
        format!("{file}\n{}\n", examples.join("\n")),
    ] {
        let answer = asked(Some(&given), &[], &["--listen", "127.0.0.1:1"]);
        assert_eq!(answer.status.code(), Some(1), "{}", text(&answer.stderr));
    }
}

#[test]
fn a_wrong_value_is_named_with_its_source_and_what_it_has_to_be() {
    for (given, words) in [
        (
            asked(None, &[], &["--listen", "everywhere"]),
            ["listen", "the flag --listen", "everywhere", "[::]:8080"],
        ),
        (
            asked(None, &[("COUNTERSIGN_MAX_LIFETIME_MONTHS", "0")], &[]),
            [
                "max-lifetime-months",
                "variable COUNTERSIGN_MAX_LIFETIME_MONTHS",
                "\"0\"",
                "1 to 1200",
            ],
        ),
        (
            asked(Some("trusted-proxies = ['10.0.0.1/8']"), &[], &[]),
            [
                "trusted-proxies",
                "the file countersign.toml",
                "10.0.0.1/8",
                "10.0.0.0/8",
            ],
        ),
        (
            asked(None, &[("COUNTERSIGN_PERMISSIONS_FILE", "absent")], &[]),
            [
                "permissions-file",
                "COUNTERSIGN_PERMISSIONS_FILE",
                "absent",
                "one dotted name",
            ],
        ),
        (
            asked(None, &[("COUNTERSIGN_LOG_FORMAT", "xml")], &[]),
            [
                "log-format",
                "COUNTERSIGN_LOG_FORMAT",
                "xml",
                "auto, human or json",
            ],
        ),
        (
            asked(None, &[], &["--proxy-header", "x-real-ip"]),
            [
                "proxy-header",
                "the flag --proxy-header",
                "x-real-ip",
                "auto, x-forwarded-for or forwarded",
            ],
        ),
        (
            asked(Some("console = 1"), &[], &[]),
            ["console", "countersign.toml", "\"1\"", "true or false"],
        ),
        (
            asked(None, &[("COUNTERSIGN_SESSION_IDLE_SECONDS", "0")], &[]),
            [
                "session-idle-seconds",
                "COUNTERSIGN_SESSION_IDLE_SECONDS",
                "\"0\"",
                "60 to 86400",
            ],
        ),
        (
            asked(None, &[("COUNTERSIGN_TOKEN_HEADERS", "basic,Cookie")], &[]),
            [
                "token-headers",
                "COUNTERSIGN_TOKEN_HEADERS",
                "cookie",
                "another meaning",
            ],
        ),
        (
            asked(None, &[], &["--token-prefix", "Acme"]),
            [
                "token-prefix",
                "the flag --token-prefix",
                "Acme",
                "acme_live",
            ],
        ),
        (
            asked(Some("listne = 'x'"), &[], &[]),
            [
                "countersign.toml",
                "unknown setting",
                "listne",
                "the nearest are listen",
            ],
        ),
    ] {
        assert_eq!(given.status.code(), Some(2));
        let told = text(&given.stderr);
        for word in words {
            assert!(told.contains(word), "{word}: {told}");
        }
    }
}

/// A secret under a wrong name, of whatever prefix.
#[test]
fn a_secret_is_never_repeated() {
    for prefix in ["csg", "acme_live"] {
        let prefix = prefix.parse().unwrap();
        let secret = countersign_domain::Secret::with_prefix(&prefix, &[7; 32]);
        for flag in [
            "--token-headers",
            "--token-prefix",
            "--listen",
            "--public-url",
        ] {
            let given = asked(None, &[], &[flag, secret.expose()]);
            assert_eq!(given.status.code(), Some(2), "{flag}");
            let told = text(&given.stderr);
            assert!(told.contains(&flag[2..]), "{told}");
            let random = &secret.expose()[prefix.as_str().len() + 1..];
            assert!(!told.contains(&random[..20]), "{told}");
        }
    }
}

#[test]
fn a_database_url_is_never_repeated() {
    let wrong = "mysql://admin:hunter2@db/tokens";
    let misspelt = "postgres://db/tokens?passwd=hunter2";
    let file = format!("database-url = '{wrong}'");
    for given in [
        asked(None, &[("COUNTERSIGN_DATABASE_URL", wrong)], &[]),
        asked(None, &[("COUNTERSIGN_DATABASE_URL", misspelt)], &[]),
        asked(None, &[], &["--database-url", misspelt]),
        asked(None, &[], &["--database-url", wrong]),
        asked(Some(&file), &[], &[]),
        asked(Some("database-url = postgres://admin:hunter2@db"), &[], &[]),
    ] {
        assert_eq!(given.status.code(), Some(2));
        assert!(
            !text(&given.stderr).contains("hunter2"),
            "{}",
            text(&given.stderr)
        );
    }
    let right = "postgres://admin:hunter2@127.0.0.1:1/tokens";
    let help = asked(None, &[("COUNTERSIGN_DATABASE_URL", right)], &["--help"]);
    assert!(help.status.success());
    assert!(!text(&help.stdout).contains("hunter2"));
}

#[test]
fn every_setting_is_explained_with_its_default() {
    let folder = tempfile::tempdir().unwrap();
    let help = bare(folder.path()).arg("--help").output().unwrap();
    let help = text(&help.stdout);
    for word in [
        "--config",
        "COUNTERSIGN_LISTEN",
        "127.0.0.1:8080",
        "COUNTERSIGN_DATABASE_URL",
        "sqlite:countersign.db",
        "COUNTERSIGN_TRUSTED_PROXIES",
        "COUNTERSIGN_PROXY_HEADER",
        "default: auto",
        "COUNTERSIGN_MAX_LIFETIME_MONTHS",
        "default: 24",
        "COUNTERSIGN_PERMISSIONS_FILE",
        "--postgres-max-connections",
        "--max-connections",
        "--shutdown-grace-seconds",
        "--log-format",
    ] {
        assert!(help.contains(word), "{word}: {help}");
    }
}
