-- Ids are UUIDs as 16 bytes, instants microseconds since 1970 in UTC, lists JSON arrays of texts, hashes and digests
-- SHA-256 as 32 bytes. Every key begins with the tenant. The checks keep the shape of values; what a value may be is
-- decided by the rules of the domain and nowhere else.

CREATE TABLE tenants (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    system_user_id BLOB NOT NULL,
    -- A tenant and its user need each other, so the last of the two is checked at the end.
    FOREIGN KEY (id, system_user_id) REFERENCES users (tenant_id, id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

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

-- Keeps names apart, and serves the order of names.
CREATE UNIQUE INDEX api_tokens_live_name ON api_tokens (tenant_id, name_key) WHERE revoked_at IS NULL;
CREATE INDEX api_tokens_live ON api_tokens (tenant_id, id) WHERE revoked_at IS NULL;
CREATE INDEX api_tokens_live_expiry ON api_tokens (tenant_id, expiry, id) WHERE revoked_at IS NULL;
CREATE INDEX api_tokens_live_created ON api_tokens (tenant_id, created_at, id) WHERE revoked_at IS NULL;
CREATE INDEX api_tokens_live_modified ON api_tokens (tenant_id, modified_at, id) WHERE revoked_at IS NULL;

-- A token may have several secrets while one replaces another.
CREATE TABLE token_secrets (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    tenant_id BLOB NOT NULL,
    token_id BLOB NOT NULL,
    partial_token TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- NULL while the secret works. An end that is set has come: nothing sets one for later yet.
    retires_at INTEGER,
    FOREIGN KEY (tenant_id, token_id) REFERENCES api_tokens (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX token_secrets_token ON token_secrets (tenant_id, token_id);

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

CREATE TRIGGER audit_events_are_not_changed BEFORE UPDATE ON audit_events
BEGIN
    SELECT raise(ABORT, 'audit events are only ever added');
END;

CREATE TRIGGER audit_events_are_not_removed BEFORE DELETE ON audit_events
BEGIN
    SELECT raise(ABORT, 'audit events are only ever added');
END;

-- A key that is older than its window counts as absent. Its user's next creation under a key removes it.
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

CREATE INDEX idempotency_keys_age ON idempotency_keys (tenant_id, user_id, created_at);
