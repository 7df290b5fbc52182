//! The OpenAPI document. The router collects the declarations of operations; this module adds what
//! applies to all of them: who may call, the problems that any call can have, and the headers that
//! every answer has.
//!
//! The members of examples are written in the order of their names, because whether the library
//! keeps another order depends on the other crates of the build.

mod published;
mod shapes;

use std::collections::BTreeMap;

use countersign_gate::TokenHeaders;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Components, ContactBuilder, Content, Header, InfoBuilder, LicenseBuilder, OpenApi,
        OpenApiBuilder, Ref, RefOr, Response, ServerBuilder,
        path::Operation,
        schema::{Object, ObjectBuilder, Schema, SchemaType, Type},
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
        tag::TagBuilder,
    },
};

pub(crate) use self::published::published;
use crate::filter::add_metadata_tests;
use crate::problem::{Document, FieldError, MEDIA_TYPE, Members, OAUTH_MEDIA_TYPE};

/// The groups of operations, in the order in which pages show them.
const TAGS: [(&str, &str); 5] = [
    ("tokens", "API tokens: their records, secrets and history"),
    ("checks", "Whether a token that somebody presented is good"),
    ("permissions", "What tokens can be allowed to do"),
    ("users", "The users that stand for tokens"),
    ("health", "The state of the service, for those who watch it"),
];

/// The document that the service serves, as pretty JSON with a line feed at its end.
#[must_use]
pub fn openapi() -> String {
    let (_, document) = crate::routes::described();
    text(&published(finished(document)))
}

/// The exact document, against which tests compare the service: answers have no other fields and
/// values than it declares, and it declares every form of a request that the service reads.
#[must_use]
pub fn exact_openapi() -> String {
    let (_, document) = crate::routes::described();
    text(&finished(document))
}

/// A finished document as text.
pub(crate) fn text(document: &OpenApi) -> String {
    // A document has texts, numbers and maps under text keys, so serialization cannot fail.
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

/// The document before any operation.
pub(crate) fn base() -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An API token: a prefix such as `csg_`, and 49 letters and digits",
        ))
        .build();
    let basic = HttpBuilder::new()
        .scheme(HttpAuthScheme::Basic)
        .description(Some("An API token as the password; any name"))
        .build();
    // No address is given: the operator of the service is the contact.
    let contact = ContactBuilder::new()
        .name(Some("The operator of this service"))
        .build();
    let license = LicenseBuilder::new()
        .name("Apache-2.0")
        .identifier(Some("Apache-2.0"))
        .build();
    let info = InfoBuilder::new()
        .title("Countersign")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Hands out the API tokens of a platform, changes them under rules, and checks them.",
        ))
        .contact(Some(contact))
        .license(Some(license))
        .build();
    let mut components = Components::new();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.add_security_scheme("basic", SecurityScheme::Http(basic));
    let server = ServerBuilder::new()
        .url("/")
        .description(Some("The service that this document comes from"))
        .build();
    let tag = |(name, description)| {
        TagBuilder::new()
            .name(name)
            .description(Some(description))
            .build()
    };
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([server]))
        .components(Some(components))
        .tags(Some(TAGS.map(tag)))
        .security(Some([SecurityRequirement::new("bearer", [""; 0])]))
        .build()
}

/// Adds the places besides `Authorization: Bearer` in which this deployment takes tokens. The
/// committed document has none of them.
pub(crate) fn allow(token_headers: &TokenHeaders, document: &mut OpenApi) {
    let basic = token_headers.has_basic().then(|| "basic".to_owned());
    let mut schemes: Vec<String> = basic.into_iter().collect();
    let components = document.components.get_or_insert_default();
    for name in token_headers.names() {
        let description = "An API token";
        let key = ApiKeyValue::with_description(name.as_str(), description);
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(key));
        components.add_security_scheme(name.as_str(), scheme);
        schemes.push(name.to_string());
    }
    let further = schemes
        .into_iter()
        .map(|name| SecurityRequirement::new(name, [""; 0]));
    document.security.get_or_insert_default().extend(further);
}

/// Adds what applies to all operations.
pub(crate) fn finished(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    components
        .schemas
        .insert(Document::name().into(), Document::schema());
    components
        .schemas
        .insert(FieldError::name().into(), FieldError::schema());
    add_metadata_tests(&mut components.schemas);
    // It is only a part of problems, with which it is merged.
    let part = Members::name();
    components
        .schemas
        .insert(part.clone().into(), Members::schema());
    shapes::make_plain(&mut components.schemas);
    components.schemas.remove(&*part);
    for (path, item) in &mut document.paths.paths {
        let media_type = if path.starts_with("/oauth2/") {
            OAUTH_MEDIA_TYPE
        } else {
            MEDIA_TYPE
        };
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
        ];
        let operations = operations.into_iter().flatten();
        operations.for_each(|operation| finish(operation, media_type));
    }
    document
}

