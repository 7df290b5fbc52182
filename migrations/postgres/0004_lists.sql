-- Lists that cost the same however many tokens there are. Whatever they need beyond the tables is kept where a change of
-- expiry or addresses does not pay for it.

-- In this order, because services that run meanwhile take theirs in it. Reads go on until nearly the end.
LOCK TABLE token_uses, api_tokens, audit_events IN SHARE ROW EXCLUSIVE MODE;

-- The order of last changes is that of the history, which grows at its end.
CREATE INDEX audit_events_order ON audit_events (tenant_id, at, token_id);

-- What live tokens are searched by. Beside api_tokens, where each change would write into these indexes anew.
CREATE TABLE token_search (
    tenant_id   uuid   NOT NULL,
    token_id    uuid   NOT NULL,
    name_key    text   COLLATE "C" NOT NULL,
    permissions text[] NOT NULL,
    PRIMARY KEY (tenant_id, token_id),
    FOREIGN KEY (tenant_id, token_id) REFERENCES api_tokens (tenant_id, id)
);

INSERT INTO token_search SELECT tenant_id, id, name_key, permissions FROM api_tokens WHERE revoked_at IS NULL;
-- What waits to be put in its place is little, so that no change has to put much there.
CREATE INDEX token_search_permissions ON token_search USING gin (permissions) WITH (gin_pending_list_limit = 256);

-- Parts of names are found by pg_trgm, which comes with PostgreSQL. Where it is not installed, or may not be made, they are
-- looked for in all names instead.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX token_search_name ON token_search USING gin (name_key gin_trgm_ops) WITH (gin_pending_list_limit = 256);
EXCEPTION WHEN feature_not_supported OR insufficient_privilege OR undefined_object OR undefined_file THEN
    RAISE WARNING 'without pg_trgm, looking for a part of a name takes the longer the more tokens there are: %', SQLERRM;
END
$$;

-- With the id, a page far from the first is found without a look at the tokens before it.
CREATE UNIQUE INDEX api_tokens_live_name_id ON api_tokens (tenant_id, name_key) INCLUDE (id) WHERE revoked_at IS NULL;
DROP INDEX api_tokens_live_name;
ALTER INDEX api_tokens_live_name_id RENAME TO api_tokens_live_name;

-- Every live token has its row here from the beginning, so that the index alone gives the order of last uses; NULL = never.
ALTER TABLE token_uses ALTER COLUMN used_at DROP NOT NULL;
DELETE FROM token_uses l USING api_tokens t
WHERE t.tenant_id = l.tenant_id AND t.id = l.token_id AND t.revoked_at IS NOT NULL;
INSERT INTO token_uses (tenant_id, token_id)
SELECT tenant_id, id FROM api_tokens WHERE revoked_at IS NULL ON CONFLICT DO NOTHING;
DROP INDEX token_uses_order;
CREATE INDEX token_uses_order ON token_uses (tenant_id, used_at NULLS FIRST, token_id);

-- Under the owner's rights, so that whoever may change tokens needs none for these tables.
CREATE FUNCTION begin_lists() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO token_search (tenant_id, token_id, name_key, permissions)
    VALUES (NEW.tenant_id, NEW.id, NEW.name_key, NEW.permissions);
    INSERT INTO token_uses (tenant_id, token_id) VALUES (NEW.tenant_id, NEW.id);
    RETURN NULL;
END
$$;

CREATE FUNCTION keep_lists() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF NEW.revoked_at IS NULL THEN
        UPDATE token_search SET name_key = NEW.name_key, permissions = NEW.permissions
        WHERE tenant_id = NEW.tenant_id AND token_id = NEW.id;
    ELSE
        DELETE FROM token_search WHERE tenant_id = NEW.tenant_id AND token_id = NEW.id;
        DELETE FROM token_uses WHERE tenant_id = NEW.tenant_id AND token_id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER api_tokens_begin_lists AFTER INSERT ON api_tokens FOR EACH ROW EXECUTE FUNCTION begin_lists();
CREATE TRIGGER api_tokens_keep_lists AFTER UPDATE ON api_tokens FOR EACH ROW
    WHEN (OLD.name_key <> NEW.name_key OR OLD.permissions <> NEW.permissions OR NEW.revoked_at IS NOT NULL)
    EXECUTE FUNCTION keep_lists();
