//! The answer about a token: the verdict, and its record without what a check does not need.

use countersign_domain::{
    AllowedAddresses, Credential, Metadata, Owner, PartialToken, PermissionSet, Secret, TenantId,
    Timestamp, TokenId, UserId, Version, may_hold_secret,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{super::Verdict, QuestionBody};

/// The record of a token without what a check does not need.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CheckedToken)]
struct Facts<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: TokenId,
    #[schema(value_type = i64, minimum = 1)]
    version: Version,
    #[schema(value_type = String, format = DateTime)]
    creation_date: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_modified_date: Timestamp,
    #[schema(value_type = String, format = "uuid")]
    user_id: UserId,
    /// The name of the token and of its user.
    name: &'a str,
    /// The part of the presented secret that may be shown.
    #[schema(value_type = String)]
    partial_token: PartialToken,
    #[schema(value_type = String, format = DateTime)]
    expiry: Timestamp,
    #[schema(value_type = Vec<String>)]
    allowed_addresses: &'a AllowedAddresses,
    #[schema(value_type = Vec<String>)]
    permissions: &'a PermissionSet,
    /// The owner, in the deployment's own words; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    owner: Option<&'a Owner>,
    /// The deployment's own pairs of text; absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = BTreeMap<String, String>, required = false)]
    metadata: Option<&'a Metadata>,
}

/// The verdict about a token, as a code.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "describes what the codes of problems are")]
enum VerdictCode {
    Ok,
    InvalidToken,
    TokenExpired,
    AddressNotAllowed,
    InsufficientScope,
    TokenUnreadable,
}

/// The verdict about a token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TokenVerdict)]
pub(crate) struct VerdictRecord<'a> {
    /// Whether a request with the token would be admitted.
    active: bool,
    /// `ok`, or the code of the problem that such a request would get.
    #[schema(value_type = VerdictCode)]
    code: &'static str,
    /// The token's tenant, which is the caller's; absent with `invalid-token` and
    /// `token-unreadable`, as are all members below.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "uuid")]
    tenant_id: Option<TenantId>,
    /// The instant at which the presented secret stops working, if another one has replaced it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = DateTime)]
    retirement_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Facts, required = false)]
    token: Option<Facts<'a>>,
    /// The wanted permissions that the token lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    missing: Vec<&'a str>,
}

/// One answer, or as many as there were questions.
#[derive(ToSchema)]
#[schema(as = TokenVerdicts)]
#[expect(dead_code, reason = "describes an answer that is written otherwise")]
#[serde(untagged)]
pub(crate) enum VerdictsBody<'a> {
    One(VerdictRecord<'a>),
    Many(Vec<VerdictRecord<'a>>),
}

pub(super) fn record<'a>(
    (verdict, question): (&'a Verdict<'a>, &'a QuestionBody<'_>),
) -> VerdictRecord<'a> {
    let credential = verdict.known.as_ref().map(|known| &*known.credential);
    // Facts are known only for a well-formed secret.
    let partial = Secret::parse(&question.token)
        .ok()
        .map(|secret| secret.masked());
    VerdictRecord {
        active: verdict.code == "ok",
        code: verdict.code,
        tenant_id: credential.map(|credential| credential.tenant),
        retirement_date: credential.and_then(|credential| credential.valid_until),
        token: credential.zip(partial).map(facts),
        missing: verdict.missing.iter().map(|name| shown(name)).collect(),
    }
}

/// A wanted permission for the answer; a text that may be a secret, sent by mistake, is not
/// repeated.
fn shown(name: &str) -> &str {
    if may_hold_secret(name) {
        "csg_…"
    } else {
        name
    }
}

fn facts((credential, partial_token): (&Credential, PartialToken)) -> Facts<'_> {
    Facts {
        id: credential.token,
        version: credential.version,
        creation_date: credential.created,
        last_modified_date: credential.modified,
        user_id: credential.user,
        name: &credential.user_name,
        partial_token,
        expiry: credential.expiry,
        allowed_addresses: &credential.addresses,
        permissions: &credential.permissions,
        owner: credential.owner.as_ref(),
        metadata: credential.metadata.filled(),
    }
}
