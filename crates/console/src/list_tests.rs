use super::*;

#[test]
fn a_view_and_its_address_are_one() {
    for query in [
        "",
        "q=caf%C3%A9+%26+co",
        "state=expiring-7&permission=api.tasks.read",
        "sort=used&dir=desc&page=3",
        "q=%25_&state=unused-90&sort=expiry",
        "state=revoked&sort=revoked&dir=desc",
    ] {
        let link = ListQuery::of(query).link();
        let end = if query.is_empty() {
            String::new()
        } else {
            format!("?{query}")
        };
        assert_eq!(link, format!("/console{end}"));
    }
}

#[test]
fn what_means_nothing_is_passed_over() {
    let plain = ListQuery::of("");
    for query in [
        "page=0",
        "page=x",
        "state=secret",
        "sort=digest",
        "dir=up",
        "a=b&&=&",
    ] {
        assert_eq!(ListQuery::of(query), plain, "{query}");
    }
    assert_eq!(
        ListQuery::of(&format!("q={}", "x".repeat(500))).words.len(),
        128
    );
    assert_eq!(ListQuery::of("page=4294967295").page, 1_000_000);
}

#[test]
fn a_column_that_orders_turns_round() {
    let view = ListQuery::of("page=4&q=a");
    assert_eq!(
        view.sorted(OrderField::Name).link(),
        "/console?q=a&dir=desc"
    );
    let used = view.sorted(OrderField::LastUsedDate);
    assert_eq!(used.link(), "/console?q=a&sort=used&dir=desc");
    assert_eq!(
        used.sorted(OrderField::LastUsedDate).link(),
        "/console?q=a&sort=used"
    );
}

#[test]
fn a_name_is_looked_for_as_names_are_compared() {
    let now = "2026-06-01T00:00:00Z".parse().unwrap();
    let filter = ListQuery::of("q=ＮIGHTLY").filter(now);
    let needle = TextTest::Contains("nightly".into());
    assert_eq!(
        filter,
        Filter::All(vec![Filter::Text(TextField::Name, needle)])
    );
    assert_eq!(ListQuery::of("").filter(now), Filter::All(vec![]));
}
