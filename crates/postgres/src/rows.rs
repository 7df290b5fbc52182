//! Rows as records of the domain. Each column is checked: a value that this service never wrote is
//! an error that names its place, never a panic and never a guess.

use std::net::IpAddr;

use countersign_application::ports::StoreError;
use countersign_domain::{
    AllowedAddresses, ChainHash, Description, LastUse, Metadata, Owner, PartialToken, Permission,
    PermissionSet, TenantId, Timestamp, Token, TokenId, TokenName, TokenView, UserId, UserInfo,
    Version,
};
use sqlx::{
    Decode, FromRow, Postgres, Type,
    error::BoxDynError,
    postgres::{PgHasArrayType, PgTypeInfo, PgValueRef},
    types::chrono::{DateTime, Utc},
};
use uuid::Uuid;

/// An instant in the server's form, in microseconds since 1970. The library's own type panics at
/// `infinity`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Micros(i64);

impl Type<Postgres> for Micros {
    fn type_info() -> PgTypeInfo {
        <DateTime<Utc> as Type<Postgres>>::type_info()
    }
}

impl PgHasArrayType for Micros {
    fn array_type_info() -> PgTypeInfo {
        <DateTime<Utc> as PgHasArrayType>::array_type_info()
    }
}

impl<'r> Decode<'r, Postgres> for Micros {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        // The server counts from 2000-01-01 (PostgreSQL, "Date/Time Types").
        let since_2000: i64 = Decode::<Postgres>::decode(value)?;
        Ok(Self(since_2000.saturating_add(946_684_800_000_000)))
    }
}

/// A list of texts; `None` if it is nested or has a null, which is an error only of its own row.
#[derive(Debug, Clone)]
pub(crate) struct Texts(Option<Vec<String>>);

impl Type<Postgres> for Texts {
    fn type_info() -> PgTypeInfo {
        <Vec<String> as Type<Postgres>>::type_info()
    }
}

impl<'r> Decode<'r, Postgres> for Texts {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(Decode::<Postgres>::decode(value).ok()))
    }
}

impl Micros {
    /// The instant, if the rules accept it.
    pub(crate) fn read(self) -> Option<Timestamp> {
        Timestamp::from_micros(self.0)
    }
}

/// The table of a value that cannot be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table(pub(crate) &'static str);

impl Table {
    pub(crate) fn column<T>(self, column: &'static str, value: Option<T>) -> Result<T, StoreError> {
        value.ok_or(self.corrupt(column))
    }

    pub(crate) const fn corrupt(self, column: &'static str) -> StoreError {
        let table = self.0;
        StoreError::Corrupt { table, column }
    }

    pub(crate) fn time(self, column: &'static str, at: Micros) -> Result<Timestamp, StoreError> {
        self.column(column, Timestamp::from_micros(at.0))
    }

    pub(crate) fn version(self, column: &'static str, number: i64) -> Result<Version, StoreError> {
        self.column(column, Version::try_from(number).ok())
    }

    pub(crate) fn digest(self, column: &'static str, bytes: &[u8]) -> Result<[u8; 32], StoreError> {
        self.column(column, bytes.try_into().ok())
    }

    pub(crate) fn partial(self, text: &str) -> Result<PartialToken, StoreError> {
        self.column("partial_token", PartialToken::parse(text).ok())
    }

    pub(crate) fn address(self, text: Option<&String>) -> Result<Option<IpAddr>, StoreError> {
        text.map(|text| self.column("address", text.parse().ok()))
            .transpose()
    }

    /// The last use; never, if it has no instant.
    pub(crate) fn last_use(
        self,
        at: Option<Micros>,
        address: Option<&String>,
    ) -> Result<Option<LastUse>, StoreError> {
        let used = at.map(|at| {
            Ok(LastUse {
                at: self.time("used_at", at)?,
                address: self.address(address)?,
            })
        });
        used.transpose()
    }

    /// A user's name comes from another table; if that has no row, this reference is wrong. A name
    /// that the rules refuse is left out, because it is for display only.
    pub(crate) fn user(
        self,
        column: &'static str,
        id: Uuid,
        name: Option<String>,
    ) -> Result<UserInfo, StoreError> {
        Ok(UserInfo {
            id: UserId::from_uuid(id),
            name: shown(&self.column(column, name)?).into(),
        })
    }

    pub(crate) fn permissions(self, Texts(names): &Texts) -> Result<PermissionSet, StoreError> {
        let names = self.column("permissions", names.as_ref())?;
        let read = names.iter().map(|name| Permission::parse(name).ok());
        self.column("permissions", read.collect())
    }

    pub(crate) fn owner(self, text: Option<&String>) -> Result<Option<Owner>, StoreError> {
        text.map(|text| self.column("owner", Owner::parse(text).ok()))
            .transpose()
    }

    pub(crate) fn description(
        self,
        text: Option<&String>,
    ) -> Result<Option<Description>, StoreError> {
        text.map(|text| self.column("description", Description::parse(text).ok()))
            .transpose()
    }

