//! House rules of the tree that no compiler knows.

#![expect(clippy::unwrap_used, reason = "what cannot be read is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const LONGEST: usize = 300;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Tracked files of these patterns that are there, relative to the top.
fn tracked(patterns: &[&str]) -> Vec<PathBuf> {
    let mut git = Command::new("git");
    // In a container the tree often belongs to somebody else.
    git.current_dir(root())
        .args(["-c", "safe.directory=*", "ls-files", "-z", "--"])
        .args(patterns);
    let output = git.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let names = String::from_utf8(output.stdout).unwrap();
    let files = names.split_terminator('\0').map(PathBuf::from);
    files.filter(|file| root().join(file).is_file()).collect()
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = root().join(folder).read_dir().unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn both_databases_have_the_same_migrations() {
    let postgres = names("migrations/postgres");
    assert!(!postgres.is_empty());
    assert_eq!(postgres, names("migrations/sqlite"));
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    for folder in names("crates") {
        let manifest =
            fs::read_to_string(root().join("crates").join(&folder).join("Cargo.toml")).unwrap();
        assert!(
            manifest.contains("\n[lints]\nworkspace = true\n"),
            "{folder} does not opt in"
        );
    }
}

#[test]
fn no_source_file_is_too_long() {
    let files = tracked(&["*.rs"]);
    assert!(!files.is_empty());
    for file in files {
        let lines = fs::read_to_string(root().join(&file))
            .unwrap()
            .lines()
            .count();
        assert!(
            lines <= LONGEST,
            "{} has {lines} lines, over {LONGEST}: split it",
            file.display()
        );
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    for document in tracked(&["README.md", "docs/*.md", "migrations/*.md"]) {
        let text = fs::read_to_string(root().join(&document)).unwrap();
        for link in relative_links(&text) {
            let target = root().join(document.parent().unwrap()).join(&link);
            assert!(
                target.exists(),
                "{} links to {link}, which is not there",
                document.display()
            );
        }
    }
}

#[test]
fn paths_in_documents_exist() {
    let mut seen = 0;
    for document in tracked(&["README.md", "docs/*.md"]) {
        let text = fs::read_to_string(root().join(&document)).unwrap();
        for path in named_paths(&text) {
            seen += 1;
            assert!(
                root().join(&path).exists(),
                "{} names {path}, which is not there",
                document.display()
            );
        }
    }
    assert!(seen > 0);
}

/// The paths from the top that stand in backticks; `a/{b,c}.d` names two.
fn named_paths(text: &str) -> Vec<String> {
    let prose = text.split("```").step_by(2);
    let quoted = prose.flat_map(|prose| prose.split('`').skip(1).step_by(2));
    let tops = ["crates/", "docs/", "migrations/"];
    quoted
        .filter(|quoted| tops.iter().any(|top| quoted.starts_with(top)))
        .flat_map(spelt_out)
        .collect()
}

fn spelt_out(path: &str) -> Vec<String> {
    match path.split_once('{').zip(path.split_once('}')) {
        None => vec![path.to_owned()],
        Some(((before, _), (upto, after))) => upto[before.len() + 1..]
            .split(',')
            .map(|one| format!("{before}{one}{after}"))
            .collect(),
    }
}

#[test]
fn only_paths_from_the_top_are_looked_for() {
    let text =
        "`crates/a` or `b.rs`, `docs/{c,d}.md`\n```\n`crates/e`\n```\n`migrations/`, crates/f";
    let paths = ["crates/a", "docs/c.md", "docs/d.md", "migrations/"];
    assert_eq!(named_paths(text), paths);
}

/// The paths that `[text](path#part "title")` names, outside of code blocks.
fn relative_links(text: &str) -> Vec<String> {
    let prose = text
        .split("```")
        .step_by(2)
        .flat_map(|prose| prose.split("](").skip(1));
    let targets = prose.filter_map(|rest| rest.split([')', '#', ' ']).next());
    targets
        .filter(|target| !target.is_empty() && !target.contains(':'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn only_relative_links_are_followed() {
    let text =
        "[a](b.md) [c](d/e.md#f) [g](#h) [i](https://j.k)\n```\n[l](m)\n```\n![n](o.png \"p\")";
    assert_eq!(relative_links(text), ["b.md", "d/e.md", "o.png"]);
}

/// Libraries repeat in an error's words what its source says, so that a chain that is printed as it
/// comes has one cause three times.
#[test]
fn one_function_prints_an_error_with_its_causes() {
    let own = Path::new("crates/application/src/error_chain.rs");
    for path in tracked(&["crates/*/src/**.rs"]) {
        let tests = path.to_string_lossy().ends_with("_tests.rs");
        if path == own || tests || path.starts_with("crates/xtask") {
            continue;
        }
        let source = fs::read_to_string(root().join(&path)).unwrap();
        for words in [":#}", "as &dyn std::error::Error", "error = &*"] {
            assert!(!source.contains(words), "{}: {words}", path.display());
        }
    }
}
