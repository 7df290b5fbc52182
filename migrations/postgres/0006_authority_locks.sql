-- A change locks what it depends on before it touches any row, and then reads whether its actor may still make it. The
-- locks end with the transaction, after it has become visible: whoever revokes or narrows a token waits for the writes
-- that this token still has in flight, and no later write finds the token as it was (docs/adr/0020).
--
-- Order of the locks, the same in every change, so that no two changes wait for each other in a circle: first the acting
-- token (shared) and the changed token (exclusive) by ascending key, then a renamed token's old and new name likewise.
-- Two tokens whose keys collide share one lock, the exclusive one.
CREATE FUNCTION admit_change(
    actor_tenant uuid, actor_token uuid, actor_user uuid, moment timestamptz, relied_on text[], presented bytea,
    target uuid, new_name_key text, OUT live boolean, OUT able boolean
) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    acting   bigint := uuid_hash_extended(actor_token, 0);
    changing bigint := uuid_hash_extended(target, 0);
    old_name bigint;
    new_name bigint;
BEGIN
    -- Under a stricter isolation all statements of a transaction see what was committed before it waited for its locks.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a change needs the isolation read committed, and not %', current_setting('transaction_isolation')
            USING ERRCODE = 'invalid_transaction_state';
    END IF;
    IF acting < changing THEN
        PERFORM pg_advisory_xact_lock_shared(acting);
    END IF;
    IF changing IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(changing);
    END IF;
    IF acting > changing OR changing IS NULL AND acting IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock_shared(acting);
    END IF;
    -- Without these, two tokens that take each other's names at once would wait for each other in the index of names.
    IF new_name_key IS NOT NULL THEN
        SELECT hashtextextended(actor_tenant || t.name_key, 1) INTO old_name
        FROM api_tokens t WHERE t.tenant_id = actor_tenant AND t.id = target;
        new_name := hashtextextended(actor_tenant || new_name_key, 1);
        IF old_name <> new_name THEN
            PERFORM pg_advisory_xact_lock(least(old_name, new_name));
            PERFORM pg_advisory_xact_lock(greatest(old_name, new_name));
        END IF;
    END IF;
    -- What waits for a row from here on keeps a revocation of its actor waiting: no longer than for half of the time that
    -- a statement has, so that the revocation has the other half. In milliseconds.
    PERFORM set_config('lock_timeout', greatest(
        1, 900 - (1000 * extract(epoch FROM clock_timestamp() - statement_timestamp()))::integer)::text, true);
    -- Each statement of a volatile function reads what is committed by now, not what was when the change began.
    SELECT u.closed_at IS NULL AND (
               actor_token IS NULL
               OR t.revoked_at IS NULL AND t.expiry > moment AND (presented IS NULL OR EXISTS (
                   -- A rotation that ended the secret counts, though it be dated later than the change.
                   SELECT FROM token_secrets s
                   WHERE s.digest = presented AND s.tenant_id = actor_tenant AND s.token_id = actor_token
                     AND (s.retires_at IS NULL OR s.retires_at > moment AND NOT EXISTS (
                         SELECT FROM token_secrets n
                         WHERE n.tenant_id = s.tenant_id AND n.token_id = s.token_id
                           AND n.created_at >= s.retires_at))))),
           actor_token IS NULL OR t.permissions @> relied_on
    INTO live, able
    FROM users u
    LEFT JOIN api_tokens t ON t.tenant_id = u.tenant_id AND t.user_id = u.id AND t.id = actor_token
    WHERE u.tenant_id = actor_tenant AND u.id = actor_user;
END
$$;

-- Anybody may execute a new function unless that is taken back, and a trigger's function can be hung on a table of one's
-- own: with the owner's rights, keep_lists() would remove the rows of any token. Triggers need no such right to run.
REVOKE EXECUTE ON FUNCTION
    refuse_change(), begin_lists(), keep_lists(),
    require_actor(uuid, uuid, uuid, timestamptz, text[]),
    require_actor(uuid, uuid, uuid, timestamptz, text[], bytea),
    admit_change(uuid, uuid, uuid, timestamptz, text[], bytea, uuid, text)
FROM PUBLIC;

-- A role that writes the history without owning it is one that the service runs under. The functions named require_actor
-- are for nodes of the release before.
DO $$
DECLARE
    service text;
BEGIN
    FOR service IN
        SELECT DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END
        FROM pg_class c, aclexplode(c.relacl) g
        WHERE c.oid = 'audit_events'::regclass AND g.privilege_type = 'INSERT' AND g.grantee <> c.relowner
    LOOP
        EXECUTE 'GRANT EXECUTE ON FUNCTION '
            'require_actor(uuid, uuid, uuid, timestamptz, text[]), '
            'require_actor(uuid, uuid, uuid, timestamptz, text[], bytea), '
            'admit_change(uuid, uuid, uuid, timestamptz, text[], bytea, uuid, text) TO ' || service;
    END LOOP;
END
$$;
