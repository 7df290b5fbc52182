//! Tests of the OpenAPI documents: the document for clients must describe what the service does,
//! and generated clients must compile and survive the next version.

#![expect(
    clippy::unwrap_used,
    reason = "what does not hold here is a failed test"
)]

use std::collections::BTreeSet;

use serde_json::Value;

fn published() -> Value {
    serde_json::from_str(&countersign_http::openapi()).unwrap()
}

fn exact() -> Value {
    serde_json::from_str(&countersign_http::exact_openapi()).unwrap()
}

/// Calls `visit` with the value and all that it holds, and with the names on the way to it.
fn walk(value: &Value, path: &str, visit: &mut dyn FnMut(&str, &Value)) {
    visit(path, value);
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                walk(member, &format!("{path}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, item)| walk(item, &format!("{path}/{index}"), visit));
        }
        _ => {}
    }
}

/// The names of the schemas that a part of the document is made of.
fn schemas_of(document: &Value, part: &Value) -> BTreeSet<String> {
    let (mut names, mut left) = (BTreeSet::new(), vec![part.clone()]);
    while let Some(part) = left.pop() {
        walk(&part, "", &mut |_, value| {
            let name = value["$ref"]
                .as_str()
                .and_then(|name| name.rsplit('/').next());
            if let Some(name) = name
                && names.insert(name.to_owned())
            {
                left.push(document["components"]["schemas"][name].clone());
            }
        });
    }
    names
}

/// The schemas of all requests, and those of all answers.
fn sides(document: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut requests, mut answers) = (BTreeSet::new(), BTreeSet::new());
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            requests.extend(schemas_of(document, &operation["requestBody"]));
            answers.extend(schemas_of(document, &operation["responses"]));
        }
    }
    assert!(requests.len() > 5 && answers.len() > 20, "they were found");
    (requests, answers)
}

#[test]
fn the_committed_document_is_what_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(
        committed == countersign_http::openapi(),
        "docs/openapi.json differs from what the service would serve; run `cargo xtask openapi`"
    );
}

#[test]
fn answers_are_open_and_requests_strict() {
    let document = published();
    let (requests, answers) = sides(&document);
    let both: Vec<_> = requests.intersection(&answers).collect();
    assert!(both.is_empty(), "open or strict? {both:?}");
    for (names, open) in [(requests, false), (answers, true)] {
        for name in names {
            walk(
                &document["components"]["schemas"][&name],
                &name,
                &mut |path, value| {
                    if value["properties"].is_object() {
                        assert_eq!(value["additionalProperties"], open, "{path}");
                    }
                },
            );
        }
    }
}

#[test]
fn values_in_answers_have_no_bounds_that_a_later_version_could_cross() {
    const BOUNDS: [&str; 9] = [
        "enum",
        "const",
        "pattern",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
    ];
    let document = published();
    for name in sides(&document).1 {
        walk(
            &document["components"]["schemas"][&name],
            &name,
            &mut |path, value| {
                // A field may have such a name.
                if path.ends_with("/properties") {
                    return;
                }
                let bound = BOUNDS.iter().find(|bound| value.get(**bound).is_some());
                assert_eq!(bound, None, "{path}");
                if value.get("x-extensible-enum").is_some() {
                    let description = value["description"].as_str().unwrap();
                    assert!(
                        description.ends_with("handle one that is not known."),
                        "{path}"
                    );
                }
            },
        );
    }
}

/// A client of what is exact would refuse the first answer of the next version; a test that
/// compares answers with what is open would let a field pass that nobody documented.
#[test]
fn the_exact_document_leaves_nothing_open() {
    let document = exact();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        // Clients pass over the members of a problem that they do not know (RFC 9457, section 3.2).
        if name == "TokenFilter" {
            // It has a member for each key of the metadata, and no others than these names.
            let names = schema["propertyNames"]["pattern"].as_str().unwrap();
            assert!(
                names.starts_with("^(id|") && names.ends_with(")$"),
                "{names}"
            );
            let tests = "#/components/schemas/MetadataFilter";
            assert_eq!(schema["additionalProperties"]["$ref"], tests);
        } else if schema["properties"].is_object() && name != "Problem" {
            assert_eq!(schema["additionalProperties"], false, "{name}");
        }
    }
    let kinds = &document["components"]["schemas"]["EventType"]["enum"];
    assert_eq!(
        kinds.as_array().map(Vec::len),
        Some(4),
        "enums are closed there"
    );
}

/// Go takes `…_test.go` for tests, and makes a function `NewX` for each X. No generator has a type
/// for one of several kinds of values.
#[test]
fn generators_find_names_and_shapes_that_they_can_use() {
    let document = published();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in schemas.keys() {
        assert!(name.chars().all(char::is_alphanumeric), "{name}");
        assert!(!name.ends_with("Test"), "{name}");
        let made = name.strip_prefix("New").unwrap_or_default();
        assert!(!schemas.contains_key(made), "{name} beside {made}");
    }
    walk(&document, "", &mut |path, value| {
        for several in ["oneOf", "anyOf", "allOf"] {
            assert!(value.get(several).is_none(), "{path}: {several}");
        }
    });
}

#[test]
fn both_documents_have_the_same_operations() {
    let operations = |document: &Value| {
        let mut ids = BTreeSet::new();
        walk(&document["paths"], "", &mut |_, value| {
            ids.extend(value["operationId"].as_str().map(ToOwned::to_owned));
        });
        ids
    };
    assert_eq!(operations(&published()), operations(&exact()));
}
