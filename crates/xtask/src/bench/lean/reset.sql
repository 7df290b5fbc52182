-- Before each measurement: every version back to 1, no history, no dead rows. With all = true every row is written anew,
-- which leaves each page half free, as in a store that is in use.
TRUNCATE audit_log;
UPDATE api_tokens SET version = 1, name = 'token user ' || id WHERE :all OR version <> 1;
UPDATE api_token_users SET name = 'token user ' || id WHERE :all OR name NOT LIKE 'token user %';
VACUUM ANALYZE;
CHECKPOINT;
