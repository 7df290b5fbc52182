-- Where a path does not name pg_temp, tables there come first: whoever may change tokens and make temporary tables could put one
-- in the place of ours, and have its triggers run with the owner's rights.
SELECT set_config('search_path', relnamespace::regnamespace || ', pg_temp', true)
FROM pg_class WHERE oid = 'token_search'::regclass;
ALTER FUNCTION begin_lists() SET search_path FROM CURRENT;
ALTER FUNCTION keep_lists() SET search_path FROM CURRENT;
