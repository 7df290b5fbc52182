-- Events commit to the secrets that they made. An event that is there keeps its bytes and its hash, which are of encoding 1.
ALTER TABLE audit_events ADD COLUMN encoding INTEGER NOT NULL DEFAULT 1;
ALTER TABLE audit_events ADD COLUMN secret_commitment BLOB
    CHECK (secret_commitment IS NULL OR length(secret_commitment) = 32);
