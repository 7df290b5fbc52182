//! Rows as records of the domain. Every value is checked when it is read: a value that this service
//! never wrote is an error that names its place, never a default.

use countersign_application::ports::{EventView, IdempotentResult, StoreError, Tenant, User};
use countersign_domain::{
    AuditEvent, ChainHash, Credential, Encoding, EventContent, Fingerprint, SecretCommitment,
    TenantId, Token, TokenId, TokenName, TokenView, UserId, Version,
};

pub(crate) use crate::column::{Column, Text};
use crate::usage::last_use;

pub(crate) const fn token(column: &'static str) -> Column {
    Column("api_tokens", column)
}

const fn event(column: &'static str) -> Column {
    Column("audit_events", column)
}

/// A token with the names of its users.
#[derive(sqlx::FromRow)]
pub(crate) struct TokenRow {
    pub(crate) tenant_id: Vec<u8>,
    pub(crate) id: Vec<u8>,
    pub(crate) version: i64,
    #[sqlx(rename = "name: Text")]
    pub(crate) name: Text,
    pub(crate) user_id: Vec<u8>,
    #[sqlx(rename = "partial_token: Text")]
    pub(crate) partial_token: Text,
    pub(crate) expiry: i64,
    #[sqlx(rename = "allowed_addresses: Text")]
    pub(crate) allowed_addresses: Text,
    #[sqlx(rename = "permissions: Text")]
    pub(crate) permissions: Text,
    #[sqlx(rename = "owner: Text")]
    pub(crate) owner: Option<Text>,
    #[sqlx(rename = "description: Text")]
    pub(crate) description: Option<Text>,
    #[sqlx(rename = "metadata: Text")]
    pub(crate) metadata: Option<Text>,
    pub(crate) created_at: i64,
    pub(crate) created_by: Vec<u8>,
    #[sqlx(rename = "created_by_name: Text")]
    pub(crate) created_by_name: Option<Text>,
    pub(crate) modified_at: i64,
    pub(crate) modified_by: Vec<u8>,
    #[sqlx(rename = "modified_by_name: Text")]
    pub(crate) modified_by_name: Option<Text>,
    pub(crate) chain_head: Vec<u8>,
    pub(crate) last_used_at: Option<i64>,
    #[sqlx(rename = "last_used_address: Text")]
    pub(crate) last_used_address: Option<Text>,
    pub(crate) revoked_at: Option<i64>,
}

impl TryFrom<TokenRow> for TokenView {
    type Error = StoreError;

    fn try_from(row: TokenRow) -> Result<Self, StoreError> {
        let created_by = token("created_by").user(&row.created_by, row.created_by_name.as_ref())?;
        let modified_by =
            token("modified_by").user(&row.modified_by, row.modified_by_name.as_ref())?;
        let head = token("chain_head").hash(&row.chain_head)?;
        let of_use = |column| Column("token_uses", column);
        let places = (of_use("used_at"), of_use("address"));
        let last_used = last_use(places, row.last_used_at, row.last_used_address.as_ref())?;
        let revoked = row.revoked_at.map(|at| token("revoked_at").time(at));
        let revoked = revoked.transpose()?;
        let token = Token {
            id: TokenId::from_uuid(token("id").id(&row.id)?),
            tenant: TenantId::from_uuid(token("tenant_id").id(&row.tenant_id)?),
            version: token("version").version(row.version)?,
            name: token("name").check(TokenName::stored(token("name").text(&row.name)?))?,
            user: UserId::from_uuid(token("user_id").id(&row.user_id)?),
            partial: token("partial_token").partial(&row.partial_token)?,
            expiry: token("expiry").time(row.expiry)?,
            addresses: token("allowed_addresses").addresses(&row.allowed_addresses)?,
            permissions: token("permissions").permissions(&row.permissions)?,
            owner: token("owner").owner(row.owner.as_ref())?,
            description: token("description").description(row.description.as_ref())?,
            metadata: token("metadata").metadata(row.metadata.as_ref())?,
            created: token("created_at").time(row.created_at)?,
            modified: token("modified_at").time(row.modified_at)?,
        };
        Ok(Self {
            token,
            created_by,
            modified_by,
            last_used,
            revoked,
            head: ChainHash::from_bytes(head),
        })
    }
}

