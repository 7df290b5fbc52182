-- Which transaction wrote an event. Transactions commit out of the order of their numbers, so a reader of the feed keeps a
-- snapshot as its place: behind it is what that snapshot did not see (pg_visible_in_snapshot).
ALTER TABLE audit_events ADD COLUMN tx xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX audit_events_tx ON audit_events (tx);

-- Uses are kept apart from records, so that noting one never meets a change. A use is at most a few seconds late.
ALTER TABLE token_secrets ADD COLUMN last_used_at timestamptz;
ALTER TABLE token_secrets ADD COLUMN last_used_address text COLLATE "C";

CREATE TABLE token_uses (
    tenant_id uuid        NOT NULL,
    token_id  uuid        NOT NULL,
    used_at   timestamptz NOT NULL,
    address   text        COLLATE "C",
    PRIMARY KEY (tenant_id, token_id),
    FOREIGN KEY (tenant_id, token_id) REFERENCES api_tokens (tenant_id, id)
);

CREATE INDEX token_uses_order ON token_uses (tenant_id, used_at, token_id);

COMMENT ON COLUMN token_secrets.retires_at IS
    'When the secret stops working: NULL for the newest; for one that was replaced it may be yet to come.';

-- Every change moves modified_at, and a column of an index that moves makes the server write into all indexes anew. Without
-- this one and with room in its page, an update writes the row alone. The order by it is sorted when it is asked for.
DROP INDEX api_tokens_live_modified;
ALTER TABLE api_tokens SET (fillfactor = 85);
ALTER TABLE token_secrets SET (fillfactor = 85);

-- The same with the secret that was presented: it must work at that moment, and no rotation may have ended it since, though
-- that be dated later. A rotation is dated by the secret that it made. The one without it is for the release before.
CREATE FUNCTION require_actor(
    actor_tenant uuid, actor_token uuid, actor_user uuid, moment timestamptz, relied_on text[], presented bytea
) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF actor_token IS NOT NULL AND presented IS NOT NULL AND NOT EXISTS (
        SELECT FROM token_secrets s
        WHERE s.digest = presented AND s.tenant_id = actor_tenant AND s.token_id = actor_token
          AND (s.retires_at IS NULL OR s.retires_at > moment AND NOT EXISTS (
              SELECT FROM token_secrets n
              WHERE n.tenant_id = s.tenant_id AND n.token_id = s.token_id AND n.created_at >= s.retires_at))
    ) THEN
        RAISE EXCEPTION 'the secret of the actor no longer works' USING ERRCODE = 'CS001';
    END IF;
    RETURN require_actor(actor_tenant, actor_token, actor_user, moment, relied_on);
END
$$;
