//! Test that every promise is in the list, because others would never be tested, without anybody
//! noticing.

use std::{collections::BTreeSet, fs, path::Path};

#[test]
fn the_list_holds_every_promise_of_the_contract() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/testing/contract");
    let mut promises = BTreeSet::new();
    for entry in folder.read_dir().unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        let signatures = source.lines().filter_map(|line| {
            line.strip_prefix("pub async fn ")?
                .strip_suffix("(on: &StoreUnderTest) {")
        });
        promises.extend(signatures.map(str::to_owned));
    }
    let list = fs::read_to_string(folder.join("list.rs")).unwrap();
    let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let listed = list
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','))
        .filter(|name| is_name(name))
        .map(str::to_owned);
    assert_eq!(listed.collect::<BTreeSet<_>>(), promises);
    assert!(promises.len() > 50);
}
