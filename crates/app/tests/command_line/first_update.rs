//! The first updates of the documents, pasted into a shell as they stand there.

use std::{fs, path::Path};

use crate::{
    common::{Node, On},
    user::User,
};

/// The shell lines of a document that begin so, for this user's service.
fn lines(document: &str, begin: &str, user: &User) -> String {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let text = fs::read_to_string(root.join(document)).unwrap();
    let mut blocks = text
        .split("```sh\n")
        .map(|block| block.split("```").next().unwrap());
    let lines = blocks.find(|block| block.starts_with(begin)).unwrap();
    lines.replace("http://127.0.0.1:8080", &user.url)
}

fn assert_updated(answer: &str) {
    // The record is the last that is shown.
    let record = &answer[answer.rfind("\n{").map_or(0, |at| at + 1)..];
    let record: serde_json::Value = serde_json::from_str(record).unwrap();
    assert_eq!(record["version"], 2, "{answer}");
    assert_eq!(record["allowedAddresses"][0], "192.0.2.0/24");
}

#[test]
fn the_first_update_of_the_readme_works_when_pasted() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    let lines = lines("README.md", "countersign context add", &user);
    // A person pastes the secret where the first line asks for it.
    let lines = lines.replace("# asks for the secret", "< root.secret");
    let run = user.shell(&format!(
        "unset COUNTERSIGN_URL COUNTERSIGN_TOKEN_FILE\n{lines}"
    ));
    assert_updated(&run.done());
    let secret = fs::read_to_string(user.home().join("nightly.secret")).unwrap();
    assert!(countersign_domain::Secret::parse(secret.trim()).is_ok());
}

#[test]
fn the_first_update_over_http_works_when_pasted() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    let lines = lines("docs/first-update.md", "URL=", &user);
    let run = user.shell(&format!("TOKEN=$(cat root.secret)\n{lines}"));
    assert_updated(&run.done());
}
