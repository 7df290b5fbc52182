//! Filters outside the language: unknown names, wrong types, too deep, too long.

use serde_json::{Value, json};

use crate::harness::{Row, Service, TOKENS, row};

fn query(service: &Service, filter: &Value, want: &str) -> Row {
    let what: String = filter.to_string().chars().take(60).collect();
    let ask = service.ask("POST", format!("{TOKENS}/query")).json(filter);
    let want = match want {
        "200" => want.to_owned(),
        _ => format!("400 invalid-parameter: {want}"),
    };
    row(what, ask, want)
}

#[tokio::test]
async fn words_that_the_language_does_not_have() {
    let service = Service::start().await;
    let cases = [
        (json!({"secret": "x"}), "/secret unknown-field"),
        (json!({"digest": {"$eq": "x"}}), "/digest unknown-field"),
        (json!({"tenant": "x"}), "/tenant unknown-field"),
        (json!({"Name": "x"}), "/Name unknown-field ~name"),
        (json!({"name;--": "x"}), "/name;-- unknown-field ~name"),
        (
            json!({"createdUserInfo.userName": "x"}),
            "/createdUserInfo.userName unknown-field ~createdUserInfo.userId",
        ),
        (json!({"$where": "1"}), "/$where unknown-field"),
        (json!({"$not": {}}), "/$not unknown-field"),
        (json!({"$AND": []}), "/$AND unknown-field ~$and"),
        (
            json!({"name": {"$regex": "(a+)+$"}}),
            "/name/$regex unknown-operator",
        ),
        (
            json!({"name": {"$gt": "a", "$like": "%"}}),
            "/name/$like unknown-operator",
        ),
        (json!({"name": {"eq": "a"}}), "/name/eq unknown-operator"),
        (
            json!({"name": {"$EQ": "a"}}),
            "/name/$EQ unknown-operator ~$eq",
        ),
        (
            json!({"name": {"$contains": ["a"]}}),
            "/name/$contains unknown-operator",
        ),
        (
            json!({"version": {"$isubstr": "1"}}),
            "/version/$isubstr unknown-operator",
        ),
        (
            json!({"permissions": {"$eq": ["api.tasks.read"]}}),
            "/permissions/$eq unknown-operator",
        ),
        (
            json!({"permissions": "api.tasks.read"}),
            "/permissions unknown-operator",
        ),
        (json!({"a/b~c": 1}), "/a~1b~0c unknown-field"),
        (
            json!({"$and": [{"x": 1}, {"name": "a"}, {"y": 1}]}),
            "/$and/0/x unknown-field, /$and/2/y unknown-field",
        ),
        (
            json!({"name": {"$eq": "a", "x".repeat(3000): 1}}),
            "/name unknown-operator",
        ),
    ];
    let mut rows: Vec<_> = cases
        .iter()
        .map(|(filter, want)| query(&service, filter, want))
        .collect();
    // An overlong word: where it stands is the business of the harness.
    let ask = service
        .ask("POST", format!("{TOKENS}/query"))
        .json(&cases.last().unwrap().0);
    rows.pop();
    rows.push(row("an overlong word", ask, "400 invalid-parameter"));
    service.check(rows).await;
}

#[tokio::test]
async fn values_of_another_type() {
    let service = Service::start().await;
    let cases = [
        (json!({"name": null}), "/name wrong-type"),
        (json!({"name": 3}), "/name wrong-type"),
        (json!({"name": ["a"]}), "/name wrong-type"),
        (
            json!({"name": {"$eq": {"$eq": "a"}}}),
            "/name/$eq wrong-type",
        ),
        (json!({"name": {"$in": "a"}}), "/name/$in wrong-type"),
        (json!({"name": {"$in": ["a", 1]}}), "/name/$in/1 wrong-type"),
        (
            json!({"name": {"$isubstr": null}}),
            "/name/$isubstr wrong-type",
        ),
        (json!({"id": "abc"}), "/id invalid-id"),
        (json!({"id": {"$in": ["abc"]}}), "/id/$in/0 invalid-id"),
        (json!({"userId": 1}), "/userId wrong-type"),
        (json!({"expiry": "tomorrow"}), "/expiry invalid-date-time"),
        (
            json!({"expiry": {"$lt": "2027-02-30T00:00:00Z"}}),
            "/expiry/$lt invalid-date-time",
        ),
        (
            json!({"expiry": {"$lt": 1_800_000_000}}),
            "/expiry/$lt wrong-type",
        ),
        (json!({"expiry": null}), "/expiry wrong-type"),
        (
            json!({"creationDate": {"$ne": null}}),
            "/creationDate/$ne wrong-type",
        ),
        (
            json!({"lastUsedDate": {"$lt": null}}),
            "/lastUsedDate/$lt wrong-type",
        ),
        (
            json!({"lastUsedDate": {"$in": [null]}}),
            "/lastUsedDate/$in/0 wrong-type",
        ),
        (
            json!({"lastUsedDate": ""}),
            "/lastUsedDate invalid-date-time",
        ),
        (json!({"version": "1"}), "/version wrong-type"),
        (json!({"revoked": "true"}), "/revoked wrong-type"),
        (json!({"revoked": null}), "/revoked wrong-type"),
        (json!({"revoked": {"$eq": 1}}), "/revoked/$eq wrong-type"),
        (
            json!({"revoked": {"$in": [true]}}),
            "/revoked/$in unknown-operator",
        ),
        (json!({"revokedDate": null}), "/revokedDate wrong-type"),
        (
            json!({"createdUserInfo.userId": "root"}),
            "/createdUserInfo.userId invalid-id",
        ),
        (
            json!({"allowedAddresses": {"$empty": []}}),
            "/allowedAddresses/$empty wrong-type",
        ),
        (json!({"version": 1.5}), "/version wrong-type"),
        (json!({"version": 1e30}), "/version wrong-type"),
        (json!({"version": {"$gt": true}}), "/version/$gt wrong-type"),
        (
            json!({"permissions": {"$contains": "api.tasks.read"}}),
            "/permissions/$contains wrong-type",
        ),
        (
            json!({"permissions": {"$contains": [1]}}),
            "/permissions/$contains/0 wrong-type",
        ),
        (
            json!({"allowedAddresses": {"$ncontains": null}}),
            "/allowedAddresses/$ncontains wrong-type",
        ),
        (json!({"$and": {}}), "/$and wrong-type"),
        (json!({"$or": null}), "/$or wrong-type"),
        (json!({"$or": ["name"]}), "/$or/0 wrong-type"),
        (json!({"$and": [[]]}), "/$and/0 wrong-type"),
        (json!({"$and": []}), "/$and empty-filter"),
        (
            json!({"$or": [{"name": {"$nin": []}}, {"name": {"$isubstr": "\u{200d}"}}]}),
            "/$or/0/name/$nin empty-filter, /$or/1/name/$isubstr empty-filter",
        ),
        (json!([]), " wrong-type"),
    ];
    service
        .check(
            cases
                .iter()
                .map(|(filter, want)| query(&service, filter, want)),
        )
        .await;
}