/// Decodes each row by itself, with the id of its token. A row whose id is not valid belongs to no
/// token that anybody could name.
pub(crate) fn read_each(
    rows: impl IntoIterator<Item = TokenRow>,
) -> impl Iterator<Item = (TokenId, Result<TokenView, StoreError>)> {
    rows.into_iter().filter_map(|row| {
        let id = TokenId::from_uuid(token("id").id(&row.id).ok()?);
        Some((id, row.try_into()))
    })
}

/// Passes the one list of a token's columns to a macro that needs literals: the columns, the joins
/// of users, and the join of the last use.
macro_rules! tokens {
    ($to:ident $(, $rest:tt)*) => {
        $to!(
            "SELECT t.tenant_id, t.id, t.version, t.name AS \"name: Text\", t.user_id, \
             t.partial_token AS \"partial_token: Text\", t.expiry, \
             t.allowed_addresses AS \"allowed_addresses: Text\", \
             t.permissions AS \"permissions: Text\", t.owner AS \"owner: Text\", \
             t.description AS \"description: Text\", t.metadata AS \"metadata: Text\", \
             t.created_at, t.created_by, \
             c.name AS \"created_by_name: Text\", t.modified_at, t.modified_by, \
             m.name AS \"modified_by_name: Text\", t.chain_head, l.used_at AS last_used_at, \
             l.address AS \"last_used_address: Text\", t.revoked_at ",
            "FROM api_tokens t \
             LEFT JOIN users c ON c.tenant_id = t.tenant_id AND c.id = t.created_by \
             LEFT JOIN users m ON m.tenant_id = t.tenant_id AND m.id = t.modified_by ",
            "LEFT JOIN token_uses l ON l.tenant_id = t.tenant_id AND l.token_id = t.id " $(, $rest)*
        )
    };
}

/// The statement that begins with the first literal and ends with the second.
macro_rules! checked {
    ($columns:literal, $users:literal, $uses:literal, $tail:literal, ($($bound:expr),*)) => {
        sqlx::query_as!($crate::rows::TokenRow, $columns + $users + $uses + "WHERE " + $tail, $($bound),*)
    };
}
pub(crate) use {checked, tokens};

/// The facts of a secret.
pub(crate) struct CredentialRow {
    pub(crate) tenant_id: Vec<u8>,
    pub(crate) id: Vec<u8>,
    pub(crate) version: i64,
    pub(crate) user_id: Vec<u8>,
    pub(crate) user_name: Text,
    pub(crate) permissions: Text,
    pub(crate) allowed_addresses: Text,
    pub(crate) owner: Option<Text>,
    pub(crate) metadata: Option<Text>,
    pub(crate) expiry: i64,
    pub(crate) retires_at: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) modified_at: i64,
}

impl TryFrom<CredentialRow> for Credential {
    type Error = StoreError;

    fn try_from(row: CredentialRow) -> Result<Self, StoreError> {
        let valid_until = Column("token_secrets", "retires_at");
        Ok(Self {
            tenant: TenantId::from_uuid(token("tenant_id").id(&row.tenant_id)?),
            token: TokenId::from_uuid(token("id").id(&row.id)?),
            version: token("version").version(row.version)?,
            user: UserId::from_uuid(token("user_id").id(&row.user_id)?),
            user_name: row.user_name.shown().into(),
            permissions: token("permissions").permissions(&row.permissions)?,
            addresses: token("allowed_addresses").addresses(&row.allowed_addresses)?,
            owner: token("owner").owner(row.owner.as_ref())?,
            metadata: token("metadata").metadata(row.metadata.as_ref())?,
            expiry: token("expiry").time(row.expiry)?,
            valid_until: row.retires_at.map(|at| valid_until.time(at)).transpose()?,
            created: token("created_at").time(row.created_at)?,
            modified: token("modified_at").time(row.modified_at)?,
        })
    }
}

