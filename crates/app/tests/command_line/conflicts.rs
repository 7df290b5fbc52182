//! Two people's changes of one token, as the command line shows and merges them.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::{
    common::{Node, On},
    user::{Run, User},
};

/// A token of version 2, changed from version 1 in its name and addresses.
fn changed(user: &User) -> String {
    let (id, _) = user.create("Export", &["--address", "192.0.2.0/24"]);
    let line = [
        "token",
        "update",
        &id,
        "--name",
        "Export by night",
        "--add-address",
        "198.51.100.7",
    ];
    user.run(&line).done();
    id
}

#[test]
fn a_conflict_shows_three_versions_and_stores_nothing() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    let id = changed(&user);
    let line = [
        "token",
        "update",
        &id,
        "--name",
        "Import",
        "--expiry",
        "30d",
        "--if-version",
        "1",
    ];
    let refused = user.run(&line);
    assert_eq!((refused.code, refused.out.as_str()), (5, ""));
    for words in [
        "made from version 1, and version 2 is stored, by Root at 20",
        "name: both changed it: choose one\n  before:  Export\n  \
         stored:  Export by night\n  yours:   Import\n",
        "expiry: only you changed it",
        "nothing is stored; name cannot be merged",
    ] {
        assert!(refused.err.contains(words), "{words}: {}", refused.err);
    }
    assert_eq!(
        user.run(&["token", "get", &id, "-o", "json"]).json()["version"],
        2
    );
}

#[test]
fn a_merge_applies_what_does_not_clash() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    let id = changed(&user);
    let line = [
        "token",
        "update",
        &id,
        "--address",
        "192.0.2.0/24",
        "--address",
        "203.0.113.9",
        "--if-version",
        "1",
    ];
    let merged = user
        .run(&[&line[..], &["--merge", "-o", "json"]].concat())
        .json();
    assert_eq!(merged["version"], 3);
    assert_eq!(
        merged["name"], "Export by night",
        "the other's change stays"
    );
    let addresses = merged["allowedAddresses"].as_array().unwrap();
    assert_eq!(addresses.len(), 3, "{addresses:?}");

    let line = [
        "token",
        "update",
        &id,
        "--name",
        "Import",
        "--permission",
        "api.tasks.write",
        "--if-version",
        "1",
        "--merge",
    ];
    let partly = user.run(&line);
    assert_eq!(partly.code, 5);
    assert!(
        partly
            .err
            .contains("both changed name, which stays as it is stored"),
        "{}",
        partly.err
    );
    let stored = user.run(&["token", "get", &id, "-o", "json"]).json();
    assert_eq!(stored["name"], "Export by night");
    assert_eq!(
        stored["permissions"],
        serde_json::json!(["api.tasks.write"])
    );
}

/// An editor that replaces one text by another.
fn editor(user: &User, script: &str) -> String {
    let path = user.home().join("editor");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn edit(user: &User, id: &str, script: &str, further: &[&str]) -> Run {
    let mut command = user.command(&[&["token", "edit", id, "-o", "json"][..], further].concat());
    command.env(
        "EDITOR",
        format!("{} ''", editor(user, &format!("shift; {script}"))),
    );
    command.output().unwrap().into()
}

#[test]
fn an_edit_is_tried_shown_and_stored_if_it_is_wanted() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    let (id, _) = user.create("Edited", &["--address", "192.0.2.0/24"]);
    let script = r#"sed -i 's/Edited/Edited anew/; s|192.0.2.0/24|198.51.100.0/24|' "$1""#;
    let unwanted = edit(&user, &id, script, &[]);
    assert_eq!((unwanted.code, unwanted.out.as_str()), (0, ""));
    for words in [
        "name:\n  - Edited\n  + Edited anew\n",
        "  - 192.0.2.0/24\n  + 198.51.100.0/24\n",
        "nothing is stored",
    ] {
        assert!(unwanted.err.contains(words), "{words}: {}", unwanted.err);
    }
    let stored = edit(&user, &id, script, &["--yes"]).json();
    assert_eq!(
        (&stored["version"], &stored["name"]),
        (&2.into(), &"Edited anew".into())
    );

    let unchanged = edit(&user, &id, "true", &["--yes"]);
    assert_eq!(unchanged.code, 0);
    assert!(
        unchanged.err.contains("nothing is changed"),
        "{}",
        unchanged.err
    );
    let refused = edit(
        &user,
        &id,
        r#"sed -i 's|198.51.100.0/24|198.51.100.1/24|' "$1""#,
        &["--yes"],
    );
    assert_eq!(refused.code, 3);
    assert!(
        refused.err.contains("did you mean: 198.51.100.0/24"),
        "{}",
        refused.err
    );
    let broken = edit(&user, &id, r#"echo 'name = ' > "$1""#, &["--yes"]);
    assert_eq!(broken.code, 1);
    let kept = broken.err.rsplit("your text is in ").next().unwrap().trim();
    assert_eq!(fs::read_to_string(kept).unwrap(), "name = \n");
    fs::remove_file(kept).unwrap();
    assert_eq!(edit(&user, &id, "exit 3", &["--yes"]).code, 1);
}

#[test]
fn a_change_during_an_edit_is_a_conflict() {
    let node = Node::start(On::Sqlite);
    let user = User::of(&node);
    let (id, _) = user.create("Edited", &[]);
    let other = user.home().join("other");
    let line = format!(
        "{} token update {id} --name Other > {}",
        crate::common::BINARY,
        other.display()
    );
    let script = format!(r#"{line}; sed -i 's/Edited/Mine/' "$1""#);
    let refused = edit(&user, &id, &script, &["--yes"]);
    assert_eq!((refused.code, refused.out.as_str()), (5, ""));
    assert!(
        refused
            .err
            .contains("  before:  Edited\n  stored:  Other\n  yours:   Mine"),
        "{}",
        refused.err
    );
}
