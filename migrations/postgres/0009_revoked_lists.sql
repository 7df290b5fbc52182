-- Revoked tokens are listed in the order of their ids, names and revocations. The indexes hold them alone, so that
-- neither a change of a live token nor a check touches them.
LOCK TABLE api_tokens IN SHARE MODE;

CREATE INDEX api_tokens_revoked ON api_tokens (tenant_id, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_tokens_revoked_name ON api_tokens (tenant_id, name_key, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_tokens_revoked_order ON api_tokens (tenant_id, revoked_at NULLS FIRST, id)
    WHERE revoked_at IS NOT NULL;
