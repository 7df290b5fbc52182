-- What a deployment says of its tokens in its own terms. Every column is NULL for a token without it, as for all that there
-- are so far: adding them rewrites no row.
ALTER TABLE api_tokens
    ADD COLUMN owner       text COLLATE "C",
    -- Searches without regard to case compare this key.
    ADD COLUMN owner_key   text COLLATE "C",
    ADD COLUMN description text,
    -- A JSON object of texts.
    ADD COLUMN metadata    jsonb;

-- Only tokens with an owner or with metadata are in these indexes, so that no other pays for them; an update that leaves the
-- column alone writes into neither (docs/adr/0044).
CREATE INDEX api_tokens_live_owner ON api_tokens (tenant_id, owner_key, owner, id)
    WHERE revoked_at IS NULL AND owner_key IS NOT NULL;
CREATE INDEX api_tokens_live_metadata ON api_tokens USING gin (metadata jsonb_path_ops)
    WITH (fastupdate = off) WHERE revoked_at IS NULL AND metadata IS NOT NULL;
