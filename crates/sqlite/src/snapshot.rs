//! All rows of one token, read in one snapshot so that they are of one moment.

use countersign_application::ports::{StoreError, UserKind};
use countersign_domain::{
    ChainHash, RecordSnapshot, Search, SecretDigest, SecretSnapshot, TenantId, Token, TokenId,
    TokenName, UserId, UserSnapshot, UsesRow,
};

use crate::{
    SqliteStore,
    error::{store_error, within},
    rows::{Column, Text, token as of},
    usage,
};

/// The record, and the rows of its user and its uses, each `None` if it does not exist.
struct Row {
    version: i64,
    name: Text,
    name_key: Text,
    user_id: Vec<u8>,
    partial_token: Text,
    expiry: i64,
    allowed_addresses: Text,
    permissions: Text,
    owner: Option<Text>,
    owner_key: Option<Text>,
    description: Option<Text>,
    metadata: Option<Text>,
    created_at: i64,
    created_by: Vec<u8>,
    modified_at: i64,
    modified_by: Vec<u8>,
    chain_head: Vec<u8>,
    revoked_at: Option<i64>,
    user_name: Option<Text>,
    user_kind: Option<Text>,
    user_created_at: Option<i64>,
    user_closed_at: Option<i64>,
    uses_token: Option<Vec<u8>>,
    used_at: Option<i64>,
    used_address: Option<Text>,
}

struct Secret {
    digest: Vec<u8>,
    partial_token: Text,
    created_at: i64,
    retires_at: Option<i64>,
    last_used_at: Option<i64>,
    last_used_address: Option<Text>,
}

impl SqliteStore {
    pub(crate) async fn all_of(
        &self,
        tenant: TenantId,
        token: TokenId,
    ) -> Result<Option<RecordSnapshot>, StoreError> {
        let (tenant_id, id) = (tenant.as_uuid(), token.as_uuid());
        let record = sqlx::query_as!(
            Row,
            r#"SELECT t.version, t.name AS "name: Text", t.name_key AS "name_key: Text", t.user_id,
            t.partial_token AS "partial_token: Text", t.expiry,
            t.allowed_addresses AS "allowed_addresses: Text", t.permissions AS "permissions: Text",
            t.owner AS "owner: Text", t.owner_key AS "owner_key: Text",
            t.description AS "description: Text", t.metadata AS "metadata: Text",
            t.created_at, t.created_by, t.modified_at, t.modified_by, t.chain_head, t.revoked_at,
            u.name AS "user_name?: Text", u.kind AS "user_kind?: Text", u.created_at AS "user_created_at?: i64",
            u.closed_at AS "user_closed_at?: i64", l.token_id AS "uses_token?: Vec<u8>",
            l.used_at AS "used_at?: i64", l.address AS "used_address?: Text"
            FROM api_tokens t
            LEFT JOIN users u ON u.tenant_id = t.tenant_id AND u.id = t.user_id
            LEFT JOIN token_uses l ON l.tenant_id = t.tenant_id AND l.token_id = t.id
            WHERE t.tenant_id = ? AND t.id = ?"#,
            tenant_id,
            id
        );
        let secrets = sqlx::query_as!(
            Secret,
            "SELECT digest, partial_token AS \"partial_token: Text\", created_at, retires_at, \
             last_used_at, last_used_address AS \"last_used_address?: Text\" \
             FROM token_secrets WHERE tenant_id = ? AND token_id = ? ORDER BY digest",
            tenant_id,
            id
        );
        let (record, secrets) = within(async {
            let mut snapshot = self.audit.begin().await.map_err(store_error)?;
            let record = record
                .fetch_optional(&mut *snapshot)
                .await
                .map_err(store_error)?;
            let secrets = secrets
                .fetch_all(&mut *snapshot)
                .await
                .map_err(store_error)?;
            Ok::<_, StoreError>((record, secrets))
        })
        .await?;
        let read = record.map(|record| {
            let secrets = secrets.iter().map(Secret::read).collect::<Result<_, _>>()?;
            record.read((tenant, token), secrets)
        });
        read.transpose()
    }
}

impl Row {
    fn read(
        self,
        (tenant, id): (TenantId, TokenId),
        secrets: Vec<SecretSnapshot>,
    ) -> Result<RecordSnapshot, StoreError> {
        let user_of = |column, bytes: &[u8]| of(column).id(bytes).map(UserId::from_uuid);
        let revoked = self.revoked_at.map(|at| of("revoked_at").time(at));
        let token = Token {
            id,
            tenant,
            version: of("version").version(self.version)?,
            name: of("name").check(TokenName::stored(of("name").text(&self.name)?))?,
            user: user_of("user_id", &self.user_id)?,
            partial: of("partial_token").partial(&self.partial_token)?,
            expiry: of("expiry").time(self.expiry)?,
            addresses: of("allowed_addresses").addresses(&self.allowed_addresses)?,
            permissions: of("permissions").permissions(&self.permissions)?,
            owner: of("owner").owner(self.owner.as_ref())?,
            description: of("description").description(self.description.as_ref())?,
            metadata: of("metadata").metadata(self.metadata.as_ref())?,
            created: of("created_at").time(self.created_at)?,
            modified: of("modified_at").time(self.modified_at)?,
        };
        let (user, last_use) = (self.user()?, self.last_use()?);
        let owner_key = self.owner_key.as_ref();
        let owner_key = owner_key.map(|key| of("owner_key").text(key));
        Ok(RecordSnapshot {
            token,
            name_key: of("name_key").text(&self.name_key)?.into(),
            owner_key: owner_key.transpose()?.map(Into::into),
            created_by: user_of("created_by", &self.created_by)?,
            modified_by: user_of("modified_by", &self.modified_by)?,
            head: ChainHash::from_bytes(of("chain_head").hash(&self.chain_head)?),
            revoked: revoked.transpose()?,
            user,
            secrets,
            search: Search::Records,
            uses: last_use,
        })
    }

    fn user(&self) -> Result<Option<UserSnapshot>, StoreError> {
        let row = (&self.user_name, &self.user_kind, self.user_created_at);
        let (Some(name), Some(kind), Some(created)) = row else {
            return Ok(None);
        };
        let of = |column| Column("users", column);
        let kind: UserKind = of("kind").parse(kind)?;
        let closed = self.user_closed_at.map(|at| of("closed_at").time(at));
        Ok(Some(UserSnapshot {
            name: of("name").text(name)?.into(),
            stands_for_a_token: kind == UserKind::ApiToken,
            created: of("created_at").time(created)?,
            closed: closed.transpose()?,
        }))
    }

    fn last_use(&self) -> Result<Option<UsesRow>, StoreError> {
        let of = |column| Column("token_uses", column);
        let row = self.uses_token.as_ref().map(|_| {
            let places = (of("used_at"), of("address"));
            let last = usage::last_use(places, self.used_at, self.used_address.as_ref())?;
            Ok(UsesRow { last })
        });
        row.transpose()
    }
}

impl Secret {
    fn read(&self) -> Result<SecretSnapshot, StoreError> {
        let of = |column| Column("token_secrets", column);
        let valid_until = self.retires_at.map(|at| of("retires_at").time(at));
        let places = (of("last_used_at"), of("last_used_address"));
        let address = self.last_used_address.as_ref();
        Ok(SecretSnapshot {
            digest: SecretDigest::from_bytes(of("digest").hash(&self.digest)?),
            partial: of("partial_token").partial(&self.partial_token)?,
            created: of("created_at").time(self.created_at)?,
            valid_until: valid_until.transpose()?,
            last_used: usage::last_use(places, self.last_used_at, address)?,
        })
    }
}
