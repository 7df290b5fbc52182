-- A table that is read while it is locked like this, and not written.
LOCK TABLE api_tokens IN SHARE ROW EXCLUSIVE MODE;

-- Names that differ in runs of blanks alone are one name from here on, and keys have one blank for each run. If two live
-- tokens of a tenant have such names, the later one keeps its key as it was, and its name.
WITH spaced AS MATERIALIZED (
    SELECT tenant_id, id, revoked_at, regexp_replace(name_key, ' +', ' ', 'g') AS folded
    FROM api_tokens WHERE name_key LIKE '%  %'
), ranked AS (
    SELECT s.*, row_number() OVER (PARTITION BY tenant_id, folded, revoked_at IS NULL ORDER BY id) AS place FROM spaced s
)
UPDATE api_tokens t SET name_key = r.folded
FROM ranked r
WHERE t.tenant_id = r.tenant_id AND t.id = r.id
  AND (r.revoked_at IS NOT NULL OR r.place = 1 AND NOT EXISTS (
      SELECT FROM api_tokens o
      WHERE o.tenant_id = r.tenant_id AND o.name_key = r.folded AND o.revoked_at IS NULL));

-- Revoked tokens are listed in the order of their ids, names and revocations. The indexes hold them alone, so that
-- neither a change of a live token nor a check touches them.
CREATE INDEX api_tokens_revoked ON api_tokens (tenant_id, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_tokens_revoked_name ON api_tokens (tenant_id, name_key, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_tokens_revoked_order ON api_tokens (tenant_id, revoked_at NULLS FIRST, id)
    WHERE revoked_at IS NOT NULL;
