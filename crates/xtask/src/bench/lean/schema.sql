-- The least that an update of tokens has to touch: the token, its user, and a row of history.
-- psql -v n=100000 -f schema.sql
CREATE TABLE api_token_users (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_tokens (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id      bigint      NOT NULL REFERENCES api_token_users (id),
    name         text        NOT NULL,
    token_hash   bytea       NOT NULL UNIQUE,
    permissions  text[]      NOT NULL,
    allowed_cidr cidr,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    version      int         NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON api_tokens (user_id);

CREATE TABLE audit_log (
    id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT now(),
    token_id bigint      NOT NULL,
    actor_id bigint      NOT NULL,
    action   text        NOT NULL,
    detail   jsonb       NOT NULL
);
CREATE INDEX ON audit_log (token_id, id);

INSERT INTO api_token_users (name) SELECT 'token user ' || i FROM generate_series(1, :n) i;
INSERT INTO api_tokens (user_id, name, token_hash, permissions, allowed_cidr, expires_at)
SELECT i, 'token user ' || i, sha256(i::text::bytea), ARRAY['tokens:read', 'tokens:write', 'audit:read'],
       '127.0.0.0/8', now() + interval '1 year'
FROM generate_series(1, :n) i;