#[tokio::test]
async fn odd_but_good_questions() {
    let service = Service::start().await;
    let cases = [
        json!({}),
        json!({"$or": []}),
        json!({"lastUsedDate": null}),
        json!({"lastUsedDate": {"$eq": null, "$ne": null}}),
        json!({"name": {"$in": []}}),
        json!({"name": "\0"}),
        json!({"name": {"$niprefix": ""}}),
        json!({"name": {"$gt": "\u{10ffff}"}}),
        json!({"partialToken": {"$iprefix": "CSG_"}}),
        json!({"version": {"$gte": i64::MIN, "$lt": i64::MAX}}),
        json!({"expiry": {"$gt": "0000-01-01T00:00:00Z", "$lte": "9999-12-31T23:59:59Z"}}),
        json!({"permissions": {"$ncontains": []}}),
        json!({"permissions": {"$contains": ["no such permission", "\0"]}}),
        json!({"allowedAddresses": {"$contains": ["no address"]}}),
        json!({"id": "00000000-0000-0000-0000-000000000000"}),
    ];
    service
        .check(cases.iter().map(|filter| query(&service, filter, "200")))
        .await;
}

fn nested(depth: usize) -> Value {
    (1..depth).fold(json!({"name": "a"}), |inner, _| json!({"$or": [inner]}))
}

fn in_of(count: usize) -> Value {
    json!({"version": {"$nin": (0..count).collect::<Vec<_>>()}})
}

#[tokio::test]
async fn how_deep_and_how_long() {
    let service = Service::start().await;
    let terms = |count: usize| json!({"$or": vec![json!({"name": "a"}); count]});
    let spread = |count: usize| {
        let half = json!({"$and": vec![json!({"version": {"$gt": 1, "$lt": 9}}); count / 2]});
        json!({"$or": [half]})
    };
    let ninth = "/$or/0".repeat(8);
    service
        .check([
            query(&service, &nested(8), "200"),
            query(&service, &nested(9), &format!("{ninth} too-deep")),
            query(&service, &nested(60), &format!("{ninth} too-deep")),
            query(&service, &terms(64), "200"),
            query(&service, &terms(65), "/$or/64/name too-many-terms"),
            query(&service, &spread(64), "200"),
            query(
                &service,
                &spread(66),
                "/$or/0/$and/32/version too-many-terms",
            ),
            query(&service, &in_of(100), "200"),
            query(&service, &in_of(101), "/version/$nin too-many-values"),
            query(
                &service,
                &json!({"$or": vec![json!({"$or": []}); 100]}),
                "200",
            ),
            query(
                &service,
                &json!({"$or": vec![json!({"$or": []}); 101]}),
                "/$or too-many-values",
            ),
        ])
        .await;
}

/// The largest questions that the bounds let through have to be answerable.
#[tokio::test]
async fn whatever_is_within_the_bounds_is_answered() {
    let service = Service::start().await;
    let hundreds = json!({"$and": vec![json!({"name": {"$nin": vec!["x"; 100]}}); 64]});
    let wide = (1..8).fold(json!({"name": "a"}), |inner, _| {
        let mut items = vec![json!({"$or": []}); 99];
        items.insert(0, inner);
        json!({"$and": items, "$or": [{"$or": []}], "name": {"$ne": "b"}})
    });
    let mirrored = (1..8).fold(json!({"name": "a"}), |inner, _| {
        let mut items = vec![json!({"$or": []}); 99];
        items.push(inner);
        json!({"$or": items})
    });
    let lists = json!({"$or": vec![json!({"permissions": {"$contains": vec!["a.b"; 100]}}); 60]});
    let needles = json!({"$or": vec![json!({"name": {"$isubstr": "%_\\".repeat(100)}}); 64]});
    for filter in [hundreds, wide, mirrored, lists, needles] {
        assert!(
            filter.to_string().len() <= 64 * 1024,
            "too large to be asked"
        );
        service.check([query(&service, &filter, "200")]).await;
    }
}
