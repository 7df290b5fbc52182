//! Addresses and networks that are not valid, mean something else than they say, or are too many.

use serde_json::{Value, json};

use crate::harness::{Service, row};

const INVALID: &str = "422 rule-violated: /allowedAddresses/1 invalid-address";

fn list(addresses: &Value) -> Value {
    json!({"allowedAddresses": addresses})
}

#[tokio::test]
async fn what_is_no_address() {
    let service = Service::start().await;
    let long = "1".repeat(10_000);
    let mut rows = Vec::new();
    for address in [
        "10.0.0.0/33",
        "::/129",
        "10.0.0.0/-1",
        "10.0.0.0/08",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/",
        "::ffff:0:0/90",
        "example.org",
        "",
        " ",
        "*",
        &long,
        "10.0.0.0/+8",
        "10.0.0.0/8/8",
        "10.0.0.0/256",
        "10.0.0.0/264",
        "/8",
        "10.0.0",
        "10.0.0.256",
        "010.8.8.8",
        "0x7f.0.0.1",
        "2130706433",
        "10.0.0.*",
        "10.0.0.1-10.0.0.9",
        "10.0.0.1,10.0.0.2",
        "10.0.0.1:80",
        "[::1]",
        "fe80::1%eth0",
        ":::",
        "1:2:3:4:5:6:7:8:9",
        " 10.0.0.1",
        "10.0.0.1\n",
        "10.0.0.1\0",
        "\u{ff11}0.0.0.1",
        "localhost",
        "any",
    ] {
        let fields = list(&json!(["192.0.2.1", address]));
        let what: String = address.chars().take(30).collect();
        rows.push(row(
            what.as_str(),
            service.edit(fields.clone()).await,
            INVALID,
        ));
        rows.push(row(what, service.creation(fields), INVALID));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn host_bits_are_told_with_the_network_that_may_be_meant() {
    let service = Service::start().await;
    let mut rows = Vec::new();
    for (address, network) in [
        ("10.0.0.1/8", "10.0.0.0/8"),
        ("192.0.2.1/31", "192.0.2.0/31"),
        ("192.0.2.1/0", "0.0.0.0/0"),
        ("2001:db8::1/64", "2001:db8::/64"),
        ("::ffff:10.0.0.1/104", "10.0.0.0/8"),
    ] {
        let ask = service.edit(list(&json!([address]))).await;
        let want = format!("422 rule-violated: /allowedAddresses/0 host-bits-set ~{network}");
        rows.push(row(address, ask.clone(), want));
        let told = service.send(&ask).await.json();
        assert_eq!(told["errors"][0]["value"], address);
    }
    service.check(rows).await;
}

#[tokio::test]
async fn one_canonical_form() {
    let service = Service::start().await;
    let mut rows = Vec::new();
    for (written, kept) in [
        (json!([]), json!([])),
        (json!(["::ffff:10.0.0.1"]), json!(["10.0.0.1"])),
        (json!(["::ffff:10.0.0.0/104"]), json!(["10.0.0.0/8"])),
        (json!(["10.0.0.1", "10.0.0.1"]), json!(["10.0.0.1"])),
        (
            json!(["10.0.0.1", "::ffff:a00:1", "10.0.0.1/32"]),
            json!(["10.0.0.1"]),
        ),
        (
            json!(["2001:DB8:0:0::1", "2001:db8::1/128"]),
            json!(["2001:db8::1"]),
        ),
        (json!(["::ffff:0:0/96"]), json!(["0.0.0.0/0"])),
        (
            json!(["10.0.0.0/8", "10.0.0.1"]),
            json!(["10.0.0.0/8", "10.0.0.1"]),
        ),
    ] {
        let what = written.to_string();
        rows.push(row(
            what.as_str(),
            service.edit(list(&written)).await,
            list(&kept),
        ));
        rows.push(row(what, service.creation(list(&written)), list(&kept)));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn a_list_of_texts() {
    let service = Service::start().await;
    let item = "400 invalid-body: /allowedAddresses/1 wrong-type";
    let all = "400 invalid-body: /allowedAddresses wrong-type";
    let mut rows = Vec::new();
    for (written, want) in [
        (json!(null), all),
        (json!(["10.0.0.1", 7]), item),
        (json!(["10.0.0.1", ["10.0.0.2"]]), item),
        (json!(["10.0.0.1", null]), item),
        (json!(["10.0.0.1", {"cidr": "10.0.0.0/8"}]), item),
        (json!("10.0.0.1"), all),
        (json!({"0": "10.0.0.1"}), all),
        (json!(0), all),
    ] {
        let what = written.to_string();
        rows.push(row(what.as_str(), service.edit(list(&written)).await, want));
        rows.push(row(what, service.creation(list(&written)), want));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn at_most_a_hundred_different_ones() {
    let service = Service::start().await;
    let addresses = |count: usize| {
        (0..count)
            .map(|n| format!("10.0.0.{n}"))
            .collect::<Vec<_>>()
    };
    let many = "422 rule-violated: /allowedAddresses too-many-addresses";
    let doubled = [addresses(100), addresses(100)].concat();
    let networks: Vec<_> = (0..101).map(|n| format!("2001:db8:{n:x}::/48")).collect();
    service
        .check([
            row(
                "100",
                service.edit(list(&json!(addresses(100)))).await,
                "200",
            ),
            row(
                "101",
                service.edit(list(&json!(addresses(101)))).await,
                many,
            ),
            row(
                "101, making",
                service.creation(list(&json!(addresses(101)))),
                many,
            ),
            row(
                "100 twice",
                service.edit(list(&json!(doubled))).await,
                "200",
            ),
            row(
                "101 networks",
                service.edit(list(&json!(networks))).await,
                many,
            ),
        ])
        .await;
}
