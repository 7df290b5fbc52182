//! Output that is read by programs: long lists, formats, and the stream of changes.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Stdio},
};

use serde_json::{Value, json};

use crate::{
    common::{Node, On, TOKENS, answered, in_a_year},
    user::User,
};

#[tokio::test]
async fn a_list_goes_to_its_end_in_every_format() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    for number in 0..203 {
        let body = json!({
            "name": format!("Token {number}"),
            "expiry": in_a_year(),
            "permissions": ["api.tasks.read"],
        });
        let made = node
            .request(reqwest::Method::POST, TOKENS)
            .json(&body)
            .send()
            .await;
        answered(made.unwrap(), 201).await;
    }
    for filter in [&[][..], &["--name", "Token"], &["--sort", "name,asc"]] {
        let count = if filter.contains(&"--name") { 203 } else { 204 };
        let line = |format| [&["token", "list", "--output", format][..], filter].concat();
        assert_eq!(
            user.run(&line("json")).json().as_array().unwrap().len(),
            count
        );
        let lines = user.run(&line("ndjson")).done();
        let names: std::collections::BTreeSet<String> = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["name"].to_string())
            .collect();
        assert_eq!(names.len(), count);
        assert_eq!(user.run(&line("table")).done().lines().count(), count + 1);
        assert_eq!(
            user.run(&line("yaml"))
                .done()
                .matches("\n    - \"api.tasks.read\"")
                .count(),
            count
        );
    }
    let events = user.run(&["token", "events", "--output", "json"]).json();
    assert_eq!(events.as_array().unwrap().len(), 204);
    // A reader that has enough ends the command without a word.
    let cut = user.shell("countersign token list --output ndjson | head -n 1");
    assert_eq!((cut.out.lines().count(), cut.err.as_str()), (1, ""));
}

/// A running `countersign watch`, which the test ends.
struct Watch(Child, BufReader<ChildStdout>);

impl Watch {
    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.1.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_watch_goes_on_after_a_restart_and_misses_nothing() {
    let mut node = Node::start(On::Sqlite);
    let user = User::of(&node);
    let mut command = user.command(&["watch", "--output", "ndjson", "--limit", "3"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut talk = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut watch = Watch(child, out);
    let ready = talk.next().unwrap().unwrap();
    assert!(ready.contains("following the changes"), "{ready}");
    let arguments = std::fs::read(format!("/proc/{}/cmdline", watch.0.id())).unwrap();
    assert!(!String::from_utf8_lossy(&arguments).contains(&node.root));

    let (id, _) = user.create("Watched", &[]);
    let created = watch.next();
    assert_eq!(
        (&created["id"], &created["kind"]),
        (&id.clone().into(), &"created".into())
    );
    node.server.terminate().unwrap();
    node.server.restart().unwrap();
    user.run(&["token", "update", &id, "--name", "Watched still"])
        .done();
    assert_eq!(watch.next()["version"], 2);
    user.run(&["token", "revoke", &id]).done();
    assert_eq!(watch.next()["kind"], "revoked");
    assert!(
        watch.0.wait().unwrap().success(),
        "it ends after three changes"
    );
    let talk: Vec<_> = talk.map(Result::unwrap).collect();
    assert!(
        talk.iter().any(|line| line.contains("trying again")),
        "{talk:?}"
    );
}
