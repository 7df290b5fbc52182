//! Tests of metadata as the OpenAPI document shows them. Their fields have no fixed names, which a
//! declared type cannot express.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::{
    PartialSchema as _, ToSchema,
    openapi::{
        Ref, RefOr, Schema,
        schema::{AdditionalProperties, Object, ObjectBuilder, Type},
    },
};

use super::terms::Field;
use crate::responses::METADATA_KEY;

/// A value of metadata that has to be equal, or operators.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a body that is read part by part")]
enum MetadataFilter {
    Equal(String),
    Operators(Box<MetadataOperators>),
}

/// Tests of a value of metadata, which all have to hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes a body that is read part by part")]
struct MetadataOperators {
    #[serde(rename = "$eq")]
    #[schema(required = false)]
    eq: String,
    /// One of these.
    #[serde(rename = "$in")]
    #[schema(required = false, max_items = 100)]
    one_of: Vec<String>,
    /// Whether the key is there.
    #[serde(rename = "$exists")]
    #[schema(required = false)]
    exists: bool,
}

/// Adds the schemas to which no declared type leads.
pub(crate) fn add_metadata_tests(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    for (name, schema) in [
        (MetadataFilter::name(), MetadataFilter::schema()),
        (MetadataOperators::name(), MetadataOperators::schema()),
    ] {
        schemas.insert(name.into(), schema);
    }
}

/// Lets a filter have a member for each key of the metadata, beside those that are declared.
pub(crate) fn open_to_metadata(filter: &mut Object) {
    let names = Field::NAMES.iter().filter(|name| !name.contains('<'));
    let names: Vec<_> = names
        .map(|name| name.replace('.', r"\.").replace('$', r"\$"))
        .collect();
    let pattern = format!(r"^({}|metadata\.{METADATA_KEY})$", names.join("|"));
    let name = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern));
    let test = RefOr::Ref(Ref::from_schema_name(MetadataFilter::name()));
    filter.property_names = Some(Box::new(Schema::Object(name.build())));
    filter.additional_properties = Some(Box::new(AdditionalProperties::RefOr(test)));
}

/// Closes it again: generators of clients cannot express such members.
pub(crate) fn close_to_metadata(filter: &mut Object) {
    filter.property_names = None;
    filter.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
}
