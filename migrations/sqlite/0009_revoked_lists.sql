-- Revoked tokens are listed in the order of their ids, names and revocations. The indexes hold them alone, so that
-- neither a change of a live token nor a check touches them.
CREATE INDEX api_tokens_revoked ON api_tokens (tenant_id, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_tokens_revoked_name ON api_tokens (tenant_id, name_key, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_tokens_revoked_order ON api_tokens (tenant_id, revoked_at, id) WHERE revoked_at IS NOT NULL;

-- The history of a tenant in its order; PostgreSQL has this index since 0004.
CREATE INDEX audit_events_order ON audit_events (tenant_id, at, token_id, version_after);
