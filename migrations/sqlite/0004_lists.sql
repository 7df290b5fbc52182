-- Every live token has its row here from the beginning, so that the index alone gives the order of last uses; NULL = never.
CREATE TABLE uses (
    tenant_id BLOB NOT NULL,
    token_id BLOB NOT NULL,
    used_at INTEGER,
    address TEXT,
    PRIMARY KEY (tenant_id, token_id),
    FOREIGN KEY (tenant_id, token_id) REFERENCES api_tokens (tenant_id, id)
) STRICT, WITHOUT ROWID;

INSERT INTO uses
SELECT t.tenant_id, t.id, l.used_at, l.address
FROM api_tokens t LEFT JOIN token_uses l ON l.tenant_id = t.tenant_id AND l.token_id = t.id
WHERE t.revoked_at IS NULL;
DROP TABLE token_uses;
ALTER TABLE uses RENAME TO token_uses;
CREATE INDEX token_uses_order ON token_uses (tenant_id, used_at, token_id);

CREATE TRIGGER api_tokens_begin_lists AFTER INSERT ON api_tokens BEGIN
    INSERT INTO token_uses (tenant_id, token_id) VALUES (new.tenant_id, new.id);
END;

CREATE TRIGGER api_tokens_keep_lists AFTER UPDATE OF revoked_at ON api_tokens WHEN new.revoked_at IS NOT NULL BEGIN
    DELETE FROM token_uses WHERE tenant_id = new.tenant_id AND token_id = new.id;
END;
