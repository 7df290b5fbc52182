-- A use that was noted while its token was being revoked could leave its row behind: verifying would name it for ever.
DELETE FROM token_uses u USING api_tokens t
WHERE t.tenant_id = u.tenant_id AND t.id = u.token_id AND t.revoked_at IS NOT NULL;

-- Events commit to the secrets that they made. An event that is there keeps its bytes and its hash, which are of encoding 1;
-- so do those that nodes of the release before write meanwhile.
ALTER TABLE audit_events
    ADD COLUMN encoding smallint NOT NULL DEFAULT 1,
    ADD COLUMN secret_commitment bytea;
