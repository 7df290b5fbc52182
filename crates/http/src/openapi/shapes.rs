//! Plain shapes of bodies: one object with all of its fields and no others. A generated client then
//! has one type for each, and a comparison of answers finds every undocumented field.

use std::collections::BTreeMap;

use utoipa::{
    ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{AdditionalProperties, AllOf, Object, Type},
    },
};

use crate::{
    filter::{FilterBody, open_to_metadata},
    problem::Document,
};

pub(super) type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Merges schemas that consist of parts, and closes all but problems.
pub(super) fn make_plain(schemas: &mut Schemas) {
    let all = schemas.clone();
    for (name, schema) in schemas {
        if let RefOr::T(Schema::AllOf(parts)) = schema {
            *schema = RefOr::T(Schema::Object(joined(&all, parts)));
        }
        // Clients ignore the members of a problem that they do not know (RFC 9457, section 3.2).
        if *name != Document::name()
            && let RefOr::T(Schema::Object(object)) = schema
            && !object.properties.is_empty()
        {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
            if *name == FilterBody::name() {
                open_to_metadata(object);
            }
        }
    }
}

fn joined(all: &Schemas, parts: &AllOf) -> Object {
    let mut whole = Object::with_type(Type::Object);
    whole.title.clone_from(&parts.title);
    whole.description.clone_from(&parts.description);
    for part in &parts.items {
        let part = match part {
            RefOr::T(_) => Some(part),
            RefOr::Ref(target) => target
                .ref_location
                .rsplit('/')
                .next()
                .and_then(|name| all.get(name)),
        };
        if let Some(RefOr::T(Schema::Object(part))) = part {
            whole.properties.extend(part.properties.clone());
            whole.required.extend(part.required.iter().cloned());
        }
    }
    whole
}