fn finish(operation: &mut Operation, media_type: &str) {
    let open = operation.security.as_ref().is_some_and(Vec::is_empty);
    let statuses: &[&str] = if open {
        &["414", "500"]
    } else {
        &["401", "403", "414", "500", "503"]
    };
    // The verdicts of this operation are not refusals by the API itself, and have no limit.
    let limited = !open && operation.operation_id.as_deref() != Some("authorize");
    let statuses = statuses.iter().chain(limited.then_some(&"429"));
    for status in statuses {
        operation
            .responses
            .responses
            .entry((*status).to_owned())
            .or_insert_with(|| RefOr::T(Response::default()));
    }
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema
        {
            never_null(object);
        }
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            complete(status, response, media_type);
        }
    }
}

/// An optional parameter cannot be null, because a query cannot express that.
fn never_null(object: &mut Object) {
    if let SchemaType::Array(types) = &object.schema_type
        && let Some(only) = types.iter().find(|kind| **kind != Type::Null)
    {
        object.schema_type = SchemaType::Type(only.clone());
    }
}

/// An error without a schema of its own is a problem; each has its headers.
fn complete(status: &str, response: &mut Response, media_type: &str) {
    if response.content.is_empty() && status >= "400" {
        let problem = Ref::from_schema_name(Document::name());
        response
            .content
            .insert(media_type.to_owned(), Content::new(Some(problem)).into());
    }
    if response.description.is_empty() {
        describe(status, response);
    }
    // The answer to an update has no entity tag after a dry run.
    if status == "201" || status == "304" {
        for header in response.headers.values_mut() {
            if let RefOr::T(header) = header {
                always(header);
            }
        }
    }
    let mut add = |name: &str, kind: Type, sure: bool, description: &str| {
        let schema = ObjectBuilder::new().schema_type(kind).build();
        let mut header = Header::new(Schema::Object(schema));
        header.description = Some(description.to_owned());
        if sure {
            always(&mut header);
        }
        response.headers.insert(name.to_owned(), RefOr::T(header));
    };
    let id = "Ties the answer to the log; the caller's own where it sent a sane one";
    add("x-request-id", Type::String, true, id);
    let challenge = "The challenge, as RFC 6750 has it";
    match status {
        "401" => add("WWW-Authenticate", Type::String, true, challenge),
        "403" => {
            let challenge = "`insufficient-scope`: the challenge, which names the permission";
            add("WWW-Authenticate", Type::String, false, challenge);
        }
        // The health check has an answer of its own, for probes that ask again anyway.
        "429" => {
            let seconds = "Seconds after which trying again may help";
            add("Retry-After", Type::Integer, true, seconds);
            let limit =
                "The limit that is reached, as the IETF's draft has it: `\"changes\";q=600;w=60`";
            add("RateLimit-Policy", Type::String, false, limit);
            let left =
                "What is left of it, and the seconds until there is more: `\"changes\";r=0;t=3`";
            add("RateLimit", Type::String, false, left);
        }
        "503" if response.content.contains_key(media_type) => {
            let seconds = "Seconds after which trying again may help";
            add("Retry-After", Type::Integer, true, seconds);
        }
        _ => {}
    }
}

/// Marks a header that every such answer has; the library knows the keyword only for parameters.
fn always(header: &mut Header) {
    header.extensions = Some([("required", true)].into_iter().collect());
}

fn describe(status: &str, response: &mut Response) {
    let words: BTreeMap<&str, &str> = BTreeMap::from([
        ("200", "As asked for"),
        ("201", "Made"),
        ("400", "A parameter, a header or the body is not valid"),
        ("401", "The credential is missing, not valid, or expired"),
        ("403", "The caller may not do this"),
        ("404", "Not there, or another tenant's"),
        ("408", "The body took too long"),
        ("409", "What is stored speaks against it"),
        ("412", "`If-Match` does not hold"),
        (
            "413",
            "The body is larger than 64 KiB, or than a record may be",
        ),
        ("414", "The path and the query are longer than 8 KiB"),
        ("415", "The body is not plain `application/json`"),
        ("422", "The body breaks rules"),
        ("429", "Too many requests"),
        ("500", "A fault of the service"),
        (
            "503",
            "The store cannot answer, no connection is free, or it is not known whether a change was stored",
        ),
    ]);
    words
        .get(status)
        .copied()
        .unwrap_or_default()
        .clone_into(&mut response.description);
}
