//! Where secrets go: to standard output alone or into a file, and nowhere else.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::{
    common::{Node, On, in_a_year},
    user::{READ, Run, User, with_input},
};

fn assert_hidden(run: &Run, secrets: &[&str]) {
    for secret in secrets {
        assert!(!run.out.contains(secret), "standard output: {}", run.out);
        assert!(!run.err.contains(secret), "standard error: {}", run.err);
    }
}

#[test]
fn a_new_secret_is_alone_on_standard_output_or_in_a_file() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    for format in ["table", "json", "ndjson", "yaml"] {
        let expiry = in_a_year();
        let line = [
            "token",
            "create",
            format,
            "--expiry",
            &expiry,
            "--permission",
            READ,
            "-o",
            format,
        ];
        let made = user.run(&line);
        let secret = made.out.strip_suffix('\n').unwrap().to_owned();
        assert!(
            countersign_domain::Secret::parse(&secret).is_ok(),
            "{}",
            made.out
        );
        assert!(
            made.err.contains(format) && !made.err.contains(&secret),
            "{}",
            made.err
        );

        let rotated = user.run(&["token", "rotate", format, "--output", format]);
        let next = rotated.out.strip_suffix('\n').unwrap();
        assert!(countersign_domain::Secret::parse(next).is_ok() && next != secret);
        assert_hidden(
            &user.run(&["token", "get", format, "--output", format]),
            &[&secret, next],
        );
    }

    let file = user.home().join("new.secret");
    let line = [
        "token",
        "rotate",
        "json",
        "--secret-file",
        "new.secret",
        "--output",
        "json",
    ];
    let record = user.run(&line).json();
    assert_eq!(record["version"], 3);
    assert_eq!(record.get("token"), None);
    let secret = fs::read_to_string(&file).unwrap();
    assert!(countersign_domain::Secret::parse(secret.trim()).is_ok());
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );

    // A file that is there stays as it is, and no second secret is made.
    let again = user.run(&line);
    assert_eq!((again.code, again.out.as_str()), (1, ""));
    assert_eq!(fs::read_to_string(&file).unwrap(), secret);
    assert_eq!(
        user.run(&["token", "get", "json", "-o", "json"]).json()["version"],
        3
    );
}

#[test]
fn a_repeated_creation_makes_no_second_token_and_says_what_to_do() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    let expiry = in_a_year();
    let line = [
        "token",
        "create",
        "Once",
        "--expiry",
        &expiry,
        "--permission",
        READ,
        "--idempotency-key",
        "k1",
    ];
    user.run(&line).done();
    let again = user.run(&line);
    assert_eq!(again.code, 3);
    assert!(again.err.contains("already-created (409)"), "{}", again.err);
    assert!(
        again.err.contains("countersign token rotate"),
        "{}",
        again.err
    );
    let listed = user
        .run(&["token", "list", "--name", "Once", "--output", "json"])
        .json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[test]
fn no_command_shows_a_secret_that_it_was_not_asked_for() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    let (id, secret) = user.create("Hidden", &[]);
    let secrets = [node.root.as_str(), &secret];
    for line in [
        &["whoami"][..],
        &["whoami", "-o", "json"],
        &["permissions"],
        &["token", "list", "-o", "yaml"],
        &["token", "get", &id],
        &["token", "events", &id, "-o", "json"],
        &["token", "events"],
        &["token", "update", &id, "--name", "Hidden still"],
        &["token", "update", &id, "--name", "", "--dry-run"],
        &["api", "GET", "/api/v1/api-tokens/current"],
        &["api", "POST", "/api/v1/api-tokens", "--body", "{}"],
        &["token", "revoke", &id, "--dry-run"],
        &["context", "list"],
    ] {
        assert_hidden(&user.run(line), &secrets);
    }
    for line in [
        &["decode"][..],
        &["token", "verify"],
        &["explain"],
        &["context", "add", "a", "--url", "http://x"],
    ] {
        assert_hidden(&user.run_with_input(line, &secret), &secrets);
        assert_hidden(
            &user.run_with_input(line, &format!("{secret} {secret}")),
            &secrets,
        );
    }
    let mut unusable = user.alone(&["whoami"]);
    unusable
        .env("COUNTERSIGN_TOKEN", format!("{secret}\n{secret}"))
        .env("COUNTERSIGN_URL", &user.url);
    assert_hidden(&with_input(unusable, ""), &secrets);
}

#[test]
fn a_secret_that_is_given_as_an_argument_is_refused_and_not_repeated() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    let (_, secret) = user.create("Argument", &[]);
    for line in [
        &["token", "verify", &secret][..],
        &["decode", &secret],
        &["whoami", &format!("--token={secret}")],
        &["whoami", "--token", &secret],
        &["token", "get", &secret],
        &["api", "GET", &format!("/auth?token={secret}")],
    ] {
        let run = user.run(line);
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(run.err.contains("never an argument"), "{}", run.err);
        assert_hidden(&run, &[&secret]);
    }
}
