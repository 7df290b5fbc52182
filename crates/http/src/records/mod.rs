//! The answers' JSON: one typed struct for each shape, so that the OpenAPI document and the bytes cannot differ.

mod event;
mod revocation;
mod secret;
mod token;
mod user;

pub(crate) use self::{
    event::{EventList, EventRecord},
    revocation::RevocationRecord,
    secret::DetailedToken,
    token::{NewToken, TokenList, TokenPage, TokenRecord, UpdatedToken},
    user::{PermissionList, PermissionRecord, UserRecord},
};
