-- Names that differ in runs of blanks alone are one name from here on, and keys have one blank for each run. If two live
-- tokens of a tenant have such names, the later one keeps its key as it was, and its name.
-- A run has at most 128 blanks, and each replacement leaves half of them.
WITH spaced AS MATERIALIZED (
    SELECT tenant_id, id, revoked_at,
           replace(replace(replace(replace(replace(replace(replace(name_key, '  ', ' '), '  ', ' '), '  ', ' '), '  ', ' '), '  ', ' '), '  ', ' '), '  ', ' ') AS folded
    FROM api_tokens WHERE name_key LIKE '%  %'
), ranked AS (
    SELECT s.*, row_number() OVER (PARTITION BY tenant_id, folded, revoked_at IS NULL ORDER BY id) AS place FROM spaced s
)
UPDATE api_tokens SET name_key = r.folded
FROM ranked r
WHERE api_tokens.tenant_id = r.tenant_id AND api_tokens.id = r.id
  AND (r.revoked_at IS NOT NULL OR r.place = 1 AND NOT EXISTS (
      SELECT 1 FROM api_tokens o
      WHERE o.tenant_id = r.tenant_id AND o.name_key = r.folded AND o.revoked_at IS NULL));

-- Revoked tokens are listed in the order of their ids, names and revocations. The indexes hold them alone, so that
-- neither a change of a live token nor a check touches them.
CREATE INDEX api_tokens_revoked ON api_tokens (tenant_id, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_tokens_revoked_name ON api_tokens (tenant_id, name_key, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_tokens_revoked_order ON api_tokens (tenant_id, revoked_at, id) WHERE revoked_at IS NOT NULL;

-- The history of a tenant in its order; PostgreSQL has this index since 0004.
CREATE INDEX audit_events_order ON audit_events (tenant_id, at, token_id, version_after);
