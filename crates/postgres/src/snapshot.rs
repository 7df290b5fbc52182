//! All rows of one token, read in one statement so that they are of one moment.

use countersign_application::ports::{StoreError, UserKind};
use countersign_domain::{
    ChainHash, RecordSnapshot, Search, SearchRow, SecretDigest, SecretSnapshot, TenantId, Token,
    TokenId, TokenName, UserId, UserSnapshot, UsesRow,
};
use uuid::Uuid;

use crate::{
    rows::{API_TOKENS, Micros, TOKEN_SECRETS, TOKEN_USES, Table, Texts},
    store::PostgresStore,
};

const USERS: Table = Table("users");
const TOKEN_SEARCH: Table = Table("token_search");

/// The record, and the rows of its user, its uses and its search, each `None` if it does not exist;
/// and its secrets, a list for each column.
struct Row {
    version: i64,
    name: String,
    name_key: String,
    user_id: Uuid,
    partial_token: String,
    expiry: Micros,
    allowed_addresses: Texts,
    permissions: Texts,
    owner: Option<String>,
    owner_key: Option<String>,
    description: Option<String>,
    metadata: Option<String>,
    created_at: Micros,
    created_by: Uuid,
    modified_at: Micros,
    modified_by: Uuid,
    chain_head: Vec<u8>,
    revoked_at: Option<Micros>,
    user_name: Option<String>,
    user_kind: Option<String>,
    user_created_at: Option<Micros>,
    user_closed_at: Option<Micros>,
    search_key: Option<String>,
    search_permissions: Option<Texts>,
    uses_token: Option<Uuid>,
    used_at: Option<Micros>,
    used_address: Option<String>,
    digests: Vec<Vec<u8>>,
    partials: Vec<String>,
    made: Vec<Micros>,
    ends: Vec<Option<Micros>>,
    uses: Vec<Option<Micros>>,
    places: Vec<Option<String>>,
}

impl PostgresStore {
    pub(crate) async fn all_of(
        &self,
        tenant: TenantId,
        token: TokenId,
    ) -> Result<Option<RecordSnapshot>, StoreError> {
        let rows = self.audit.query(|| {
            sqlx::query_as!(
                Row,
                r#"
                SELECT t.version, t.name, t.name_key, t.user_id, t.partial_token, t.expiry AS "expiry: Micros",
                       t.allowed_addresses AS "allowed_addresses: Texts", t.permissions AS "permissions: Texts",
                       t.owner, t.owner_key, t.description, t.metadata::text AS metadata,
                       t.created_at AS "created_at: Micros", t.created_by,
                       t.modified_at AS "modified_at: Micros", t.modified_by, t.chain_head,
                       t.revoked_at AS "revoked_at: Micros", u.name AS "user_name?", u.kind AS "user_kind?",
                       u.created_at AS "user_created_at?: Micros", u.closed_at AS "user_closed_at?: Micros",
                       f.name_key AS "search_key?", f.permissions AS "search_permissions?: Texts",
                       l.token_id AS "uses_token?", l.used_at AS "used_at?: Micros", l.address AS "used_address?",
                       s.digests AS "digests!", s.partials AS "partials!", s.made AS "made!: Vec<Micros>",
                       s.ends AS "ends!: Vec<Option<Micros>>", s.uses AS "uses!: Vec<Option<Micros>>",
                       s.places AS "places!: Vec<Option<String>>"
                FROM api_tokens t
                LEFT JOIN users u ON u.tenant_id = t.tenant_id AND u.id = t.user_id
                LEFT JOIN token_search f ON f.tenant_id = t.tenant_id AND f.token_id = t.id
                LEFT JOIN token_uses l ON l.tenant_id = t.tenant_id AND l.token_id = t.id
                CROSS JOIN LATERAL (
                    SELECT coalesce(array_agg(digest ORDER BY digest), '{}') AS digests,
                           coalesce(array_agg(partial_token ORDER BY digest), '{}') AS partials,
                           coalesce(array_agg(created_at ORDER BY digest), '{}') AS made,
                           coalesce(array_agg(retires_at ORDER BY digest), '{}') AS ends,
                           coalesce(array_agg(last_used_at ORDER BY digest), '{}') AS uses,
                           coalesce(array_agg(last_used_address ORDER BY digest), '{}') AS places
                    FROM token_secrets WHERE tenant_id = t.tenant_id AND token_id = t.id
                ) s
                WHERE t.tenant_id = $1 AND t.id = $2
                "#,
                tenant.as_uuid(),
                token.as_uuid(),
            )
        });
        let row = rows.await?.pop();
        row.map(|row| row.read(tenant, token)).transpose()
    }
}

