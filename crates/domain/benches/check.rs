//! What a check costs: the digest of a secret, the verdict, and the set operations behind the
//! rules.

mod inputs;

use std::hint::black_box;

use countersign_domain::{Permission, PermissionSet, Secret};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use inputs::{attempt, credential, secret, set};

fn admit(c: &mut Criterion) {
    let attempt = attempt();
    let mut group = c.benchmark_group("admit");
    for (name, addresses) in [
        ("from anywhere", &[][..]),
        ("from a network", &["192.0.2.0/24"][..]),
    ] {
        let credential = credential(addresses);
        group.bench_function(name, |b| {
            b.iter(|| black_box(&credential).admit(black_box(&attempt)));
        });
    }
}

fn sets(c: &mut Criterion) {
    let mut group = c.benchmark_group("permission set");
    for length in [1, 10, 64] {
        let (a, b) = (set(length), set(length / 2));
        let names: Vec<Permission> = a.iter().rev().cloned().collect();
        let id = |name| BenchmarkId::new(name, length);
        group.bench_function(id("collect"), |x| {
            x.iter(|| black_box(&names).iter().cloned().collect::<PermissionSet>());
        });
        group.bench_function(id("subset"), |x| {
            x.iter(|| black_box(&b).is_subset(black_box(&a)));
        });
        group.bench_function(id("union"), |x| {
            x.iter(|| black_box(&b).union(black_box(&a)));
        });
        group.bench_function(id("difference"), |x| {
            x.iter(|| black_box(&a).difference(black_box(&b)));
        });
    }
}

fn whole(c: &mut Criterion) {
    let (text, credential, attempt) = (secret(), credential(&["192.0.2.0/24"]), attempt());
    let mut group = c.benchmark_group("check");
    group.bench_function("parse and digest", |b| {
        b.iter(|| Secret::parse(black_box(&text)).map(|secret| secret.digest()));
    });
    group.bench_function("parse, digest and admit", |b| {
        b.iter(|| {
            let digest = Secret::parse(black_box(&text)).map(|secret| secret.digest());
            (digest, black_box(&credential).admit(black_box(&attempt)))
        });
    });
}

criterion_group!(benches, admit, sets, whole);
criterion_main!(benches);
