//! The form of metadata in requests and answers.

use countersign_domain::Metadata;
use serde::Deserialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{AdditionalProperties, ObjectBuilder, Schema, Type},
    },
};

/// An object of texts, as the OpenAPI document shows it.
#[derive(Debug, Deserialize)]
pub(crate) struct MetadataBody;

/// The form of a key.
pub(crate) const KEY: &str = "[a-z][a-z0-9._-]{0,62}";

impl PartialSchema for MetadataBody {
    fn schema() -> RefOr<Schema> {
        let text = |object: ObjectBuilder| object.schema_type(Type::String);
        let value = text(ObjectBuilder::new()).max_length(Some(Metadata::MAX_VALUE));
        let key = text(ObjectBuilder::new()).pattern(Some(format!("^{KEY}$")));
        let object = ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("Pairs of text, by key; 4 KiB in all."))
            .max_properties(Some(Metadata::MAX_PAIRS))
            .property_names(Some(Schema::Object(key.build())))
            .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(Schema::Object(
                value.build(),
            )))))
            .examples([serde_json::json!({"plan": "gold"})]);
        RefOr::T(Schema::Object(object.build()))
    }
}

impl ToSchema for MetadataBody {
    fn name() -> std::borrow::Cow<'static, str> {
        "Metadata".into()
    }
}
