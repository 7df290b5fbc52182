//! Annotations of a token, which belong to the deployment and not to the service: its owner, its
//! description and its metadata. They are kept, shown and searched, and decide nothing.

mod description;
mod metadata;
mod owner;
mod text;

pub use description::Description;
pub use metadata::{InvalidMetadata, Metadata};
pub use owner::Owner;
pub use text::InvalidText;

#[cfg(test)]
mod tests;