    pub(crate) fn metadata(self, json: Option<&String>) -> Result<Metadata, StoreError> {
        let read = json.map(|json| self.column("metadata", serde_json::from_str(json).ok()));
        Ok(read.transpose()?.unwrap_or_default())
    }

    pub(crate) fn addresses(self, Texts(entries): &Texts) -> Result<AllowedAddresses, StoreError> {
        let read = entries
            .as_ref()
            .and_then(|entries| AllowedAddresses::parse(entries).ok());
        self.column("allowed_addresses", read)
    }
}

/// A user's name for display; the empty text, which is not a valid name, if the rules refuse it.
pub(crate) fn shown(name: &str) -> &str {
    TokenName::stored(name).map_or("", |_| name)
}

pub(crate) const API_TOKENS: Table = Table("api_tokens");
pub(crate) const AUDIT_EVENTS: Table = Table("audit_events");
pub(crate) const TOKEN_SECRETS: Table = Table("token_secrets");
pub(crate) const TOKEN_USES: Table = Table("token_uses");

/// A token with the names of its users and its last use.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct TokenRow {
    pub(crate) tenant_id: Uuid,
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) user_id: Uuid,
    pub(crate) partial_token: String,
    pub(crate) expiry: Micros,
    pub(crate) allowed_addresses: Texts,
    pub(crate) permissions: Texts,
    pub(crate) owner: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) created_at: Micros,
    pub(crate) created_by: Uuid,
    pub(crate) created_by_name: Option<String>,
    pub(crate) modified_at: Micros,
    pub(crate) modified_by: Uuid,
    pub(crate) modified_by_name: Option<String>,
    pub(crate) chain_head: Vec<u8>,
    pub(crate) used_at: Option<Micros>,
    pub(crate) used_address: Option<String>,
    pub(crate) revoked_at: Option<Micros>,
}

impl TryFrom<TokenRow> for TokenView {
    type Error = StoreError;

    fn try_from(row: TokenRow) -> Result<Self, StoreError> {
        let table = API_TOKENS;
        let token = Token {
            id: TokenId::from_uuid(row.id),
            tenant: TenantId::from_uuid(row.tenant_id),
            version: table.version("version", row.version)?,
            name: table.column("name", TokenName::stored(&row.name).ok())?,
            user: UserId::from_uuid(row.user_id),
            partial: table.partial(&row.partial_token)?,
            expiry: table.time("expiry", row.expiry)?,
            addresses: table.addresses(&row.allowed_addresses)?,
            permissions: table.permissions(&row.permissions)?,
            owner: table.owner(row.owner.as_ref())?,
            description: table.description(row.description.as_ref())?,
            metadata: table.metadata(row.metadata.as_ref())?,
            created: table.time("created_at", row.created_at)?,
            modified: table.time("modified_at", row.modified_at)?,
        };
        Ok(Self {
            token,
            created_by: table.user("created_by", row.created_by, row.created_by_name)?,
            modified_by: table.user("modified_by", row.modified_by, row.modified_by_name)?,
            revoked: row
                .revoked_at
                .map(|at| table.time("revoked_at", at))
                .transpose()?,
            last_used: TOKEN_USES.last_use(row.used_at, row.used_address.as_ref())?,
            head: ChainHash::from_bytes(table.digest("chain_head", &row.chain_head)?),
        })
    }
}

/// Selects tokens with the names of their users and their last uses, with this condition.
macro_rules! tokens {
    ($condition:literal, $($bound:expr),* $(,)?) => {
        sqlx::query_as!(
            $crate::rows::TokenRow,
            r#"
            SELECT t.tenant_id, t.id, t.version, t.name, t.user_id, t.partial_token, t.expiry AS "expiry: Micros",
                   t.allowed_addresses AS "allowed_addresses: Texts", t.permissions AS "permissions: Texts",
                   t.owner, t.description, t.metadata::text AS metadata,
                   t.created_at AS "created_at: Micros", t.created_by,
                   c.name AS "created_by_name?", t.modified_at AS "modified_at: Micros", t.modified_by,
                   m.name AS "modified_by_name?", t.chain_head, l.used_at AS "used_at?: Micros",
                   l.address AS used_address, t.revoked_at AS "revoked_at: Micros"
            FROM api_tokens t
            LEFT JOIN users c ON c.tenant_id = t.tenant_id AND c.id = t.created_by
            LEFT JOIN users m ON m.tenant_id = t.tenant_id AND m.id = t.modified_by
            LEFT JOIN token_uses l ON l.tenant_id = t.tenant_id AND l.token_id = t.id
            WHERE "# + $condition,
            $($bound),*
        )
    };
}
pub(crate) use tokens;

/// Decodes each row by itself, with the id of its token.
pub(crate) fn read_each(
    rows: impl IntoIterator<Item = TokenRow>,
) -> impl Iterator<Item = (TokenId, Result<TokenView, StoreError>)> {
    rows.into_iter()
        .map(|row| (TokenId::from_uuid(row.id), row.try_into()))
}
