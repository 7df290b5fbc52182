//! Contexts: services and secrets under names, in a file for its owner alone.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::{
    common::{Node, On},
    user::{Run, User, with_input},
};

fn add(user: &User, name: &str, url: &str, secret: &str) -> Run {
    with_input(user.alone(&["context", "add", name, "--url", url]), secret)
}

fn run(user: &User, line: &[&str]) -> Run {
    user.alone(line).output().unwrap().into()
}

#[test]
fn a_context_leads_from_its_addition_to_a_revocation() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    assert_eq!(run(&user, &["whoami"]).code, 1, "there is no token yet");
    add(&user, "local", &user.url, &format!("{}\n", node.root)).done();
    add(&user, "other", "http://127.0.0.1:1", &node.root).done();

    let file = user.home().join(".config/countersign/contexts.toml");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let folder = file.parent().unwrap();
    assert_eq!(
        fs::metadata(folder).unwrap().permissions().mode() & 0o777,
        0o700
    );

    let line = [
        "token",
        "create",
        "Nightly",
        "--expiry",
        "1y",
        "--permission",
        "api.tasks.read",
    ];
    let secret = run(&user, &line).done();
    let judged = with_input(user.alone(&["token", "verify", "-o", "json"]), &secret).json();
    assert_eq!(judged["active"], true);
    run(
        &user,
        &["token", "update", "nightly", "--address", "192.0.2.0/24"],
    )
    .done();
    run(&user, &["token", "revoke", "Nightly"]).done();
    assert_eq!(
        with_input(user.alone(&["token", "verify"]), &secret).code,
        1
    );

    let listed = run(&user, &["context", "list", "--output", "json"]).json();
    assert_eq!(listed[0]["name"], "local");
    assert_eq!(
        (&listed[0]["current"], &listed[1]["current"]),
        (&true.into(), &false.into())
    );
    assert_eq!(run(&user, &["whoami", "--context", "other"]).code, 4);
    run(&user, &["context", "use", "other"]).done();
    assert_eq!(run(&user, &["whoami"]).code, 4);
    run(&user, &["context", "remove", "other"]).done();
    assert_eq!(run(&user, &["whoami"]).code, 1, "none is in use");
    assert_eq!(run(&user, &["context", "use", "other"]).code, 1);
    assert_eq!(
        add(&user, "local", &user.url, &node.root).code,
        1,
        "the name is taken"
    );
}

#[test]
fn a_file_that_others_can_read_is_refused_with_the_command_to_run() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    add(&user, "local", &user.url, &node.root).done();
    let file = user.home().join(".config/countersign/contexts.toml");
    for mode in [0o640, 0o604, 0o644] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let refused = run(&user, &["whoami"]);
        assert_eq!(refused.code, 1);
        let command = format!("chmod 600 '{}'", file.display());
        assert!(refused.err.contains(&command), "{}", refused.err);
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    run(&user, &["whoami"]).done();
}

#[test]
fn the_secret_of_a_context_goes_to_no_other_service() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    add(&user, "elsewhere", "http://127.0.0.1:1", &node.root).done();
    let refused = run(&user, &["whoami", "--url", &user.url]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("no token for"), "{}", refused.err);
    let mut by_variable = user.alone(&["whoami"]);
    let by_variable = Run::from(
        by_variable
            .env("COUNTERSIGN_URL", &user.url)
            .output()
            .unwrap(),
    );
    assert_eq!(by_variable.code, 1);
    // The same service by the same URL is no other one.
    assert_eq!(
        run(&user, &["whoami", "--url", "http://127.0.0.1:1/"]).code,
        4
    );
}

#[test]
fn a_secret_can_stay_in_a_file_or_behind_a_command() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    let url = user.url.as_str();
    let command = format!("cat {}", user.token_file.display());
    run(
        &user,
        &[
            "context",
            "add",
            "file",
            "--url",
            url,
            "--token-file",
            "root.secret",
        ],
    )
    .done();
    run(
        &user,
        &[
            "context",
            "add",
            "command",
            "--url",
            url,
            "--token-command",
            &command,
        ],
    )
    .done();
    let stored = fs::read_to_string(user.home().join(".config/countersign/contexts.toml")).unwrap();
    assert!(!stored.contains(&node.root), "{stored}");
    for context in ["file", "command"] {
        let mut elsewhere = user.alone(&["whoami", "--context", context, "-o", "json"]);
        let shown = Run::from(elsewhere.current_dir("/").output().unwrap()).json();
        assert_eq!(shown["name"], "Root");
    }
    let mut both = user.command(&["whoami"]);
    let both = Run::from(both.env("COUNTERSIGN_TOKEN", &node.root).output().unwrap());
    assert_eq!(both.code, 2);
    assert!(both.err.contains("COUNTERSIGN_TOKEN_FILE"), "{}", both.err);
}
