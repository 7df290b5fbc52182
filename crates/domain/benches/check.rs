//! What a check costs: the digest of a secret, the verdict, and the set operations behind the rules.

#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot make its inputs has nothing to measure"
)]

use std::{hint::black_box, sync::Arc};

use countersign_domain::{
    AllowedAddresses, Attempt, Credential, Permission, PermissionSet, Secret, TenantId, Timestamp,
    TokenId, UserId, Version, standard,
};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

fn now() -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000).expect("within the calendar")
}

fn set(length: usize) -> PermissionSet {
    standard::ALL.iter().take(length).cloned().collect()
}

fn credential(addresses: &[&str]) -> Arc<Credential> {
    Arc::new(Credential {
        tenant: TenantId::new(now(), &[1; 10]),
        token: TokenId::new(now(), &[2; 10]),
        version: Version::FIRST,
        user: UserId::new(now(), &[3; 10]),
        user_name: "bench".into(),
        permissions: set(64),
        addresses: AllowedAddresses::parse(addresses).expect("addresses"),
        expiry: now().plus_months(1),
        retires: None,
        created: now(),
        modified: now(),
    })
}

fn admit(c: &mut Criterion) {
    let attempt = Attempt {
        now: now(),
        address: Some([192, 0, 2, 1].into()),
        permission: Some(&standard::TASKS_READ),
    };
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

fn secret(c: &mut Criterion) {
    let secret = Secret::from_random(&[7; 32]);
    let text = secret.expose().to_owned();
    c.bench_function("secret parse and digest", |b| {
        b.iter(|| Secret::parse(black_box(&text)).map(|secret| secret.digest()));
    });
}

criterion_group!(benches, admit, sets, secret);
criterion_main!(benches);
