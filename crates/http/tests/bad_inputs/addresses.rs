//! Addresses and networks that are none, mean something else than they say, or are too many.

use serde_json::{Value, json};

use crate::harness::{OWN, Service, row};

const INVALID: &str = "422 rule-violated: /allowedAddresses/1 invalid-address";

fn list(addresses: &Value) -> Value {
    json!({"allowedAddresses": addresses})
}

#[tokio::test]
async fn what_is_no_address() {
    let service = Service::start().await;
    let long = "1".repeat(10_000);
    let mut rows = Vec::new();
    for (line, address) in [
        (68, "10.0.0.0/33"),
        (68, "::/129"),
        (68, "10.0.0.0/-1"),
        (68, "10.0.0.0/08"),
        (68, "10.0.0.0/255.0.0.0"),
        (68, "10.0.0.0/"),
        (66, "::ffff:0:0/90"),
        (69, "example.org"),
        (69, ""),
        (69, " "),
        (69, "*"),
        (69, &long),
        (OWN, "10.0.0.0/+8"),
        (OWN, "10.0.0.0/8/8"),
        (OWN, "10.0.0.0/256"),
        (OWN, "10.0.0.0/264"),
        (OWN, "/8"),
        (OWN, "10.0.0"),
        (OWN, "10.0.0.256"),
        (OWN, "010.8.8.8"),
        (OWN, "0x7f.0.0.1"),
        (OWN, "2130706433"),
        (OWN, "10.0.0.*"),
        (OWN, "10.0.0.1-10.0.0.9"),
        (OWN, "10.0.0.1,10.0.0.2"),
        (OWN, "10.0.0.1:80"),
        (OWN, "[::1]"),
        (OWN, "fe80::1%eth0"),
        (OWN, ":::"),
        (OWN, "1:2:3:4:5:6:7:8:9"),
        (OWN, " 10.0.0.1"),
        (OWN, "10.0.0.1\n"),
        (OWN, "10.0.0.1\0"),
        (OWN, "\u{ff11}0.0.0.1"),
        (OWN, "localhost"),
        (OWN, "any"),
    ] {
        let fields = list(&json!(["192.0.2.1", address]));
        let what: String = address.chars().take(30).collect();
        rows.push(row(
            line,
            what.as_str(),
            service.edit(fields.clone()).await,
            INVALID,
        ));
        rows.push(row(line, what, service.creation(fields), INVALID));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn host_bits_are_told_with_the_network_that_may_be_meant() {
    let service = Service::start().await;
    let mut rows = Vec::new();
    for (line, address, network) in [
        (64, "10.0.0.1/8", "10.0.0.0/8"),
        (OWN, "192.0.2.1/31", "192.0.2.0/31"),
        (OWN, "192.0.2.1/0", "0.0.0.0/0"),
        (OWN, "2001:db8::1/64", "2001:db8::/64"),
        (OWN, "::ffff:10.0.0.1/104", "10.0.0.0/8"),
    ] {
        let ask = service.edit(list(&json!([address]))).await;
        let want = format!("422 rule-violated: /allowedAddresses/0 host-bits-set ~{network}");
        rows.push(row(line, address, ask.clone(), want));
        let told = service.send(&ask).await.json();
        assert_eq!(told["errors"][0]["value"], address);
    }
    service.check(rows).await;
}

#[tokio::test]
async fn one_canonical_form() {
    let service = Service::start().await;
    let mut rows = Vec::new();
    for (line, written, kept) in [
        (63, json!([]), json!([])),
        (66, json!(["::ffff:10.0.0.1"]), json!(["10.0.0.1"])),
        (66, json!(["::ffff:10.0.0.0/104"]), json!(["10.0.0.0/8"])),
        (70, json!(["10.0.0.1", "10.0.0.1"]), json!(["10.0.0.1"])),
        (
            70,
            json!(["10.0.0.1", "::ffff:a00:1", "10.0.0.1/32"]),
            json!(["10.0.0.1"]),
        ),
        (
            70,
            json!(["2001:DB8:0:0::1", "2001:db8::1/128"]),
            json!(["2001:db8::1"]),
        ),
        (OWN, json!(["::ffff:0:0/96"]), json!(["0.0.0.0/0"])),
        (
            OWN,
            json!(["10.0.0.0/8", "10.0.0.1"]),
            json!(["10.0.0.0/8", "10.0.0.1"]),
        ),
    ] {
        let what = written.to_string();
        rows.push(row(
            line,
            what.as_str(),
            service.edit(list(&written)).await,
            list(&kept),
        ));
        rows.push(row(
            line,
            what,
            service.creation(list(&written)),
            list(&kept),
        ));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn a_list_of_texts() {
    let service = Service::start().await;
    let item = "400 invalid-body: /allowedAddresses/1 wrong-type";
    let all = "400 invalid-body: /allowedAddresses wrong-type";
    let mut rows = Vec::new();
    for (line, written, want) in [
        (63, json!(null), all),
        (69, json!(["10.0.0.1", 7]), item),
        (69, json!(["10.0.0.1", ["10.0.0.2"]]), item),
        (OWN, json!(["10.0.0.1", null]), item),
        (OWN, json!(["10.0.0.1", {"cidr": "10.0.0.0/8"}]), item),
        (OWN, json!("10.0.0.1"), all),
        (OWN, json!({"0": "10.0.0.1"}), all),
        (OWN, json!(0), all),
    ] {
        let what = written.to_string();
        rows.push(row(
            line,
            what.as_str(),
            service.edit(list(&written)).await,
            want,
        ));
        rows.push(row(line, what, service.creation(list(&written)), want));
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
                71,
                "100",
                service.edit(list(&json!(addresses(100)))).await,
                "200",
            ),
            row(
                71,
                "101",
                service.edit(list(&json!(addresses(101)))).await,
                many,
            ),
            row(
                71,
                "101, making",
                service.creation(list(&json!(addresses(101)))),
                many,
            ),
            row(
                OWN,
                "100 twice",
                service.edit(list(&json!(doubled))).await,
                "200",
            ),
            row(
                OWN,
                "101 networks",
                service.edit(list(&json!(networks))).await,
                many,
            ),
        ])
        .await;
}