/// An event, with its user's name if the query selects it.
pub(crate) struct EventRow {
    pub(crate) tenant_id: Vec<u8>,
    pub(crate) token_id: Vec<u8>,
    pub(crate) version_after: i64,
    pub(crate) kind: Text,
    pub(crate) at: i64,
    pub(crate) by_user: Vec<u8>,
    pub(crate) by_name: Option<Text>,
    pub(crate) address: Option<Text>,
    pub(crate) request_id: Text,
    pub(crate) version_before: Option<i64>,
    pub(crate) changes: Text,
    pub(crate) hash: Vec<u8>,
    pub(crate) encoding: i64,
    pub(crate) secret_commitment: Option<Vec<u8>>,
}

impl TryFrom<&EventRow> for AuditEvent {
    type Error = StoreError;

    fn try_from(row: &EventRow) -> Result<Self, StoreError> {
        let address = row
            .address
            .as_ref()
            .map(|text| event("address").parse(text));
        let before = row.version_before.map(Version::try_from).transpose();
        let changes = event("changes").text(&row.changes)?;
        let commitment = row.secret_commitment.as_ref();
        let commitment = commitment.map(|bytes| event("secret_commitment").hash(bytes));
        let content = EventContent {
            encoding: event("encoding").check(row.encoding.try_into() as Result<Encoding, _>)?,
            tenant: TenantId::from_uuid(event("tenant_id").id(&row.tenant_id)?),
            token: TokenId::from_uuid(event("token_id").id(&row.token_id)?),
            kind: event("kind").parse(&row.kind)?,
            at: event("at").time(row.at)?,
            by: UserId::from_uuid(event("by_user").id(&row.by_user)?),
            address: address.transpose()?,
            request_id: event("request_id").parse(&row.request_id)?,
            version_before: event("version_before").check(before)?,
            version_after: event("version_after").version(row.version_after)?,
            changes: event("changes").check(serde_json::from_str(changes))?,
            secret_commitment: commitment.transpose()?.map(SecretCommitment::from_bytes),
        };
        let hash = ChainHash::from_bytes(event("hash").hash(&row.hash)?);
        Ok(Self { content, hash })
    }
}

impl TryFrom<EventRow> for EventView {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let read = AuditEvent::try_from(&row)?;
        let by = event("by_user").user(&row.by_user, row.by_name.as_ref())?;
        Ok(Self {
            event: read,
            by_name: by.name,
        })
    }
}

/// A user.
pub(crate) struct UserRow {
    pub(crate) tenant_id: Vec<u8>,
    pub(crate) id: Vec<u8>,
    pub(crate) name: Text,
    pub(crate) kind: Text,
    pub(crate) created_at: i64,
    pub(crate) closed_at: Option<i64>,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let user = |column| Column("users", column);
        Ok(Self {
            id: UserId::from_uuid(user("id").id(&row.id)?),
            tenant: TenantId::from_uuid(user("tenant_id").id(&row.tenant_id)?),
            name: row.name.shown().into(),
            kind: user("kind").parse(&row.kind)?,
            enabled: row.closed_at.is_none(),
            created: user("created_at").time(row.created_at)?,
        })
    }
}

/// A tenant with its system user.
pub(crate) struct TenantRow {
    pub(crate) id: Vec<u8>,
    pub(crate) name: Text,
    pub(crate) created_at: i64,
    pub(crate) system_user_id: Vec<u8>,
    pub(crate) system_name: Option<Text>,
}

impl TryFrom<TenantRow> for Tenant {
    type Error = StoreError;

    fn try_from(row: TenantRow) -> Result<Self, StoreError> {
        let tenant = |column| Column("tenants", column);
        Ok(Self {
            id: TenantId::from_uuid(tenant("id").id(&row.id)?),
            name: tenant("name").text(&row.name)?.into(),
            created: tenant("created_at").time(row.created_at)?,
            system: tenant("system_user_id").user(&row.system_user_id, row.system_name.as_ref())?,
        })
    }
}

/// What a row of `idempotency_keys` says.
pub(crate) fn made(token: &[u8], fingerprint: &[u8]) -> Result<IdempotentResult, StoreError> {
    let column = |column| Column("idempotency_keys", column);
    Ok(IdempotentResult {
        token: TokenId::from_uuid(column("token_id").id(token)?),
        fingerprint: Fingerprint::from_bytes(column("fingerprint").hash(fingerprint)?),
    })
}
