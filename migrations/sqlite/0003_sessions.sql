-- Sessions of people in browsers, known by the digest of an id that only the browser has. They hold no rights: what a
-- session may do is looked up through the secret that it stands for, each time, so nothing here refers to a token.
CREATE TABLE sessions (
    digest BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    token_id BLOB NOT NULL,
    secret_digest BLOB NOT NULL,
    began_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_began ON sessions (began_at);
CREATE INDEX sessions_seen ON sessions (seen_at);
