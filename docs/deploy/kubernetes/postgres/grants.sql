-- The grants of the service's role, for the database `countersign` and tables in the schema `public`.
REVOKE CONNECT, TEMPORARY ON DATABASE countersign FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE countersign TO countersign_service;
GRANT USAGE ON SCHEMA public TO countersign_service;
GRANT SELECT ON _sqlx_migrations, token_search TO countersign_service;
GRANT SELECT, INSERT ON tenants, audit_events TO countersign_service;
GRANT SELECT, INSERT, UPDATE ON users, api_tokens, token_secrets, token_uses TO countersign_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys, sessions TO countersign_service;
GRANT EXECUTE ON FUNCTION authorize_change, authorize_changes, clean_token_search TO countersign_service;
