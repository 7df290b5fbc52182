//! Allowed dependencies between the crates. The rules stay free of all other code, and this test
//! refuses what a build would allow by accident.
//!
//! `docs/architecture.md` draws the existing arrows.

#![expect(clippy::unwrap_used, reason = "what cannot be read is a failed test")]

use std::path::Path;

use cargo_metadata::{Dependency, DependencyKind, MetadataCommand, Package};

const PREFIX: &str = "countersign-";

/// From each crate, the ones of ours that it may lean on. One that is not named leans on none.
const ARROWS: [(&str, &[&str]); 9] = [
    (
        "app",
        &[
            "cli",
            "http",
            "console",
            "postgres",
            "sqlite",
            "gate",
            "application",
            "domain",
        ],
    ),
    ("postgres", &["application", "domain"]),
    ("sqlite", &["application", "domain"]),
    ("http", &["application", "gate", "domain"]),
    ("console", &["application", "gate", "domain"]),
    ("gate", &["domain"]),
    ("application", &["domain"]),
    // The command line speaks to the service over HTTP alone.
    ("cli", &["client", "domain"]),
    // Makes secrets for the databases that it measures.
    ("xtask", &["domain"]),
];

/// Libraries that belong to one side only, with the crates that may use them.
const CONFINED: [(&str, &[&str]); 2] = [
    ("sqlx", &["postgres", "sqlite"]),
    ("axum", &["http", "console", "app"]),
];

/// What would bring a clock, randomness or a runtime into the rules.
const IMPURE: [&str; 6] = [
    "tokio",
    "async-trait",
    "rand",
    "getrandom",
    "fastrand",
    "futures-util",
];

fn packages() -> Vec<Package> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .unwrap();
    assert!(metadata.packages.len() >= 9, "the workspace is not seen");
    metadata.packages
}

fn folder(package: &Package) -> &str {
    package.name.strip_prefix(PREFIX).unwrap()
}

/// Tests may lean on anything.
fn built(package: &Package) -> impl Iterator<Item = &Dependency> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development)
}

fn allowed(
    rules: &[(&str, &'static [&'static str])],
    name: &str,
) -> Option<&'static [&'static str]> {
    rules.iter().find(|rule| rule.0 == name).map(|rule| rule.1)
}

#[test]
fn only_these_arrows_exist() {
    for package in packages() {
        let from = folder(&package);
        let targets = allowed(&ARROWS, from).unwrap_or_default();
        for dependency in built(&package) {
            if let Some(to) = dependency.name.strip_prefix(PREFIX) {
                assert!(
                    targets.contains(&to),
                    "{from} -> {to} is not an allowed arrow"
                );
            }
        }
    }
}

#[test]
fn a_library_stays_on_its_side() {
    for package in packages() {
        let user = folder(&package);
        for dependency in built(&package) {
            if let Some(users) = allowed(&CONFINED, &dependency.name) {
                assert!(
                    users.contains(&user),
                    "{user} must not use {}",
                    dependency.name
                );
            }
        }
    }
}

#[test]
fn the_rules_have_no_clock_no_randomness_and_no_runtime() {
    let packages = packages();
    let domain = packages
        .iter()
        .find(|package| folder(package) == "domain")
        .unwrap();
    for dependency in built(domain) {
        let name = dependency.name.as_str();
        assert!(!IMPURE.contains(&name), "domain must not use {name}");
        let banned: &[&str] = match name {
            "chrono" => &["clock", "now", "default"],
            "uuid" => &[
                "v1",
                "v4",
                "v6",
                "v7",
                "fast-rng",
                "rng-getrandom",
                "rng-rand",
                "default",
            ],
            _ => continue,
        };
        assert!(
            !dependency.uses_default_features,
            "domain takes the default features of {name}"
        );
        for feature in &dependency.features {
            assert!(
                !banned.contains(&feature.as_str()),
                "domain takes {name}/{feature}"
            );
        }
    }
}
