//! The exit codes of the table in the help, each by at least one way to it.

use std::net::TcpListener;

use crate::{
    common::{Node, On},
    user::{READ, User, with_input},
};

#[test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn each_outcome_has_the_exit_code_of_the_table() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    let (id, secret) = user.create("Taken", &[]);
    user.run(&["token", "update", &id, "--name", "Taken still"])
        .done();
    let unknown = "01a21fa5-e3c4-790d-bdf3-87783d1c5b30";
    for (line, code, words) in [
        (&["whoami"][..], 0, ""),
        (&["--help"], 0, ""),
        (&["token", "--help"], 0, "Exit codes:"),
        (&["token", "get", "No such name"], 1, "no live token"),
        (
            &[
                "token",
                "create",
                "X",
                "--expiry",
                "1d",
                "--permission",
                READ,
                "--secret-file",
                "/no/folder",
            ],
            1,
            "/no/folder",
        ),
        (
            &["token", "update", &id, "--remove-address", "192.0.2.1"],
            1,
            "not among",
        ),
        (&["whoami", "--token-file", "absent"], 1, "absent"),
        (
            &["whoami", "--token-command", "exit 7"],
            1,
            "token command failed",
        ),
        (&["whoami", "--context", "absent"], 1, "no context"),
        (&["whoami", "--url", "ftp://127.0.0.1"], 1, "https://"),
        (&["token", "get"], 2, "Usage"),
        (&["token", "frobnicate"], 2, "unrecognized"),
        (&["token", "update", &id], 2, "nothing is to be changed"),
        (
            &[
                "token",
                "create",
                "X",
                "--expiry",
                "soon",
                "--permission",
                READ,
            ],
            2,
            "90d",
        ),
        (&["token", "list", "--filter", "{"], 2, "not JSON"),
        (
            &["whoami", "--url", &user.url, "--context", "a"],
            2,
            "leave one of them out",
        ),
        (&["token", "get", unknown], 3, "token-not-found (404)"),
        (
            &[
                "token",
                "create",
                "Taken still",
                "--expiry",
                "1d",
                "--permission",
                READ,
            ],
            3,
            "name-taken (409)",
        ),
        (&["api", "GET", "/api/v1/nothing"], 3, "no-such-route (404)"),
        (
            &["token", "update", &id, "--name", "New", "--if-version", "1"],
            5,
            "version-conflict",
        ),
        (
            &["token", "rotate", &id, "--if-version", "1"],
            5,
            "version-conflict (409)",
        ),
        (
            &["token", "revoke", &id, "--if-version", "1"],
            5,
            "precondition-failed (412)",
        ),
    ] {
        let run = user.run(line);
        assert_eq!(run.code, code, "{line:?}: {}{}", run.out, run.err);
        let shown = format!("{}{}", run.out, run.err);
        assert!(shown.contains(words), "{line:?}: {shown}");
        assert!(
            code == 0 || run.out.is_empty(),
            "{line:?} fails with data: {}",
            run.out
        );
    }
    for (line, input, code) in [
        (&["token", "verify"][..], secret.as_str(), 0),
        (
            &["token", "verify", "--permission", "api.tasks.write"],
            &secret,
            1,
        ),
        (&["explain", "--permission", "api.tasks.write"], &secret, 1),
        (&["decode"], &secret, 0),
        (&["decode"], &secret[..52], 1),
        (&["decode"], "two words", 1),
        (&["decode"], "", 1),
    ] {
        let run = user.run_with_input(line, input);
        assert_eq!(run.code, code, "{line:?}: {}{}", run.out, run.err);
    }
    let refused = with_input(
        user.alone(&[
            "whoami",
            "--url",
            &user.url,
            "--token-command",
            "echo csg_x",
        ]),
        "",
    );
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(
        refused.err.contains("invalid-token (401)"),
        "{}",
        refused.err
    );
}

#[test]
fn a_service_that_is_not_there_or_is_another_one_has_the_code_4() {
    let node = Node::start(On::Sqlite);
    let mut user = User::of(&node);
    // Nothing listens on a port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    user.url = format!("http://{free}");
    let run = user.run(&["whoami"]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(
        run.err.contains(&format!("no connection to {free}")),
        "{}",
        run.err
    );

    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    user.url = format!("http://{}", other.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut socket, _) = other.accept().unwrap();
        let answer = "HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnope";
        std::io::Read::read(&mut socket, &mut [0; 4096]).unwrap();
        std::io::Write::write_all(&mut socket, answer.as_bytes()).unwrap();
    });
    let run = user.run(&["whoami"]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(
        run.err.contains("not an answer of Countersign"),
        "{}",
        run.err
    );
    server.join().unwrap();
}

#[test]
fn a_refusal_is_shown_field_by_field_with_suggestions() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    let (id, _) = user.create("Mistaken", &[]);
    let line = [
        "token",
        "update",
        &id,
        "--address",
        "10.0.0.1/8",
        "--permission",
        "api.engagement.read",
    ];
    let run = user.run(&line);
    assert_eq!(run.code, 3);
    for words in [
        "rule-violated (422)",
        "/allowedAddresses/0: host bits are set",
        "did you mean: 10.0.0.0/8",
        "/permissions/0: unknown permission",
        "did you mean: api.engagements.read",
        "what to do: http://127.0.0.1",
    ] {
        assert!(run.err.contains(words), "{words}: {}", run.err);
    }
}