impl Row {
    fn read(self, tenant: TenantId, id: TokenId) -> Result<RecordSnapshot, StoreError> {
        let table = API_TOKENS;
        let revoked = self.revoked_at.map(|at| table.time("revoked_at", at));
        let token = Token {
            id,
            tenant,
            version: table.version("version", self.version)?,
            name: table.column("name", TokenName::stored(&self.name).ok())?,
            user: UserId::from_uuid(self.user_id),
            partial: table.partial(&self.partial_token)?,
            expiry: table.time("expiry", self.expiry)?,
            addresses: table.addresses(&self.allowed_addresses)?,
            permissions: table.permissions(&self.permissions)?,
            owner: table.owner(self.owner.as_ref())?,
            description: table.description(self.description.as_ref())?,
            metadata: table.metadata(self.metadata.as_ref())?,
            created: table.time("created_at", self.created_at)?,
            modified: table.time("modified_at", self.modified_at)?,
        };
        let (user, search, last_use, secrets) = (
            self.user()?,
            self.search()?,
            self.last_use()?,
            self.secrets()?,
        );
        Ok(RecordSnapshot {
            token,
            name_key: self.name_key.into(),
            owner_key: self.owner_key.map(Into::into),
            created_by: UserId::from_uuid(self.created_by),
            modified_by: UserId::from_uuid(self.modified_by),
            head: ChainHash::from_bytes(table.digest("chain_head", &self.chain_head)?),
            revoked: revoked.transpose()?,
            user,
            secrets,
            search,
            uses: last_use,
        })
    }

    fn user(&self) -> Result<Option<UserSnapshot>, StoreError> {
        let row = (&self.user_name, &self.user_kind, self.user_created_at);
        let (Some(name), Some(kind), Some(created)) = row else {
            return Ok(None);
        };
        let kind: UserKind = USERS.column("kind", kind.parse().ok())?;
        let closed = self.user_closed_at.map(|at| USERS.time("closed_at", at));
        Ok(Some(UserSnapshot {
            name: name.as_str().into(),
            stands_for_a_token: kind == UserKind::ApiToken,
            created: USERS.time("created_at", created)?,
            closed: closed.transpose()?,
        }))
    }

    fn search(&self) -> Result<Search, StoreError> {
        let row = self
            .search_key
            .as_ref()
            .zip(self.search_permissions.as_ref());
        let row = row.map(|(key, permissions)| {
            Ok::<_, StoreError>(SearchRow {
                name_key: key.as_str().into(),
                permissions: TOKEN_SEARCH.permissions(permissions)?,
            })
        });
        Ok(Search::Row(row.transpose()?))
    }

    fn last_use(&self) -> Result<Option<UsesRow>, StoreError> {
        let row = self.uses_token.map(|_| {
            let last = TOKEN_USES.last_use(self.used_at, self.used_address.as_ref())?;
            Ok(UsesRow { last })
        });
        row.transpose()
    }

    fn secrets(&self) -> Result<Vec<SecretSnapshot>, StoreError> {
        let table = TOKEN_SECRETS;
        let made = self.digests.iter().zip(&self.partials).zip(&self.made);
        let since = self.ends.iter().zip(&self.uses).zip(&self.places);
        let secrets = made
            .zip(since)
            .map(|(((digest, partial), made), ((end, used), place))| {
                let valid_until = end.map(|at| table.time("retires_at", at));
                Ok(SecretSnapshot {
                    digest: SecretDigest::from_bytes(table.digest("digest", digest)?),
                    partial: table.partial(partial)?,
                    created: table.time("created_at", *made)?,
                    valid_until: valid_until.transpose()?,
                    last_used: table.last_use(*used, place.as_ref())?,
                })
            });
        secrets.collect()
    }
}
