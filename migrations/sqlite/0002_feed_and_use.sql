-- The feed of changes reads audit_events in the order of its rowid: there is one writer, so that is the order of commits.
-- As no row is ever removed, the numbers run from 1 without a gap, and a compacted or copied file has the same ones.
-- token_secrets.retires_at may be yet to come from here on, for a secret that was replaced and still works.

-- Uses are kept apart from records, so that noting one never meets a change. A use is at most a few seconds late.
ALTER TABLE token_secrets ADD COLUMN last_used_at INTEGER;
ALTER TABLE token_secrets ADD COLUMN last_used_address TEXT;

CREATE TABLE token_uses (
    tenant_id BLOB NOT NULL,
    token_id BLOB NOT NULL,
    used_at INTEGER NOT NULL,
    address TEXT,
    PRIMARY KEY (tenant_id, token_id),
    FOREIGN KEY (tenant_id, token_id) REFERENCES api_tokens (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX token_uses_order ON token_uses (tenant_id, used_at, token_id);
