//! Tests of the filter language: what each part becomes, and which faults are reported.

use countersign_application::query::{
    Compare, Filter, ListField, ListTest, TextField, TextTest, TimeField,
};

use super::*;

fn filter(text: &str) -> Filter {
    read(text.as_bytes()).unwrap_or_else(|problem| panic!("{text}: {problem:?}"))
}

/// The places and codes of the faults.
fn faults(text: &str) -> Vec<(String, &'static str)> {
    let problem = read(text.as_bytes()).expect_err(text);
    assert_eq!(problem.code(), Code::InvalidParameter, "{text}");
    problem
        .faults()
        .iter()
        .map(|fault| (fault.pointer().unwrap().to_owned(), fault.code()))
        .collect()
}

fn name(test: TextTest) -> Filter {
    Filter::Text(TextField::Name, test)
}

#[test]
fn fields_and_operators_join_with_and() {
    assert_eq!(filter("{}"), Filter::All(vec![]));
    let x = name(TextTest::Compare(Compare::Eq("x".into())));
    assert_eq!(filter(r#"{"name": "x"}"#), x);
    assert_eq!(filter(r#"{"name": {"$eq": "x"}}"#), x);
    let at = "2027-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(
        filter(
            r#"{"name": "x", "version": {"$gt": -1, "$lte": 9}, "expiry": {"$in": ["2027-01-01T00:00:00Z"]}}"#
        ),
        Filter::All(vec![
            x.clone(),
            Filter::All(vec![
                Filter::Version(Compare::Gt(-1)),
                Filter::Version(Compare::Lte(9)),
            ]),
            Filter::Time(TimeField::Expiry, Compare::In(vec![at])),
        ])
    );
    assert_eq!(
        filter(r#"{"$or": [{"name": "x"}, {"$or": []}]}"#),
        Filter::Any(vec![x, Filter::Any(vec![])])
    );
}

#[test]
fn null_is_the_last_use_of_what_was_never_used_and_nothing_else() {
    for (text, expected) in [
        (r#"{"lastUsedDate": null}"#, Filter::Used(false)),
        (r#"{"lastUsedDate": {"$eq": null}}"#, Filter::Used(false)),
        (r#"{"lastUsedDate": {"$ne": null}}"#, Filter::Used(true)),
        (
            r#"{"lastUsedDate": {"$lt": "2027-01-01T00:00:00Z"}}"#,
            Filter::Time(
                TimeField::LastUsedDate,
                Compare::Lt("2027-01-01T00:00:00Z".parse().unwrap()),
            ),
        ),
    ] {
        assert_eq!(filter(text), expected, "{text}");
    }
    for (text, place, code) in [
        (
            r#"{"lastUsedDate": {"$gte": null}}"#,
            "/lastUsedDate/$gte",
            "wrong-type",
        ),
        (
            r#"{"lastUsedDate": {"$in": [null]}}"#,
            "/lastUsedDate/$in/0",
            "wrong-type",
        ),
        (
            r#"{"lastUsedDate": {"$is": null}}"#,
            "/lastUsedDate/$is",
            "unknown-operator",
        ),
        (r#"{"expiry": {"$eq": null}}"#, "/expiry/$eq", "wrong-type"),
    ] {
        assert_eq!(faults(text), [(place.to_owned(), code)], "{text}");
    }
}

#[test]
fn what_matches_everything_because_it_is_empty_is_refused() {
    for (text, place) in [
        (r#"{"$and": []}"#, "/$and"),
        (r#"{"$or": [{"$and": []}]}"#, "/$or/0/$and"),
        (r#"{"id": {"$nin": []}}"#, "/id/$nin"),
        (r#"{"version": {"$nin": []}}"#, "/version/$nin"),
        (r#"{"expiry": {"$nin": []}}"#, "/expiry/$nin"),
        (r#"{"lastUsedDate": {"$nin": []}}"#, "/lastUsedDate/$nin"),
        (r#"{"name": {"$nin": []}}"#, "/name/$nin"),
        (r#"{"name": {"$nin": ["x", ""]}}"#, "/name/$nin/1"),
        (r#"{"name": {"$ne": ""}}"#, "/name/$ne"),
        (r#"{"name": {"$gt": ""}}"#, "/name/$gt"),
        (r#"{"partialToken": {"$gte": ""}}"#, "/partialToken/$gte"),
        (r#"{"name": {"$isubstr": ""}}"#, "/name/$isubstr"),
        (r#"{"name": {"$iprefix": ""}}"#, "/name/$iprefix"),
        (r#"{"name": {"$isubstr": "\u200d"}}"#, "/name/$isubstr"),
        (r#"{"name": {"$iprefix": "\ufe0f"}}"#, "/name/$iprefix"),
        (
            r#"{"partialToken": {"$isubstr": ""}}"#,
            "/partialToken/$isubstr",
        ),
        (
            r#"{"permissions": {"$contains": []}}"#,
            "/permissions/$contains",
        ),
        (
            r#"{"allowedAddresses": {"$contains": []}}"#,
            "/allowedAddresses/$contains",
        ),
        (
            r#"{"permissions": {"$ncontains": ["a", ""]}}"#,
            "/permissions/$ncontains/1",
        ),
        (r#"{"$or": [{"version": 1}, {}]}"#, "/$or/1"),
        (r#"{"$and": [{}]}"#, "/$and/0"),
        (
            r#"{"$or": [{"$and": [{"version": 1}, {}]}]}"#,
            "/$or/0/$and/1",
        ),
        (r#"{"lastUsedDate": {}}"#, "/lastUsedDate"),
        (r#"{"$or": [{"version": 1}, {"name": {}}]}"#, "/$or/1/name"),
        (r#"{"permissions": {}}"#, "/permissions"),
    ] {
        assert_eq!(faults(text), [(place.to_owned(), "empty-filter")], "{text}");
    }
    assert_eq!(filter("{}"), Filter::All(vec![]));
}

/// A client that lost its values asks for nothing then, which harms nobody.
#[test]
fn what_matches_nothing_because_it_is_empty_is_taken() {
    for (text, expected) in [
        (r#"{"$or": []}"#, Filter::Any(vec![])),
        (
            r#"{"version": {"$in": []}}"#,
            Filter::Version(Compare::In(vec![])),
        ),
        (
            r#"{"name": {"$in": []}}"#,
            name(TextTest::Compare(Compare::In(vec![]))),
        ),
        (
            r#"{"name": ""}"#,
            name(TextTest::Compare(Compare::Eq(String::new()))),
        ),
        (
            r#"{"name": {"$ieq": ""}}"#,
            name(TextTest::Equals(String::new())),
        ),
        (
            r#"{"name": {"$niprefix": "\u200d"}}"#,
            name(TextTest::NotStartsWith(String::new())),
        ),
        (
            r#"{"permissions": {"$ncontains": []}}"#,
            Filter::List(ListField::Permissions, ListTest::LacksAny(vec![])),
        ),
    ] {
        assert_eq!(filter(text), expected, "{text}");
    }
}

#[test]
fn whether_there_is_a_use_is_asked_without_null() {
    for (value, ever) in [("false", false), ("true", true)] {
        let text = format!(r#"{{"lastUsedDate": {{"$exists": {value}}}}}"#);
        assert_eq!(filter(&text), Filter::Used(ever));
    }
    for value in ["null", "1", "\"false\""] {
        let text = format!(r#"{{"lastUsedDate": {{"$exists": {value}}}}}"#);
        assert_eq!(faults(&text).len(), 1, "{text}");
    }
    let other = r#"{"expiry": {"$exists": true}}"#;
    assert_eq!(faults(other)[0].1, "unknown-operator");
}

#[test]
fn needles_come_in_the_form_that_stores_compare_with() {
    for (text, expected) in [
        (
            r#"{"name": {"$isubstr": "ÄB"}}"#,
            TextTest::Contains(countersign_domain::caseless_key("äb")),
        ),
        (
            r#"{"name": {"$ieq": " ＳTRASSE \u3000 x "}}"#,
            TextTest::Equals("strasse x".into()),
        ),
        (
            r#"{"name": {"$iprefix": "Ｘ_%"}}"#,
            TextTest::StartsWith("x_%".into()),
        ),
        (
            r#"{"name": {"$niprefix": ""}}"#,
            TextTest::NotStartsWith(String::new()),
        ),
        (
            r#"{"name": {"$ne": "a\u0308"}}"#,
            TextTest::Compare(Compare::Ne("ä".into())),
        ),
    ] {
        assert_eq!(filter(text), name(expected), "{text}");
    }
    assert_eq!(
        filter(r#"{"partialToken": {"$isubstr": "AbC"}}"#),
        Filter::Text(TextField::PartialToken, TextTest::Contains("abc".into()))
    );
    assert_eq!(
        filter(
            r#"{"allowedAddresses": {"$contains": ["::ffff:10.0.0.0/104", "2001:DB8::1/128", "x"]}}"#
        ),
        Filter::List(
            ListField::AllowedAddresses,
            ListTest::ContainsAll(vec!["10.0.0.0/8".into(), "2001:db8::1".into(), "x".into()])
        )
    );
    assert_eq!(
        filter(r#"{"permissions": {"$ncontains": ["A"]}}"#),
        Filter::List(ListField::Permissions, ListTest::LacksAny(vec!["A".into()]))
    );
}

#[test]
fn every_fault_is_named_with_its_place() {
    let all = r#"{"secret": 1, "name": {"$regex": "x", "$in": [1, "y", null]}, "id": "abc", "version": 1.5,
        "expiry": "soon", "$or": {}, "$and": [[], {"na/me~": 1}], "permissions": ["x"]}"#;
    let mut found = faults(all);
    found.sort();
    let expected = [
        ("/$and/0", "wrong-type"),
        ("/$and/1/na~1me~0", "unknown-field"),
        ("/$or", "wrong-type"),
        ("/expiry", "invalid-date-time"),
        ("/id", "invalid-id"),
        ("/name/$in/0", "wrong-type"),
        ("/name/$in/2", "wrong-type"),
        ("/name/$regex", "unknown-operator"),
        ("/permissions", "unknown-operator"),
        ("/secret", "unknown-field"),
        ("/version", "wrong-type"),
    ];
    assert_eq!(
        found,
        expected.map(|(place, code)| (place.to_owned(), code))
    );
    for text in [
        "null",
        "[]",
        "3",
        "\"x\"",
        r#"{"name": null}"#,
        r#"{"version": 9223372036854775808}"#,
        r#"{"version": "1"}"#,
    ] {
        assert_eq!(faults(text).len(), 1, "{text}");
    }
}

#[test]
fn depth_terms_and_lists_are_bounded() {
    let nested = |depth: usize| {
        format!(
            r#"{}{{"version":1}}{}"#,
            r#"{"$and":["#.repeat(depth - 1),
            "]}".repeat(depth - 1)
        )
    };
    assert!(read(nested(8).as_bytes()).is_ok());
    assert_eq!(faults(&nested(9))[0].1, "too-deep");
    let listed = |item: &str, count: usize| vec![item; count].join(",");
    let terms = |count| format!(r#"{{"$or":[{}]}}"#, listed(r#"{"version":1}"#, count));
    assert!(read(terms(64).as_bytes()).is_ok());
    assert_eq!(
        faults(&terms(65)),
        [("/$or/64/version".to_owned(), "too-many-terms")]
    );
    assert_eq!(faults(&terms(100)).len(), 1);
    let values = |count| format!(r#"{{"version":{{"$in":[{}]}}}}"#, listed("1", count));
    assert!(read(values(100).as_bytes()).is_ok());
    assert_eq!(
        faults(&values(101)),
        [("/version/$in".to_owned(), "too-many-values")]
    );
}
