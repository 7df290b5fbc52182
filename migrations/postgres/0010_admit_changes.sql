-- As the function of migration 0006, which nodes of the release before go on calling, with two differences. If
-- target_user is given, the changed token must have made no token and no secret: whether the actor's token descends from
-- it need not be asked beforehand then. And nothing but what reads a table is a statement of its own: an expression
-- costs a quarter of a statement, and has a snapshot of its own just as well.
--
-- Order of the locks, the same in every change, so that no two changes wait for each other in a circle: first the acting
-- token (shared) and the changed token (exclusive) by ascending key, then a renamed token's old and new name likewise.
-- Two tokens whose keys collide share one lock, the exclusive one.
CREATE FUNCTION admit_one_change(
    actor_tenant uuid, actor_token uuid, actor_user uuid, moment timestamptz, relied_on text[], presented bytea,
    target uuid, new_name_key text, target_user uuid, OUT live boolean, OUT able boolean, OUT made_nothing boolean
) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    acting   bigint := uuid_hash_extended(actor_token, 0);
    changing bigint := uuid_hash_extended(target, 0);
    old_name bigint;
    new_name bigint;
    done     text;
BEGIN
    -- Under a stricter isolation all statements of a transaction see what was committed before it waited for its locks.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a change needs the isolation read committed, and not %', current_setting('transaction_isolation')
            USING ERRCODE = 'invalid_transaction_state';
    END IF;
    IF acting < changing THEN
        done := pg_advisory_xact_lock_shared(acting) IS NULL;
    END IF;
    IF changing IS NOT NULL THEN
        done := pg_advisory_xact_lock(changing) IS NULL;
    END IF;
    IF acting > changing OR changing IS NULL AND acting IS NOT NULL THEN
        done := pg_advisory_xact_lock_shared(acting) IS NULL;
    END IF;
    -- Without these, two tokens that take each other's names at once would wait for each other in the index of names.
    IF new_name_key IS NOT NULL THEN
        SELECT hashtextextended(actor_tenant || t.name_key, 1) INTO old_name
        FROM api_tokens t WHERE t.tenant_id = actor_tenant AND t.id = target;
        new_name := hashtextextended(actor_tenant || new_name_key, 1);
        IF old_name <> new_name THEN
            done := pg_advisory_xact_lock(least(old_name, new_name)) IS NULL;
            done := pg_advisory_xact_lock(greatest(old_name, new_name)) IS NULL;
        END IF;
    END IF;
    -- What waits for a row from here on keeps a revocation of its actor waiting: no longer than for half of the time that
    -- a statement has, so that the revocation has the other half. In milliseconds.
    done := set_config('lock_timeout', greatest(
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
    made_nothing := true;
    IF target_user IS NOT NULL THEN
        made_nothing := NOT EXISTS (
            SELECT FROM audit_events e
            WHERE e.tenant_id = actor_tenant AND e.by_user = target_user AND e.kind IN ('created', 'rotated'));
    END IF;
END
$$;

-- For the role that the service runs under, if that is another one than the tables' owner: see migration 0006.
REVOKE EXECUTE ON FUNCTION admit_one_change(uuid, uuid, uuid, timestamptz, text[], bytea, uuid, text, uuid) FROM PUBLIC;
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
            'admit_one_change(uuid, uuid, uuid, timestamptz, text[], bytea, uuid, text, uuid) TO ' || service;
    END LOOP;
END
$$;
