-- Text that is compared or sorted is COLLATE "C": by its bytes, on every server alike.
-- What a value may be is decided by the rules, not here; readers check every column.

CREATE TABLE tenants (
    id             uuid        NOT NULL PRIMARY KEY,
    name           text        COLLATE "C" NOT NULL CONSTRAINT tenants_name UNIQUE,
    created_at     timestamptz NOT NULL,
    system_user_id uuid        NOT NULL
);

-- A closed user is kept, so that history keeps its names.
CREATE TABLE users (
    tenant_id  uuid        NOT NULL REFERENCES tenants (id),
    id         uuid        NOT NULL,
    name       text        COLLATE "C" NOT NULL,
    kind       text        COLLATE "C" NOT NULL
               CONSTRAINT users_kind CHECK (kind IN ('api_token', 'person', 'system')),
    created_at timestamptz NOT NULL,
    closed_at  timestamptz,
    PRIMARY KEY (tenant_id, id)
);

-- Both rows of a new tenant come in one statement, at whose end this is looked at.
ALTER TABLE tenants ADD CONSTRAINT tenants_system_user
    FOREIGN KEY (id, system_user_id) REFERENCES users (tenant_id, id);

-- A revoked token's row stays; its name is free again.
CREATE TABLE api_tokens (
    tenant_id         uuid        NOT NULL,
    id                uuid        NOT NULL,
    version           bigint      NOT NULL,
    name              text        COLLATE "C" NOT NULL,
    name_key          text        COLLATE "C" NOT NULL,
    user_id           uuid        NOT NULL,
    partial_token     text        COLLATE "C" NOT NULL,
    expiry            timestamptz NOT NULL,
    allowed_addresses text[]      NOT NULL,
    permissions       text[]      NOT NULL,
    created_at        timestamptz NOT NULL,
    created_by        uuid        NOT NULL,
    modified_at       timestamptz NOT NULL,
    modified_by       uuid        NOT NULL,
    chain_head        bytea       NOT NULL,
    revoked_at        timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id)     REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, created_by)  REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, modified_by) REFERENCES users (tenant_id, id)
);

CREATE UNIQUE INDEX api_tokens_live_name ON api_tokens (tenant_id, name_key) WHERE revoked_at IS NULL;
CREATE INDEX api_tokens_live ON api_tokens (tenant_id, id) WHERE revoked_at IS NULL;
CREATE INDEX api_tokens_live_expiry ON api_tokens (tenant_id, expiry, id) WHERE revoked_at IS NULL;
CREATE INDEX api_tokens_live_created ON api_tokens (tenant_id, created_at, id) WHERE revoked_at IS NULL;
CREATE INDEX api_tokens_live_modified ON api_tokens (tenant_id, modified_at, id) WHERE revoked_at IS NULL;

-- A table of its own, because a token may have several secrets while one replaces another.
CREATE TABLE token_secrets (
    digest        bytea       NOT NULL PRIMARY KEY,
    tenant_id     uuid        NOT NULL,
    token_id      uuid        NOT NULL,
    partial_token text        COLLATE "C" NOT NULL,
    created_at    timestamptz NOT NULL,
    -- NULL while the secret works. An end that is set has come: nothing sets one for later yet.
    retires_at    timestamptz,
    FOREIGN KEY (tenant_id, token_id) REFERENCES api_tokens (tenant_id, id)
);

CREATE INDEX token_secrets_token ON token_secrets (tenant_id, token_id);

-- No foreign keys: each would lock the row of the user that everybody acts as, at every change.
-- The address and the changes are text, because the chain covers them exactly as they were written.
CREATE TABLE audit_events (
    tenant_id      uuid        NOT NULL,
    token_id       uuid        NOT NULL,
    version_after  bigint      NOT NULL,
    kind           text        COLLATE "C" NOT NULL,
    at             timestamptz NOT NULL,
    by_user        uuid        NOT NULL,
    address        text        COLLATE "C",
    request_id     text        COLLATE "C" NOT NULL,
    version_before bigint,
    changes        text        COLLATE "C" NOT NULL,
    hash           bytea       NOT NULL,
    PRIMARY KEY (tenant_id, token_id, version_after)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A key that is older than its window counts as absent. Its user's next creation under a key removes it.
CREATE TABLE idempotency_keys (
    tenant_id   uuid        NOT NULL,
    user_id     uuid        NOT NULL,
    key         text        COLLATE "C" NOT NULL,
    fingerprint bytea       NOT NULL,
    token_id    uuid        NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id, key),
    FOREIGN KEY (tenant_id, user_id)  REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, token_id) REFERENCES api_tokens (tenant_id, id)
);

CREATE INDEX idempotency_keys_age ON idempotency_keys (tenant_id, user_id, created_at);

-- Whether an actor still stands: the same test that begins each write, for its end. A volatile function looks at what is
-- committed now, not at what was when the statement began, which may be long ago where it had to wait for a lock.
CREATE FUNCTION require_actor(
    actor_tenant uuid, actor_token uuid, actor_user uuid, moment timestamptz, relied_on text[]
) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    live boolean;
    able boolean;
BEGIN
    SELECT u.closed_at IS NULL AND (actor_token IS NULL OR t.revoked_at IS NULL AND t.expiry > moment),
           actor_token IS NULL OR t.permissions @> relied_on
    INTO live, able
    FROM users u
    LEFT JOIN api_tokens t ON t.tenant_id = u.tenant_id AND t.user_id = u.id AND t.id = actor_token
    WHERE u.tenant_id = actor_tenant AND u.id = actor_user;
    IF live IS NOT TRUE THEN
        RAISE EXCEPTION 'the actor is no longer live' USING ERRCODE = 'CS001';
    END IF;
    IF able IS NOT TRUE THEN
        RAISE EXCEPTION 'the actor no longer holds what the change leans on' USING ERRCODE = 'CS002';
    END IF;
    RETURN true;
END
$$;
