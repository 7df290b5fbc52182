BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO "_sqlx_migrations" VALUES(1,'tokens','2026-11-27 18:45:41',1,X'144F6C614572497F2353092A49DECDF962A4E1132EAE6EBE1422286013E84E11820BF329FF447399321EDD6E90301046',735774);
INSERT INTO "_sqlx_migrations" VALUES(2,'feed and use','2026-11-27 18:45:41',1,X'074289E77BE2C4EF14C248D0FB2B03F33F2CA12B64E185D1D12637630A13279CDE95383749D486F12D71F6D6450DC666',474111);
INSERT INTO "_sqlx_migrations" VALUES(3,'sessions','2026-11-27 18:45:41',1,X'4C6C7F26B8A0D094286747E8C9A0B0E2739191AFE3E95B93E87F16D02975C8E6675C0360149C7F5F9EF3924ABC878AC2',143836);
INSERT INTO "_sqlx_migrations" VALUES(4,'lists','2026-11-27 18:45:41',1,X'12C66E81A85EECB7BAE14832879CCB1A023B5F8141043E34BA2F7CA3F6AC79784173F228A4A3C0F2666EEB587B6C35CB',628243);
INSERT INTO "_sqlx_migrations" VALUES(5,'definer rights','2026-11-27 18:45:41',1,X'B9FEAD004E1C931D7F952022D2732238306C00FB2EB6F4A5C7A1C30681C31990694C77C3189AB7AFD11D8D0E69F995F2',38848);
CREATE TABLE api_tokens (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    version INTEGER NOT NULL CHECK (version >= 1),
    name TEXT NOT NULL,
    -- Names are the same where their keys are.
    name_key TEXT NOT NULL,
    user_id BLOB NOT NULL,
    partial_token TEXT NOT NULL,
    expiry INTEGER NOT NULL,
    allowed_addresses TEXT NOT NULL CHECK (json_valid(allowed_addresses)),
    permissions TEXT NOT NULL CHECK (json_valid(permissions)),
    created_at INTEGER NOT NULL,
    created_by BLOB NOT NULL,
    modified_at INTEGER NOT NULL,
    modified_by BLOB NOT NULL,
    -- The hash of the newest audit event.
    chain_head BLOB NOT NULL CHECK (length(chain_head) = 32),
    -- NULL while the token is live. Rows stay, so that a revoked token never comes back as another.
    revoked_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, created_by) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, modified_by) REFERENCES users (tenant_id, id)
) STRICT;
INSERT INTO "api_tokens" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D8BD7B1CB74985BDE59357C4',1,'Root 2026-11-27T18:45:41.181218Z','root 2026-11-27t18:45:41.181218z',X'01A21E53D8BD785183DB36A08DD8AF7F','csg_…79fP',1858963541181285,'[]','["api.account-groupings.delete","api.account-groupings.read","api.account-groupings.write","api.admin-reports.run","api.analyses.delete","api.analyses.read","api.analyses.run","api.analyses.write","api.analysis-source-types.read","api.analysis-sources.delete","api.analysis-sources.read","api.analysis-sources.write","api.analysis-type-configuration.delete","api.analysis-type-configuration.read","api.analysis-type-configuration.write","api.analysis-types.read","api.api-tokens.delete","api.api-tokens.read","api.api-tokens.write","api.connection-data-sources.delete","api.connection-data-sources.read","api.connection-data-sources.write","api.connections.delete","api.connections.read","api.connections.write","api.data-tables.read","api.engagement-account-groupings.delete","api.engagement-account-groupings.read","api.engagement-account-groupings.write","api.engagements.delete","api.engagements.read","api.engagements.write","api.file-infos.read","api.file-manager.delete","api.file-manager.read","api.file-manager.write","api.filters.delete","api.filters.read","api.filters.write","api.libraries.delete","api.libraries.read","api.libraries.write","api.organizations.delete","api.organizations.read","api.organizations.write","api.reporting-period-config.delete","api.reporting-period-config.read","api.reporting-period-config.write","api.risk-ranges.delete","api.risk-ranges.read","api.risk-ranges.write","api.tasks.delete","api.tasks.read","api.tasks.write","api.users.delete","api.users.read","api.users.write","api.webhooks.delete","api.webhooks.read","api.webhooks.write","scim.user.delete","scim.user.read","scim.user.schema","scim.user.write"]',1795805141181294,X'01A21E53D8A7714EBD9534F3B758AA53',1795805141181294,X'01A21E53D8A7714EBD9534F3B758AA53',X'C7693E54B241C04AC1EF8BDA7B97C1AE8DA0FC67A3C36D0DE66F5B235AB4380A',NULL);
INSERT INTO "api_tokens" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D93F7F52A32F25E4FE8B5E53',1,'plain','plain',X'01A21E53D93F7453B04A3BEAA7753C13','csg_…3b28',1821725141000000,'[]','["api.api-tokens.read","api.tasks.read"]',1795805141311807,X'01A21E53D8BD785183DB36A08DD8AF7F',1795805141311807,X'01A21E53D8BD785183DB36A08DD8AF7F',X'30EDD19ABECD0C9BBF44C711CD6812A935E278E4410405DF0D5691145BB23682',NULL);
INSERT INTO "api_tokens" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D94F7EE193D1EA5286048432',4,'rotated','rotated',X'01A21E53D94F74D1A31B8792A2C46138','csg_…w1TO',1821725141000000,'[]','["api.api-tokens.read","api.tasks.read"]',1795805141327385,X'01A21E53D8BD785183DB36A08DD8AF7F',1795805141400044,X'01A21E53D8BD785183DB36A08DD8AF7F',X'5C3CCB62BA7F897B15F27D66B396022203407D81F20AA2539E643EEE4D20F6C7',NULL);
INSERT INTO "api_tokens" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D9527EDF870C95FA8E74D46B',3,'Changed Twice','changed twice',X'01A21E53D95272058C13C60AF388CEFC','csg_…tQJc',1821725141000000,'["127.0.0.1","192.0.2.0/24"]','["api.tasks.read"]',1795805141330378,X'01A21E53D8BD785183DB36A08DD8AF7F',1795805141361002,X'01A21E53D8BD785183DB36A08DD8AF7F',X'5428405705D51EDC1E453A1354F07BEDB9DA578D4AD7AE13D6A8D6754A9E942E',NULL);
INSERT INTO "api_tokens" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D96475408D7ABAA8A366D4B2',3,'revoked','revoked',X'01A21E53D9647C88899EFA31FC318773','csg_…JOLI',1821725141000000,'[]','["api.api-tokens.read","api.tasks.read"]',1795805141348193,X'01A21E53D8BD785183DB36A08DD8AF7F',1795805141420012,X'01A21E53D8BD785183DB36A08DD8AF7F',X'90FC1A3F764FBE25647E156811520ABC9AE672CBB471A46D1C6D4B396E7E9EE8',1795805141420012);
CREATE TABLE audit_events (
    tenant_id BLOB NOT NULL,
    token_id BLOB NOT NULL,
    version_after INTEGER NOT NULL CHECK (version_after >= 1),
    kind TEXT NOT NULL CHECK (kind IN ('created', 'updated', 'rotated', 'revoked')),
    at INTEGER NOT NULL,
    by_user BLOB NOT NULL,
    -- NULL where it is not known, or not over the network.
    address TEXT,
    request_id TEXT NOT NULL,
    -- NULL for the first event of a token.
    version_before INTEGER,
    changes TEXT NOT NULL CHECK (json_valid(changes)),
    -- Covers this row and the hash of the event before.
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (tenant_id, token_id, version_after),
    FOREIGN KEY (tenant_id, token_id) REFERENCES api_tokens (tenant_id, id),
    FOREIGN KEY (tenant_id, by_user) REFERENCES users (tenant_id, id)
) STRICT;
INSERT INTO "audit_events" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D8BD7B1CB74985BDE59357C4',1,'created',1795805141181294,X'01A21E53D8A7714EBD9534F3B758AA53',NULL,'root-token:1795805141181228',NULL,'{"name":{"before":null,"after":"Root 2026-11-27T18:45:41.181218Z"},"expiry":{"before":null,"after":"2028-11-27T18:45:41.181285Z"},"allowedAddresses":{"before":null,"after":[]},"permissions":{"before":null,"after":["api.account-groupings.delete","api.account-groupings.read","api.account-groupings.write","api.admin-reports.run","api.analyses.delete","api.analyses.read","api.analyses.run","api.analyses.write","api.analysis-source-types.read","api.analysis-sources.delete","api.analysis-sources.read","api.analysis-sources.write","api.analysis-type-configuration.delete","api.analysis-type-configuration.read","api.analysis-type-configuration.write","api.analysis-types.read","api.api-tokens.delete","api.api-tokens.read","api.api-tokens.write","api.connection-data-sources.delete","api.connection-data-sources.read","api.connection-data-sources.write","api.connections.delete","api.connections.read","api.connections.write","api.data-tables.read","api.engagement-account-groupings.delete","api.engagement-account-groupings.read","api.engagement-account-groupings.write","api.engagements.delete","api.engagements.read","api.engagements.write","api.file-infos.read","api.file-manager.delete","api.file-manager.read","api.file-manager.write","api.filters.delete","api.filters.read","api.filters.write","api.libraries.delete","api.libraries.read","api.libraries.write","api.organizations.delete","api.organizations.read","api.organizations.write","api.reporting-period-config.delete","api.reporting-period-config.read","api.reporting-period-config.write","api.risk-ranges.delete","api.risk-ranges.read","api.risk-ranges.write","api.tasks.delete","api.tasks.read","api.tasks.write","api.users.delete","api.users.read","api.users.write","api.webhooks.delete","api.webhooks.read","api.webhooks.write","scim.user.delete","scim.user.read","scim.user.schema","scim.user.write"]}}',X'C7693E54B241C04AC1EF8BDA7B97C1AE8DA0FC67A3C36D0DE66F5B235AB4380A');
INSERT INTO "audit_events" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D93F7F52A32F25E4FE8B5E53',1,'created',1795805141311807,X'01A21E53D8BD785183DB36A08DD8AF7F','127.0.0.1','01a21e53-d93f-7412-b2da-02765d41805e',NULL,'{"name":{"before":null,"after":"plain"},"expiry":{"before":null,"after":"2027-09-23T18:45:41Z"},"allowedAddresses":{"before":null,"after":[]},"permissions":{"before":null,"after":["api.api-tokens.read","api.tasks.read"]}}',X'30EDD19ABECD0C9BBF44C711CD6812A935E278E4410405DF0D5691145BB23682');
INSERT INTO "audit_events" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D94F7EE193D1EA5286048432',1,'created',1795805141327385,X'01A21E53D8BD785183DB36A08DD8AF7F','127.0.0.1','01a21e53-d94f-7412-b2da-02765d41805d',NULL,'{"name":{"before":null,"after":"rotated"},"expiry":{"before":null,"after":"2027-09-23T18:45:41Z"},"allowedAddresses":{"before":null,"after":[]},"permissions":{"before":null,"after":["api.api-tokens.read","api.tasks.read"]}}',X'9B8C176013D575F0D4BDC4A9306783EFA9B46484F7F1C2FC95E18F7283EEB5A5');
INSERT INTO "audit_events" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D9527EDF870C95FA8E74D46B',1,'created',1795805141330378,X'01A21E53D8BD785183DB36A08DD8AF7F','127.0.0.1','01a21e53-d952-7412-b2da-02765d41805c',NULL,'{"name":{"before":null,"after":"changed"},"expiry":{"before":null,"after":"2027-09-23T18:45:41Z"},"allowedAddresses":{"before":null,"after":[]},"permissions":{"before":null,"after":["api.api-tokens.read","api.tasks.read"]}}',X'A46C644436FFFF110A9446B7EA16C8FE3E3F359419FEA88539571FDB05E5D511');
INSERT INTO "audit_events" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D96475408D7ABAA8A366D4B2',1,'created',1795805141348193,X'01A21E53D8BD785183DB36A08DD8AF7F','127.0.0.1','01a21e53-d964-7412-b2da-02765d41805b',NULL,'{"name":{"before":null,"after":"revoked"},"expiry":{"before":null,"after":"2027-09-23T18:45:41Z"},"allowedAddresses":{"before":null,"after":[]},"permissions":{"before":null,"after":["api.api-tokens.read","api.tasks.read"]}}',X'A4032058A13FDA94BB7C087378E7EB37051FE1B4CA48FC6FD040E6E2530AC527');
INSERT INTO "audit_events" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D9527EDF870C95FA8E74D46B',2,'updated',1795805141353701,X'01A21E53D8BD785183DB36A08DD8AF7F','127.0.0.1','01a21e53-d969-7412-b2da-02765d41805a',1,'{"name":{"before":"changed","after":"changed twice"},"allowedAddresses":{"before":[],"after":["127.0.0.1","192.0.2.0/24"]}}',X'91B5F7243D79E2B9632B8B6F4F5C655CB58F59123AB016D9A920AA02B3429C32');
INSERT INTO "audit_events" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D9527EDF870C95FA8E74D46B',3,'updated',1795805141361002,X'01A21E53D8BD785183DB36A08DD8AF7F','127.0.0.1','01a21e53-d970-7412-b2da-02765d418059',2,'{"name":{"before":"changed twice","after":"Changed Twice"},"permissions":{"before":["api.api-tokens.read","api.tasks.read"],"after":["api.tasks.read"]}}',X'5428405705D51EDC1E453A1354F07BEDB9DA578D4AD7AE13D6A8D6754A9E942E');
INSERT INTO "audit_events" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D94F7EE193D1EA5286048432',2,'rotated',1795805141380382,X'01A21E53D8BD785183DB36A08DD8AF7F','127.0.0.1','01a21e53-d984-7412-b2da-02765d418058',1,'{"partialToken":{"before":"csg_…KsIf","after":"csg_…eLJW"},"replacedRetiresAt":{"before":null,"after":"2026-11-27T19:45:41.380382Z"}}',X'BE57A9D86F3513CBE16823F33492ADE7DDB0A78762E3D8D4F440180740C66105');
INSERT INTO "audit_events" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D94F7EE193D1EA5286048432',3,'rotated',1795805141387845,X'01A21E53D8BD785183DB36A08DD8AF7F','127.0.0.1','01a21e53-d98b-7412-b2da-02765d418057',2,'{"partialToken":{"before":"csg_…eLJW","after":"csg_…CDDR"},"replacedRetiresAt":{"before":null,"after":"2026-11-27T18:55:41.387845Z"}}',X'FF9D083364427006FA66449B457103007A8C5A97EEE779A4EEAE7AF1A7057FCE');
INSERT INTO "audit_events" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D94F7EE193D1EA5286048432',4,'rotated',1795805141400044,X'01A21E53D8BD785183DB36A08DD8AF7F','127.0.0.1','01a21e53-d997-7412-b2da-02765d418056',3,'{"partialToken":{"before":"csg_…CDDR","after":"csg_…w1TO"},"replacedRetiresAt":{"before":null,"after":"2026-11-27T18:45:41.400044Z"}}',X'5C3CCB62BA7F897B15F27D66B396022203407D81F20AA2539E643EEE4D20F6C7');
INSERT INTO "audit_events" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D96475408D7ABAA8A366D4B2',2,'rotated',1795805141407451,X'01A21E53D8BD785183DB36A08DD8AF7F','127.0.0.1','01a21e53-d99f-7412-b2da-02765d418055',1,'{"partialToken":{"before":"csg_…7oNr","after":"csg_…JOLI"},"replacedRetiresAt":{"before":null,"after":"2026-11-27T18:46:41.407451Z"}}',X'7738EA25D1D1F6F3ACEBDC35E6778D582EFF0645ED209557BFCA1BA3E1CC28C4');
INSERT INTO "audit_events" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D96475408D7ABAA8A366D4B2',3,'revoked',1795805141420012,X'01A21E53D8BD785183DB36A08DD8AF7F','127.0.0.1','01a21e53-d9ab-7412-b2da-02765d418054',2,'{}',X'90FC1A3F764FBE25647E156811520ABC9AE672CBB471A46D1C6D4B396E7E9EE8');
CREATE TABLE idempotency_keys (
    tenant_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    token_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id, key),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, token_id) REFERENCES api_tokens (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
    digest BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    token_id BLOB NOT NULL,
    secret_digest BLOB NOT NULL,
    began_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tenants (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    system_user_id BLOB NOT NULL,
    -- A tenant and its user need each other, so the last of the two is checked at the end.
    FOREIGN KEY (id, system_user_id) REFERENCES users (tenant_id, id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;
INSERT INTO "tenants" VALUES(X'01A21E53D8A770D4A7C3D717A197A884','default',1795805141159556,X'01A21E53D8A7714EBD9534F3B758AA53');
CREATE TABLE token_secrets (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    tenant_id BLOB NOT NULL,
    token_id BLOB NOT NULL,
    partial_token TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- NULL while the secret works. An end that is set has come: nothing sets one for later yet.
    retires_at INTEGER, last_used_at INTEGER, last_used_address TEXT,
    FOREIGN KEY (tenant_id, token_id) REFERENCES api_tokens (tenant_id, id)
) STRICT, WITHOUT ROWID;
INSERT INTO "token_secrets" VALUES(X'1ADF6882B4C6F6FBC99FABBC5BC46432124596EB75FB1407A97AAF4968569269',X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D96475408D7ABAA8A366D4B2','csg_…7oNr',1795805141348193,1795805201407451,NULL,NULL);
INSERT INTO "token_secrets" VALUES(X'3C162316836BF482FB68AF89F6D7862B2E61D1C0C8F41A0E625C9FAAE34607CB',X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D94F7EE193D1EA5286048432','csg_…w1TO',1795805141400044,NULL,1795805141431791,'127.0.0.1');
INSERT INTO "token_secrets" VALUES(X'3CC2011C0E3C13AE10751CAFA487ECBAA56879CAFDB02687A047AE504F053245',X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D94F7EE193D1EA5286048432','csg_…eLJW',1795805141380382,1795805141400044,NULL,NULL);
INSERT INTO "token_secrets" VALUES(X'5102D1DDCD441AF3EF6738E14AF1384CACF171BFF083FF5465DEF155F9B5D471',X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D94F7EE193D1EA5286048432','csg_…KsIf',1795805141327385,1795805141387845,NULL,NULL);
INSERT INTO "token_secrets" VALUES(X'59E0941C5256DCFBD26B9AE9093DA5EF48502AC0A03E699D9E8DF322988F2C8B',X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D94F7EE193D1EA5286048432','csg_…CDDR',1795805141387845,1795805141400044,NULL,NULL);
INSERT INTO "token_secrets" VALUES(X'6F1883F836D196AEC8C0B479530E267C8DA02D526DB519C6DDBE71744F5BAAEE',X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D9527EDF870C95FA8E74D46B','csg_…tQJc',1795805141330378,NULL,NULL,NULL);
INSERT INTO "token_secrets" VALUES(X'7D6A889C808C2A36C1BD21B95A51BF42D2BB12D6C5B7C0DAA3B646BD0995FA78',X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D8BD7B1CB74985BDE59357C4','csg_…79fP',1795805141181294,NULL,1795805141429022,'127.0.0.1');
INSERT INTO "token_secrets" VALUES(X'B086E9F0A1641BADE16F9A403522962874ACEE054B39FA0D775FE5C9DD823E90',X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D96475408D7ABAA8A366D4B2','csg_…JOLI',1795805141407451,NULL,NULL,NULL);
INSERT INTO "token_secrets" VALUES(X'BBB713488DD946A778EDB582C122EA8117B2469AEE922C38D433BF8A57C870A7',X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D93F7F52A32F25E4FE8B5E53','csg_…3b28',1795805141311807,NULL,1795805141431071,'127.0.0.1');
CREATE TABLE "token_uses" (
    tenant_id BLOB NOT NULL,
    token_id BLOB NOT NULL,
    used_at INTEGER,
    address TEXT,
    PRIMARY KEY (tenant_id, token_id),
    FOREIGN KEY (tenant_id, token_id) REFERENCES api_tokens (tenant_id, id)
) STRICT, WITHOUT ROWID;
INSERT INTO "token_uses" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D8BD7B1CB74985BDE59357C4',1795805141429022,'127.0.0.1');
INSERT INTO "token_uses" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D93F7F52A32F25E4FE8B5E53',1795805141431071,'127.0.0.1');
INSERT INTO "token_uses" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D94F7EE193D1EA5286048432',1795805141431791,'127.0.0.1');
INSERT INTO "token_uses" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D9527EDF870C95FA8E74D46B',NULL,NULL);
CREATE TABLE users (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL CHECK (length(id) = 16),
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('api_token', 'person', 'system')),
    created_at INTEGER NOT NULL,
    -- NULL while the user is enabled. Users are never removed: history keeps its names.
    closed_at INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
INSERT INTO "users" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D8A7714EBD9534F3B758AA53','Countersign','system',1795805141159556,NULL);
INSERT INTO "users" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D8BD785183DB36A08DD8AF7F','Root 2026-11-27T18:45:41.181218Z','api_token',1795805141181294,NULL);
INSERT INTO "users" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D93F7453B04A3BEAA7753C13','plain','api_token',1795805141311807,NULL);
INSERT INTO "users" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D94F74D1A31B8792A2C46138','rotated','api_token',1795805141327385,NULL);
INSERT INTO "users" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D95272058C13C60AF388CEFC','Changed Twice','api_token',1795805141330378,NULL);
INSERT INTO "users" VALUES(X'01A21E53D8A770D4A7C3D717A197A884',X'01A21E53D9647C88899EFA31FC318773','revoked','api_token',1795805141348193,1795805141420012);
CREATE UNIQUE INDEX api_tokens_live_name ON api_tokens (tenant_id, name_key) WHERE revoked_at IS NULL;
CREATE INDEX api_tokens_live ON api_tokens (tenant_id, id) WHERE revoked_at IS NULL;
CREATE INDEX api_tokens_live_expiry ON api_tokens (tenant_id, expiry, id) WHERE revoked_at IS NULL;
CREATE INDEX api_tokens_live_created ON api_tokens (tenant_id, created_at, id) WHERE revoked_at IS NULL;
CREATE INDEX api_tokens_live_modified ON api_tokens (tenant_id, modified_at, id) WHERE revoked_at IS NULL;
CREATE INDEX token_secrets_token ON token_secrets (tenant_id, token_id);
CREATE TRIGGER audit_events_are_not_changed BEFORE UPDATE ON audit_events
BEGIN
    SELECT raise(ABORT, 'audit events are only ever added');
END;
CREATE TRIGGER audit_events_are_not_removed BEFORE DELETE ON audit_events
BEGIN
    SELECT raise(ABORT, 'audit events are only ever added');
END;
CREATE INDEX idempotency_keys_age ON idempotency_keys (tenant_id, user_id, created_at);
CREATE INDEX sessions_began ON sessions (began_at);
CREATE INDEX sessions_seen ON sessions (seen_at);
CREATE INDEX token_uses_order ON token_uses (tenant_id, used_at, token_id);
CREATE TRIGGER api_tokens_begin_lists AFTER INSERT ON api_tokens BEGIN
    INSERT INTO token_uses (tenant_id, token_id) VALUES (new.tenant_id, new.id);
END;
CREATE TRIGGER api_tokens_keep_lists AFTER UPDATE OF revoked_at ON api_tokens WHEN new.revoked_at IS NOT NULL BEGIN
    DELETE FROM token_uses WHERE tenant_id = new.tenant_id AND token_id = new.id;
END;
COMMIT;
