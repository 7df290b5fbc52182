#![doc = include_str!("../README.md")]

mod actor;
mod addresses;
mod annotations;
mod authorization;
mod catalog;
mod chain;
mod change;
mod commitment;
mod credential;
mod event;
mod hex;
mod id;
mod idempotency;
mod name;
mod permission;
mod permission_set;
mod rules;
mod secret;
pub mod standard;
mod timestamp;
mod token;
mod version;
mod violation;

#[cfg(test)]
mod samples;

// Types of these crates stand in this one's interface.
pub use {chrono, ipnet, uuid};

pub use actor::{Actor, Request};
pub use addresses::{AllowedAddresses, InvalidAddress, InvalidAddresses};
pub use annotations::{Description, InvalidMetadata, InvalidText, Metadata, Owner};
pub use authorization::{
    Authorized, DeleteTokens, EndTokens, InsufficientScope, OnItself, Operation, ReadMetrics,
    ReadTokens, ReadUsers, RetireSecrets, RotateTokens, UseOwnToken, WriteTokens,
};
pub use catalog::{InvalidCatalog, PermissionCatalog, Suggestions};
pub use chain::{
    BrokenChain, ChainVerifier, RecordSnapshot, Search, SearchRow, SecretSnapshot, UserSnapshot,
    UsesRow,
};
pub use change::{Authority, Change, Write};
pub use commitment::SecretCommitment;
pub use credential::{Attempt, Credential, Denied, Grant};
pub use event::{
    AuditEvent, ChainHash, Changes, Encoding, EventContent, EventKind, FieldChange, MalformedText,
    RequestId,
};
pub use id::{InvalidId, TenantId, TokenId, UserId};
pub use idempotency::{Fingerprint, IdempotencyKey, IdempotentRequest};
pub use name::{InvalidName, TokenName, caseless_key};
pub use permission::{InvalidPermission, Permission};
pub use permission_set::PermissionSet;
pub use rules::{
    Descent, ForcedRevocation, InvalidOverlap, NewToken, NewTokenMaterial, Overlap, Policy,
    RevocableToken, SecretChoice, TokenUpdate, UpdateOutcome, WrittenAnnotations,
};
pub use secret::{
    InvalidPrefix, MalformedDigest, MalformedSecret, PartialToken, Secret, SecretDigest,
    StoredSecret, TokenFormat, TokenPrefix, may_hold_secret,
};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use token::{LastUse, SecretView, Token, TokenView, UserInfo};
pub use version::{InvalidVersion, Version};
pub use violation::{Field, RefusalKind, RuleViolations, Violation};
