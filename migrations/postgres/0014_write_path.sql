-- One user may have made nearly all tokens. The server would then take any user to be in half of the history, and look for
-- what a token has made by going through all of it: 16 ms for each widening among 100,000 events, where nothing is found.
-- Told that each user has few events, it searches the index (docs/adr/0041).
ALTER TABLE audit_events ALTER COLUMN by_user SET (n_distinct = -0.1);
ANALYZE audit_events (by_user);

-- A plan is kept for as long as its session lasts, and one that was made while a table was small reads all of it.
ALTER FUNCTION admit_one_change(uuid, uuid, uuid, timestamptz, text[], bytea, uuid, text, uuid)
    SET enable_seqscan = off;
ALTER FUNCTION admit_changes(
    uuid[], uuid[], uuid[], timestamptz[], text[], bytea[], uuid[], text[], uuid[]) SET enable_seqscan = off;

-- What is written into the indexes of token_search waits in their pending lists. The service empties them a moment after
-- changes, where no caller waits for it. A list that is full is still emptied by whoever writes into it.
ALTER INDEX token_search_permissions SET (gin_pending_list_limit = 1024);
ALTER INDEX IF EXISTS token_search_name SET (gin_pending_list_limit = 1024);

SELECT set_config('search_path', relnamespace::regnamespace || ', pg_temp', true)
FROM pg_class WHERE oid = 'token_search'::regclass;

-- Under the owner's rights: nobody else may have an index of the table tidied.
CREATE FUNCTION clean_token_search() RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT gin_clean_pending_list(i)
    FROM unnest(ARRAY[to_regclass('token_search_name'), to_regclass('token_search_permissions')]) i
    WHERE i IS NOT NULL
$$;

-- For the role that the service runs under, if that is another one than the tables' owner: see migration 0006.
REVOKE EXECUTE ON FUNCTION clean_token_search() FROM PUBLIC;
DO $$
DECLARE
    service text;
BEGIN
    FOR service IN
        SELECT DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END
        FROM pg_class c, aclexplode(c.relacl) g
        WHERE c.oid = 'audit_events'::regclass AND g.privilege_type = 'INSERT' AND g.grantee <> c.relowner
    LOOP
        EXECUTE 'GRANT EXECUTE ON FUNCTION clean_token_search() TO ' || service;
    END LOOP;
END
$$;
