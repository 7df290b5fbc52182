-- Events commit to the secrets that they made. An event that is there keeps its bytes and its hash, which are of encoding 1;
-- so do those that nodes of the release before write meanwhile.
ALTER TABLE audit_events
    ADD COLUMN encoding smallint NOT NULL DEFAULT 1,
    ADD COLUMN secret_commitment bytea;
