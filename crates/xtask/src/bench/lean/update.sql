-- One statement: an update of the version that is meant, the new name of its user, and the row of history.
--
-- Each client goes through tokens of its own, in an order that lies all over the tables, so that the version that it names
-- is exact and no two clients meet. (\x3a is a colon: one before a letter would be a variable of pgbench, in a string too.)
-- -D n= rows  -D span= tokens of a client  -D i=0  -D v=1
\if :i >= :span
\set i 0
\set v :v + 1
\endif
\set id permute(:client_id * :span + :i, :n) + 1
\set i :i + 1
WITH t AS (UPDATE api_tokens SET name = 'renamed ' || :id::text, expires_at = now() + make_interval(secs => 31536000), permissions = ARRAY[E'tokens\x3aread', E'tokens\x3awrite'], version = version + 1, updated_at = now() WHERE id = :id AND version = :v RETURNING *), u AS (UPDATE api_token_users u SET name = t.name, updated_at = now() FROM t WHERE u.id = t.user_id RETURNING u.id), a AS (INSERT INTO audit_log (token_id, actor_id, action, detail) SELECT t.id, t.user_id, 'token.update', jsonb_build_object('name', t.name, 'version', t.version, 'permissions', t.permissions, 'expires_at', t.expires_at) FROM t RETURNING id) SELECT t.id, t.user_id, t.name, t.permissions, t.allowed_cidr::text, t.expires_at, t.version, t.created_at FROM t, u, a;
