//! The document from which clients are generated, made from the exact one.
//!
//! Generators build clients that refuse whatever the document does not declare, even in an answer
//! of the next version: then a token was created, and its secret is lost. So the answers are open
//! here: fields may be added, enums may grow, and values have no bounds. Requests stay strict.
//! Forms that generators cannot express are left out: the second form of a body, and the short form
//! of an operator.

use std::collections::BTreeSet;

use utoipa::{
    ToSchema as _,
    openapi::{
        Content, OpenApi, RefOr, Schema,
        path::Operation,
        schema::{AdditionalProperties, Array, ArrayItems, Object},
    },
};

use super::shapes::Schemas;
use crate::filter::{FilterBody, close_to_metadata};

/// The note in the description of an enum.
const MAY_GROW: &str = "Values may be added: handle one that is not known.";

/// Makes the document for clients.
pub(crate) fn published(mut document: OpenApi) -> OpenApi {
    let mut components = document.components.take().unwrap_or_default();
    let schemas = &mut components.schemas;
    leave_short_forms_out(schemas);
    if let Some(RefOr::T(Schema::Object(filter))) = schemas.get_mut(&*FilterBody::name()) {
        close_to_metadata(filter);
    }
    let (mut asked, mut answered) = (Names::new(), Names::new());
    for operation in operations(&mut document) {
        for body in requests(operation) {
            keep_one_form(body);
            collect(schemas, body, &mut asked);
        }
        for body in answers(operation) {
            keep_one_form(body);
            walk(body, &mut open);
            collect(schemas, body, &mut answered);
        }
    }
    for (_, schema) in schemas
        .iter_mut()
        .filter(|(name, _)| !asked.contains(*name))
    {
        walk(schema, &mut open);
    }
    schemas.retain(|name, _| asked.contains(name) || answered.contains(name));
    document.components = Some(components);
    document
}

type Names = BTreeSet<String>;

fn operations(document: &mut OpenApi) -> impl Iterator<Item = &mut Operation> {
    let items = document.paths.paths.values_mut();
    items.flat_map(|item| {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
        ];
        operations.into_iter().flatten()
    })
}

fn requests(operation: &mut Operation) -> impl Iterator<Item = &mut RefOr<Schema>> {
    let body = match &mut operation.request_body {
        Some(RefOr::T(body)) => Some(body.content.values_mut()),
        _ => None,
    };
    body.into_iter().flatten().filter_map(schema_of)
}

fn answers(operation: &mut Operation) -> impl Iterator<Item = &mut RefOr<Schema>> {
    let responses = operation.responses.responses.values_mut();
    responses
        .filter_map(|response| match response {
            RefOr::T(response) => Some(response.content.values_mut()),
            RefOr::Ref(_) => None,
        })
        .flatten()
        .filter_map(schema_of)
}

fn schema_of(content: &mut RefOr<Content>) -> Option<&mut RefOr<Schema>> {
    match content {
        RefOr::T(content) => content.schema.as_mut(),
        RefOr::Ref(_) => None,
    }
}

/// The short form of `$eq`, `{"name": "x"}`, is a schema beside the operators; only the operators
/// stay.
fn leave_short_forms_out(schemas: &mut Schemas) {
    let all = schemas.clone();
    for schema in schemas.values_mut() {
        if let RefOr::T(Schema::OneOf(forms)) = schema
            && let Some(RefOr::Ref(operators)) = forms.items.last()
            && let Some(operators) = all.get(name_in(&operators.ref_location))
        {
            *schema = operators.clone();
        }
    }
}

/// If a body is one object or an array of them, keeps the object.
fn keep_one_form(body: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::OneOf(forms)) = body
        && let [one, RefOr::T(Schema::Array(_))] = &*forms.items
    {
        *body = one.clone();
    }
}

/// Adds the names of all schemas that this one consists of.
fn collect(schemas: &Schemas, schema: &mut RefOr<Schema>, names: &mut Names) {
    let mut found = Vec::new();
    walk(schema, &mut |part| {
        if let RefOr::Ref(target) = part {
            found.push(name_in(&target.ref_location).to_owned());
        }
    });
    for name in found {
        if let Some(mut part) = schemas.get(&name).cloned()
            && names.insert(name)
        {
            collect(schemas, &mut part, names);
        }
    }
}

/// Removes what an answer of a later version may not follow.
fn open(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => open_object(object),
        RefOr::T(Schema::Array(Array {
            max_items,
            min_items,
            ..
        })) => (*max_items, *min_items) = (None, None),
        _ => {}
    }
}

fn open_object(object: &mut Object) {
    if !object.properties.is_empty() {
        // It is explicit, because some generators treat an object that does not say so as closed.
        object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(true)));
    }
    (object.minimum, object.maximum) = (None, None);
    (object.min_length, object.max_length, object.pattern) = (None, None, None);
    if let Some(values) = object.enum_values.take() {
        object.extensions = Some([("x-extensible-enum", values)].into_iter().collect());
        let description = object.description.take().unwrap_or_default();
        object.description = Some(format!("{description} {MAY_GROW}"));
    }
}

/// Calls `visit` for a schema and all of its parts.
fn walk(schema: &mut RefOr<Schema>, visit: &mut dyn FnMut(&mut RefOr<Schema>)) {
    visit(schema);
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            let parts = object.properties.values_mut();
            parts.for_each(|part| walk(part, visit));
        }
        Schema::Array(Array {
            items: ArrayItems::RefOrSchema(items),
            ..
        }) => walk(items, visit),
        Schema::OneOf(forms) => forms.items.iter_mut().for_each(|form| walk(form, visit)),
        Schema::AnyOf(forms) => forms.items.iter_mut().for_each(|form| walk(form, visit)),
        Schema::AllOf(parts) => parts.items.iter_mut().for_each(|part| walk(part, visit)),
        _ => {}
    }
}

fn name_in(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or_default()
}
