-- As the functions of migrations 0010 and 0014, which nodes of the release before go on calling, with one difference: the actor must
-- still be admitted from where the request came. If its list of addresses is not empty, the list must have address_entry,
-- the entry that admitted the request; what that entry means is decided by the program alone.
--
-- Order of the locks, the same in every change, so that no two changes wait for each other in a circle: first the acting
-- token (shared) and the changed token (exclusive) by ascending key, then a renamed token's old and new name likewise.
-- Two tokens whose keys collide share one lock, the exclusive one.
CREATE FUNCTION authorize_change(
    actor_tenant uuid, actor_token uuid, actor_user uuid, moment timestamptz, relied_on text[], presented bytea,
    address_entry text, target uuid, new_name_key text, target_user uuid,
    OUT live boolean, OUT in_place boolean, OUT able boolean, OUT made_nothing boolean
) LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
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
           coalesce(
               actor_token IS NULL OR t.allowed_addresses = '{}' OR t.allowed_addresses @> ARRAY[address_entry], false),
           actor_token IS NULL OR t.permissions @> relied_on
    INTO live, in_place, able
    FROM users u
    LEFT JOIN api_tokens t ON t.tenant_id = u.tenant_id AND t.user_id = u.id AND t.id = actor_token
    WHERE u.tenant_id = actor_tenant AND u.id = actor_user;
    able := able AND in_place;
    made_nothing := true;
    IF target_user IS NOT NULL THEN
        made_nothing := NOT EXISTS (
            SELECT FROM audit_events e
            WHERE e.tenant_id = actor_tenant AND e.by_user = target_user AND e.kind IN ('created', 'rotated'));
    END IF;
END
$$;

-- The same for several changes at once: see migration 0010.
CREATE FUNCTION authorize_changes(
    tenants uuid[], actor_tokens uuid[], actor_users uuid[], moments timestamptz[], relied_on text[], presented bytea[],
    address_entries text[], targets uuid[], new_name_keys text[], target_users uuid[]
) RETURNS TABLE (ord bigint, live boolean, in_place boolean, able boolean, made_nothing boolean, name_taken boolean)
LANGUAGE plpgsql VOLATILE ROWS 10 SET enable_seqscan = off AS $$
DECLARE
    wanted    bigint;
    exclusive boolean;
    done      text;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a change needs the isolation read committed, and not %', current_setting('transaction_isolation')
            USING ERRCODE = 'invalid_transaction_state';
    END IF;
    FOR wanted, exclusive IN
        SELECT k.key, bool_or(k.exclusive) FROM (
            SELECT uuid_hash_extended(a, 0), false FROM unnest((SELECT actor_tokens)) a WHERE a IS NOT NULL
            UNION ALL
            SELECT uuid_hash_extended(t, 0), true FROM unnest((SELECT targets)) t
        ) k (key, exclusive)
        GROUP BY k.key ORDER BY k.key
    LOOP
        IF exclusive THEN
            done := pg_advisory_xact_lock(wanted) IS NULL;
        ELSE
            done := pg_advisory_xact_lock_shared(wanted) IS NULL;
        END IF;
    END LOOP;
    IF array_remove(new_name_keys, NULL) <> '{}' THEN
        FOR wanted IN
            SELECT hashtextextended(n.tenant || n.name_key, 1)
            FROM unnest((SELECT tenants), (SELECT new_name_keys)) n (tenant, name_key)
            WHERE n.name_key IS NOT NULL
            UNION
            SELECT hashtextextended(n.tenant || t.name_key, 1)
            FROM unnest((SELECT tenants), (SELECT targets), (SELECT new_name_keys)) n (tenant, target, name_key)
            JOIN api_tokens t ON t.tenant_id = n.tenant AND t.id = n.target
            WHERE n.name_key IS NOT NULL
            ORDER BY 1
        LOOP
            done := pg_advisory_xact_lock(wanted) IS NULL;
        END LOOP;
    END IF;
    done := set_config('lock_timeout', greatest(
        1, 900 - (1000 * extract(epoch FROM clock_timestamp() - statement_timestamp()))::integer)::text, true);
    RETURN QUERY
        SELECT c.ord,
               coalesce(u.closed_at IS NULL AND u.id IS NOT NULL AND (
                   c.actor_token IS NULL
                   OR t.revoked_at IS NULL AND t.expiry > c.moment AND (c.presented IS NULL OR EXISTS (
                       SELECT FROM token_secrets s
                       WHERE s.digest = c.presented AND s.tenant_id = c.tenant AND s.token_id = c.actor_token
                         AND (s.retires_at IS NULL OR s.retires_at > c.moment AND NOT EXISTS (
                             SELECT FROM token_secrets n
                             WHERE n.tenant_id = s.tenant_id AND n.token_id = s.token_id
                               AND n.created_at >= s.retires_at))))), false),
               coalesce(c.actor_token IS NULL OR t.allowed_addresses = '{}'
                        OR t.allowed_addresses @> ARRAY[c.address_entry], false),
               coalesce(c.actor_token IS NULL OR t.permissions @> c.relied_on::text[] AND (
                   t.allowed_addresses = '{}' OR t.allowed_addresses @> ARRAY[c.address_entry]), false),
               c.target_user IS NULL OR NOT EXISTS (
                   SELECT FROM audit_events e
                   WHERE e.tenant_id = c.tenant AND e.by_user = c.target_user AND e.kind IN ('created', 'rotated')),
               c.new_name_key IS NOT NULL AND EXISTS (
                   SELECT FROM api_tokens o
                   WHERE o.tenant_id = c.tenant AND o.name_key = c.new_name_key AND o.revoked_at IS NULL
                     AND o.id <> c.target)
        FROM unnest(
            (SELECT tenants), (SELECT actor_tokens), (SELECT actor_users), (SELECT moments), (SELECT relied_on),
            (SELECT presented), (SELECT address_entries), (SELECT targets), (SELECT new_name_keys), (SELECT target_users)
        ) WITH ORDINALITY c (
            tenant, actor_token, actor_user, moment, relied_on, presented, address_entry, target, new_name_key,
            target_user, ord)
        LEFT JOIN users u ON u.tenant_id = c.tenant AND u.id = c.actor_user
        LEFT JOIN api_tokens t ON t.tenant_id = u.tenant_id AND t.user_id = u.id AND t.id = c.actor_token;
END
$$;

-- For the role that the service runs under, if that is another one than the tables' owner: see migration 0006.
REVOKE EXECUTE ON FUNCTION
    authorize_change(uuid, uuid, uuid, timestamptz, text[], bytea, text, uuid, text, uuid),
    authorize_changes(uuid[], uuid[], uuid[], timestamptz[], text[], bytea[], text[], uuid[], text[], uuid[])
FROM PUBLIC;
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
            'authorize_change(uuid, uuid, uuid, timestamptz, text[], bytea, text, uuid, text, uuid), '
            'authorize_changes(uuid[], uuid[], uuid[], timestamptz[], text[], bytea[], text[], uuid[], text[], uuid[]) TO '
            || service;
    END LOOP;
END
$$;
