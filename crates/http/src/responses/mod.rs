//! The answers' JSON: one typed struct for each shape, so that the OpenAPI document and the bytes
//! cannot differ.

mod event;
mod metadata;
mod revocation;
mod secret;
mod token;
mod user;
mod written;

pub(crate) use self::{
    event::{EventList, EventRecord, TenantEventList, TenantEventRecord},
    metadata::{KEY as METADATA_KEY, MetadataBody},
    revocation::RevocationRecord,
    secret::DetailedToken,
    token::{TokenList, TokenPage, TokenRecord},
    user::{PermissionList, PermissionRecord, UserRecord},
    written::{IssuedTokenRecord, Sent, UpdatedToken},
};
