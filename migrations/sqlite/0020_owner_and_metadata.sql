-- What a deployment says of its tokens in its own terms. Every column is NULL for a token without it, as for all that there
-- are so far. Metadata is a JSON object of texts.
ALTER TABLE api_tokens ADD COLUMN owner TEXT;
-- Searches without regard to case compare this key.
ALTER TABLE api_tokens ADD COLUMN owner_key TEXT;
ALTER TABLE api_tokens ADD COLUMN description TEXT;
ALTER TABLE api_tokens ADD COLUMN metadata TEXT CHECK (metadata IS NULL OR json_valid(metadata));

-- Only tokens with an owner are in the index, so that no other pays for it.
CREATE INDEX api_tokens_live_owner ON api_tokens (tenant_id, owner_key, owner, id)
WHERE revoked_at IS NULL AND owner_key IS NOT NULL;
