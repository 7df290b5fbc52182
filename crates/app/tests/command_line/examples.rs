//! The examples of the help, run as they stand there; and what else documents the commands.

use std::fs;

use clap::Command;

use crate::{
    common::{Node, On, text},
    user::User,
};

/// The command lines of the examples of a command and of those below it.
fn examples(command: &Command, found: &mut Vec<String>) {
    let help = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    if let Some((_, lines)) = help.split_once("Examples:\n") {
        for line in lines.replace("\\\n", " ").lines().map(str::trim) {
            assert!(line.contains("countersign "), "no command: {line}");
            found.push(line.to_owned());
        }
    }
    for below in command.get_subcommands() {
        examples(below, found);
    }
}

#[test]
fn every_example_of_the_help_works() {
    let mut all = Vec::new();
    for command in countersign_cli::commands() {
        examples(&command, &mut all);
    }
    assert!(all.len() > 20, "{all:?}");
    let node = Node::start(On::Sqlite);
    for line in all {
        let user = User::of(&node);
        let addresses = ["--address", "192.0.2.0/24", "--address", "198.51.100.7"];
        let (id, secret) = user.create("Nightly export", &addresses);
        fs::write(user.home().join("token.secret"), secret).unwrap();
        // The example of a verification names no address.
        if line.contains("verify") {
            user.run(&["token", "update", &id, "--any-address"]).done();
        }
        let run = user.shell(&line);
        assert_eq!(run.code, 0, "{line}: {}{}", run.out, run.err);
        user.run(&["token", "revoke", &id]);
    }
}

#[test]
fn completions_and_man_pages_know_every_command() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    for (shell, words) in [
        ("bash", ["--secret-file", "healthcheck", "--database-url"]),
        ("zsh", ["--secret-file", "healthcheck", "--database-url"]),
        ("fish", ["secret-file", "healthcheck", "database-url"]),
    ] {
        let script = user.alone(&["completions", shell]).output().unwrap();
        for word in words {
            assert!(text(&script.stdout).contains(word), "{shell}: {word}");
        }
        if shell == "bash" {
            fs::write(user.home().join("completion"), &script.stdout).unwrap();
            assert_eq!(user.shell("bash -n completion").code, 0);
        }
    }
    assert!(user.alone(&["man", "."]).status().unwrap().success());
    for (page, words) in [
        ("countersign.1", "database"),
        ("countersign-token-create.1", "Hourly export"),
        ("countersign-audit-verify.1", "heads"),
    ] {
        let page = fs::read_to_string(user.home().join(page)).unwrap();
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn the_help_of_the_binary_lists_the_commands_of_both_sides() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    let help = user.alone(&["--help"]).output().unwrap();
    for command in [
        "serve",
        "healthcheck",
        "token",
        "context",
        "explain",
        "completions",
    ] {
        assert!(
            text(&help.stdout).contains(&format!("\n  {command} ")),
            "{command}"
        );
    }
    let misplaced = user.run(&["--log", "info", "whoami"]);
    assert_eq!(misplaced.code, 2);
    assert!(
        misplaced
            .err
            .contains("begin the line with `countersign whoami`"),
        "{}",
        misplaced.err
    );
    // A mistake in the service's settings does not stop its clients.
    let mut elsewhere = user.command(&["whoami"]);
    let elsewhere = elsewhere
        .env("COUNTERSIGN_LISTEN", "nowhere")
        .output()
        .unwrap();
    assert!(elsewhere.status.success(), "{}", text(&elsewhere.stderr));
}
