//! The operations that the service itself lists, so that these tests cover later ones too.

use serde_json::{Map, Value, json};

use super::client::Client;
use crate::common::in_a_year;

/// One operation of the OpenAPI document.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) method: reqwest::Method,
    /// With placeholders such as `{id}`.
    pub(crate) path: String,
    /// Its query parameters, each with its type.
    query: Vec<(String, String)>,
    /// A body that is well-formed, where it takes one.
    pub(crate) body: Option<Value>,
}

/// Every operation that the running service describes.
pub(crate) async fn operations(client: &Client) -> Vec<Operation> {
    let document = client.get("/api/openapi.json").await.expect(200);
    let mut operations = Vec::new();
    for (path, item) in document["paths"]
        .as_object()
        .expect("the document has paths")
    {
        // A stream without an end, which is tried by itself.
        if path == "/api/v1/changes" {
            continue;
        }
        let methods = item.as_object().unwrap().iter();
        for (method, operation) in methods.filter(|(name, _)| *name != "parameters") {
            let shared = item["parameters"].as_array().into_iter().flatten();
            let own = operation["parameters"].as_array().into_iter().flatten();
            let in_query = shared
                .chain(own)
                .map(|parameter| resolve(&document, parameter))
                .filter(|parameter| parameter["in"] == "query")
                .map(|parameter| {
                    let kind = parameter["schema"]["type"].as_str().unwrap_or_default();
                    (
                        parameter["name"].as_str().unwrap().to_owned(),
                        kind.to_owned(),
                    )
                });
            let body = operation.get("requestBody").map(|body| {
                let schema = &resolve(&document, body)["content"]["application/json"]["schema"];
                sample(&document, schema)
            });
            operations.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                query: in_query.collect(),
                body,
            });
        }
    }
    assert!(
        operations.len() >= 10,
        "the document describes too little: {operations:?}"
    );
    operations
}

impl Operation {
    /// Whether it is about one thing that its path names.
    pub(crate) fn names_one(&self) -> bool {
        self.path.contains('{')
    }

    pub(crate) fn path_of(&self, id: &str) -> String {
        match (self.path.find('{'), self.path.find('}')) {
            (Some(start), Some(end)) => {
                format!("{}{id}{}", &self.path[..start], &self.path[end + 1..])
            }
            _ => self.path.clone(),
        }
    }

    pub(crate) fn takes(&self, parameter: &str) -> bool {
        self.query.iter().any(|(name, _)| name == parameter)
    }

    /// Every switch that it has, turned on.
    pub(crate) fn switches(&self) -> Option<String> {
        let on: Vec<String> = self
            .query
            .iter()
            .filter(|(_, kind)| kind == "boolean")
            .map(|(name, _)| format!("{name}=true"))
            .collect();
        (!on.is_empty()).then(|| on.join("&"))
    }
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix('#'))
    {
        Some(pointer) => document
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{pointer} is nowhere")),
        None => value,
    }
}

/// A body of this shape. A property that nobody has taught it stops the test, so that it stays complete.
fn sample(document: &Value, schema: &Value) -> Value {
    let schema = resolve(document, schema);
    if schema["type"] == "array" {
        return json!([sample(document, &schema["items"])]);
    }
    let required = schema["required"].as_array().into_iter().flatten();
    let fields = required.map(|name| {
        let value = match name.as_str().unwrap() {
            "name" => json!("Alpha"),
            "version" => json!(1),
            "expiry" => json!(in_a_year()),
            "permissions" => json!(["api.tasks.read"]),
            // A secret that nobody has.
            "token" => json!("unknown"),
            other => panic!("teach this test a value for the property {other}"),
        };
        (name.as_str().unwrap().to_owned(), value)
    });
    let mut body: Map<String, Value> = fields.collect();
    // It may be left out for the sake of `If-Match`.
    if schema["properties"].get("version").is_some() {
        body.insert("version".to_owned(), json!(1));
    }
    Value::Object(body)
}
