//! A use case that took an actor in place of a proof would leave the check to its callers.

#![expect(clippy::unwrap_used, reason = "what cannot be read is a failed test")]

use std::{fs, path::Path};

/// The signatures of the public functions in a folder, tests and test support left out.
fn signatures(folder: &Path, into: &mut Vec<String>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if name == "testing" || name == "samples" || name.ends_with("tests") {
            continue;
        }
        if path.is_dir() {
            signatures(&path, into);
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        for start in ["pub fn ", "pub async fn "] {
            let found = source.split(start).skip(1);
            let signature = |rest: &str| rest.split('{').next().map(str::to_owned);
            into.extend(found.filter_map(signature));
        }
    }
}

#[test]
fn use_cases_take_a_proof_of_authorization_and_no_actor() {
    let mut found = Vec::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    signatures(&source, &mut found);
    let takes_actor = |signature: &&String| {
        let mut words = signature.split(|c: char| !c.is_alphanumeric());
        words.any(|word| word == "Actor")
    };
    let taking: Vec<_> = found.iter().filter(takes_actor).collect();
    assert!(taking.is_empty(), "{taking:#?}");
    let proofs = found.iter().filter(|one| one.contains("Authorized<"));
    assert!(proofs.count() > 20);
}
