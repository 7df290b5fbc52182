//! Headers of a trusted proxy: the nearest hop that is not trusted is the client, and one that
//! cannot be parsed makes the address unknown.

use countersign_http::ProxyHeader;

use crate::harness::{Service, path_of, row};

const REFUSED: &str = "403 address-not-allowed";

#[tokio::test]
async fn only_the_header_that_the_proxies_write_is_read() {
    for (header, name, own, foreign, forged) in [
        (
            ProxyHeader::XForwardedFor,
            "x-forwarded-for",
            "192.0.2.7",
            "forwarded",
            "for=192.0.2.7",
        ),
        (
            ProxyHeader::Forwarded,
            "forwarded",
            "for=192.0.2.7",
            "x-forwarded-for",
            "192.0.2.7",
        ),
    ] {
        let service = Service::start_behind_writers_of(header, &["127.0.0.0/8"]).await;
        let mut draft = service.home.draft("listed");
        draft.allowed_addresses = vec!["192.0.2.0/24".to_owned()];
        let listed = service.home.make_of(&draft).await;
        let ask = service.ask("GET", path_of(&listed)).by(&listed.secret);
        let alone = ask.clone().with(foreign, forged);
        let both = alone.clone().with(name, own);
        service
            .check([
                row("its own", ask.clone().with(name, own), "200"),
                row("the other alone", alone, REFUSED),
                row("both", both, "200"),
                row("neither", ask, REFUSED),
            ])
            .await;
    }
}

#[tokio::test]
async fn the_client_is_the_last_hop_that_is_not_trusted() {
    let service = Service::start_behind(&["127.0.0.0/8", "10.0.0.0/8"]).await;
    let listed = {
        let mut draft = service.home.draft("listed");
        draft.allowed_addresses = vec!["192.0.2.0/24".to_owned(), "2001:db8::7".to_owned()];
        service.home.make_of(&draft).await
    };
    let ask = service.ask("GET", path_of(&listed)).by(&listed.secret);
    let mut rows = Vec::new();
    for (hops, want) in [
        ("192.0.2.7", "200"),
        ("198.51.100.1, 192.0.2.7", "200"),
        ("192.0.2.7, 10.0.0.1, 127.0.0.9", "200"),
        ("garbage, 192.0.2.7", "200"),
        ("::ffff:192.0.2.7", "200"),
        ("2001:db8::7", "200"),
        ("198.51.100.1", REFUSED),
        ("192.0.2.7, 198.51.100.1", REFUSED),
        ("192.0.2.7, 198.51.100.1, 10.0.0.1", REFUSED),
        ("192.0.2.7, garbage", REFUSED),
        ("192.0.2.7, unknown", REFUSED),
        ("192.0.2.7,", REFUSED),
        ("192.0.2.7, , 10.0.0.1", REFUSED),
        ("192.0.2.7, 192.0.2.0/24", REFUSED),
        ("192.0.2.007", REFUSED),
        ("3221226007", REFUSED),
        ("10.0.0.1", REFUSED),
        ("", REFUSED),
        ("192.0.2.7\u{e4}", REFUSED),
        ("::192.0.2.7", REFUSED),
    ] {
        rows.push(row(
            format!("hops {hops}"),
            ask.clone().with("x-forwarded-for", hops),
            want,
        ));
    }
    for (hops, want) in [
        ("for=192.0.2.7", "200"),
        ("for=\"[2001:db8::7]\"", "200"),
        ("For=198.51.100.1, for=192.0.2.7;proto=https", "200"),
        ("for=192.0.2.7, for=198.51.100.1", REFUSED),
        ("for=192.0.2.7, for=unknown", REFUSED),
        ("for=192.0.2.7, for=_hidden", REFUSED),
        ("for=192.0.2.7, proto=https", REFUSED),
        ("for=\"192.0.2.7", REFUSED),
        ("by=192.0.2.7", REFUSED),
        ("192.0.2.7", REFUSED),
    ] {
        rows.push(row(
            format!("Forwarded {hops}"),
            ask.clone().with("forwarded", hops),
            want,
        ));
    }
    let lines = |first: &str, second: &str| {
        ask.clone()
            .with("x-forwarded-for", first)
            .with("x-forwarded-for", second)
    };
    rows.push(row("no header at all", ask.clone(), REFUSED));
    rows.push(row(
        "only another",
        ask.clone().with("x-real-ip", "192.0.2.7"),
        REFUSED,
    ));
    rows.push(row(
        "two lines, the last counts",
        lines("198.51.100.1", "192.0.2.7"),
        "200",
    ));
    rows.push(row(
        "two lines, the first does not",
        lines("192.0.2.7", "198.51.100.1"),
        REFUSED,
    ));
    let both = ask
        .clone()
        .with("x-forwarded-for", "192.0.2.7")
        .with("forwarded", "for=198.51.100.1");
    rows.push(row("both headers, disagreeing", both, REFUSED));
    let both = ask
        .clone()
        .with("forwarded", "for=192.0.2.7")
        .with("x-forwarded-for", "198.51.100.1");
    rows.push(row("both headers, the other way round", both, REFUSED));
    rows.push(row(
        "a token without a list",
        ask.by(&service.root.secret).with("x-forwarded-for", "?"),
        "200",
    ));
    service.check(rows).await;
}
