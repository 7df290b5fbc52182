SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';
CREATE FUNCTION public.begin_lists() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO token_search (tenant_id, token_id, name_key, permissions)
    VALUES (NEW.tenant_id, NEW.id, NEW.name_key, NEW.permissions);
    INSERT INTO token_uses (tenant_id, token_id) VALUES (NEW.tenant_id, NEW.id);
    RETURN NULL;
END
$$;
CREATE FUNCTION public.keep_lists() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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
CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE FUNCTION public.require_actor(actor_tenant uuid, actor_token uuid, actor_user uuid, moment timestamp with time zone, relied_on text[]) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
DECLARE
    live boolean;
    able boolean;
BEGIN
    SELECT u.closed_at IS NULL AND (actor_token IS NULL OR t.revoked_at IS NULL AND t.expiry > moment),
           actor_token IS NULL OR t.permissions @> relied_on
    INTO live, able
    FROM users u
    LEFT JOIN api_tokens t ON t.tenant_id = u.tenant_id AND t.user_id = u.id AND t.id = actor_token
    WHERE u.tenant_id = actor_tenant AND u.id = actor_user;
    IF live IS NOT TRUE THEN
        RAISE EXCEPTION 'the actor is no longer live' USING ERRCODE = 'CS001';
    END IF;
    IF able IS NOT TRUE THEN
        RAISE EXCEPTION 'the actor no longer holds what the change leans on' USING ERRCODE = 'CS002';
    END IF;
    RETURN true;
END
$$;
CREATE FUNCTION public.require_actor(actor_tenant uuid, actor_token uuid, actor_user uuid, moment timestamp with time zone, relied_on text[], presented bytea) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
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
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);
CREATE TABLE public.api_tokens (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    version bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    name_key text NOT NULL COLLATE pg_catalog."C",
    user_id uuid NOT NULL,
    partial_token text NOT NULL COLLATE pg_catalog."C",
    expiry timestamp with time zone NOT NULL,
    allowed_addresses text[] NOT NULL,
    permissions text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by uuid NOT NULL,
    modified_at timestamp with time zone NOT NULL,
    modified_by uuid NOT NULL,
    chain_head bytea NOT NULL,
    revoked_at timestamp with time zone
)
WITH (fillfactor='85');
CREATE TABLE public.audit_events (
    tenant_id uuid NOT NULL,
    token_id uuid NOT NULL,
    version_after bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone NOT NULL,
    by_user uuid NOT NULL,
    address text COLLATE pg_catalog."C",
    request_id text NOT NULL COLLATE pg_catalog."C",
    version_before bigint,
    changes text NOT NULL COLLATE pg_catalog."C",
    hash bytea NOT NULL,
    tx xid8 DEFAULT pg_current_xact_id() NOT NULL
);
CREATE TABLE public.idempotency_keys (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    fingerprint bytea NOT NULL,
    token_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.sessions (
    digest bytea NOT NULL,
    tenant_id uuid NOT NULL,
    token_id uuid NOT NULL,
    secret_digest bytea NOT NULL,
    began_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL
);
CREATE TABLE public.tenants (
    id uuid NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone NOT NULL,
    system_user_id uuid NOT NULL
);
CREATE TABLE public.token_search (
    tenant_id uuid NOT NULL,
    token_id uuid NOT NULL,
    name_key text NOT NULL COLLATE pg_catalog."C",
    permissions text[] NOT NULL
);
CREATE TABLE public.token_secrets (
    digest bytea NOT NULL,
    tenant_id uuid NOT NULL,
    token_id uuid NOT NULL,
    partial_token text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone NOT NULL,
    retires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    last_used_address text COLLATE pg_catalog."C"
)
WITH (fillfactor='85');
COMMENT ON COLUMN public.token_secrets.retires_at IS 'When the secret stops working: NULL for the newest; for one that was replaced it may be yet to come.';
CREATE TABLE public.token_uses (
    tenant_id uuid NOT NULL,
    token_id uuid NOT NULL,
    used_at timestamp with time zone,
    address text COLLATE pg_catalog."C"
);
CREATE TABLE public.users (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT users_kind CHECK ((kind = ANY (ARRAY['api_token'::text, 'person'::text, 'system'::text])))
);
INSERT INTO public._sqlx_migrations VALUES (1, 'tokens', '2026-11-27 18:45:49.334267+00', true, '\x31295235ffea99f76ed3514aa5d3166c4643c1b99f674f241c402ee70a9fc5540380f5188d68f6fb302465e624a53774', 33711166);
INSERT INTO public._sqlx_migrations VALUES (2, 'feed and use', '2026-11-27 18:45:49.368709+00', true, '\xf85e10080a7ae019447bf371e6d1fab189e7feca67e5e8de3ce65f31cd6116e90760d2ce7955500ab11c6b7032d5ecf0', 2517867);
INSERT INTO public._sqlx_migrations VALUES (3, 'sessions', '2026-11-27 18:45:49.371337+00', true, '\x3e2a546dd54a241bfb6fce9d78f7b368ae9a46015fbdd3941233546a29509c961b8e664105b8806c4398cd9ba22ca6f6', 1214822);
INSERT INTO public._sqlx_migrations VALUES (4, 'lists', '2026-11-27 18:45:49.372652+00', true, '\x80ee9fec0091887735479634adee97d80440fc6e34c4574917e9d53a6fc61044f3bc6449adf1e063793f744c0c44524b', 6833069);
INSERT INTO public._sqlx_migrations VALUES (5, 'definer rights', '2026-11-27 18:45:49.379619+00', true, '\xc57193ab1cfd01a1762cedcecb026dccb64c332a2dc5dc985f09ea9fbf471d0aacb8c27e5648e3f37c9613795aa5a7e0', 488453);
INSERT INTO public.api_tokens VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f8db-7f45-b6a8-c4c6e24709ac', 1, 'Root 2026-11-27T18:45:49.403920Z', 'root 2026-11-27t18:45:49.403920z', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', 'csg_…T4k9', '2028-11-27 18:45:49.403954+00', '{}', '{api.account-groupings.delete,api.account-groupings.read,api.account-groupings.write,api.admin-reports.run,api.analyses.delete,api.analyses.read,api.analyses.run,api.analyses.write,api.analysis-source-types.read,api.analysis-sources.delete,api.analysis-sources.read,api.analysis-sources.write,api.analysis-type-configuration.delete,api.analysis-type-configuration.read,api.analysis-type-configuration.write,api.analysis-types.read,api.api-tokens.delete,api.api-tokens.read,api.api-tokens.write,api.connection-data-sources.delete,api.connection-data-sources.read,api.connection-data-sources.write,api.connections.delete,api.connections.read,api.connections.write,api.data-tables.read,api.engagement-account-groupings.delete,api.engagement-account-groupings.read,api.engagement-account-groupings.write,api.engagements.delete,api.engagements.read,api.engagements.write,api.file-infos.read,api.file-manager.delete,api.file-manager.read,api.file-manager.write,api.filters.delete,api.filters.read,api.filters.write,api.libraries.delete,api.libraries.read,api.libraries.write,api.organizations.delete,api.organizations.read,api.organizations.write,api.reporting-period-config.delete,api.reporting-period-config.read,api.reporting-period-config.write,api.risk-ranges.delete,api.risk-ranges.read,api.risk-ranges.write,api.tasks.delete,api.tasks.read,api.tasks.write,api.users.delete,api.users.read,api.users.write,api.webhooks.delete,api.webhooks.read,api.webhooks.write,scim.user.delete,scim.user.read,scim.user.schema,scim.user.write}', '2026-11-27 18:45:49.403971+00', '01a21e53-f8d6-7afa-87e6-6ec31f86e98c', '2026-11-27 18:45:49.403971+00', '01a21e53-f8d6-7afa-87e6-6ec31f86e98c', '\xa913a62d4287cc724a95e651bd57271f93f71911a41795b6c3e6a43fc435ffc9', NULL);
INSERT INTO public.api_tokens VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f960-7f05-a4ae-7d7e33b2dfca', 1, 'plain', 'plain', '01a21e53-f960-7265-99f8-736063d3fdc8', 'csg_…c6BZ', '2027-09-23 18:45:49+00', '{}', '{api.api-tokens.read,api.tasks.read}', '2026-11-27 18:45:49.536499+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '2026-11-27 18:45:49.536499+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '\x192f6598d6f742ada6f36f6693b7513fa017d65ec718ab97b26a73e2f1462f61', NULL);
INSERT INTO public.api_tokens VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f969-7c08-b59e-962a07bae6ca', 3, 'Changed Twice', 'changed twice', '01a21e53-f969-770c-9c1f-5e050cd58880', 'csg_…gIFg', '2027-09-23 18:45:49+00', '{127.0.0.1,192.0.2.0/24}', '{api.tasks.read}', '2026-11-27 18:45:49.545936+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '2026-11-27 18:45:49.551148+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '\x076142f41584ece0e21f65b2eab2beed15cc068c87e3d6ce713a7ce5651efac5', NULL);
INSERT INTO public.api_tokens VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f967-7548-ac80-3e0ecd313c5b', 4, 'rotated', 'rotated', '01a21e53-f967-7c15-9c48-cc400cb0ab65', 'csg_…STG7', '2027-09-23 18:45:49+00', '{}', '{api.api-tokens.read,api.tasks.read}', '2026-11-27 18:45:49.543959+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '2026-11-27 18:45:49.561244+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '\x08cd454f09fadeab2971625dade5ddf0cedf4e39a9e68e76435ef29da0c3a0ae', NULL);
INSERT INTO public.api_tokens VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f96b-7778-a60d-112f7c91b99b', 3, 'revoked', 'revoked', '01a21e53-f96b-7c07-9af7-cc1a2f174189', 'csg_…wsAV', '2027-09-23 18:45:49+00', '{}', '{api.api-tokens.read,api.tasks.read}', '2026-11-27 18:45:49.54727+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '2026-11-27 18:45:49.566206+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '\xc4c16ad10bcebdf66f18f094647458d3b429c4af62f464954f94060967394349', '2026-11-27 18:45:49.566206+00');
INSERT INTO public.audit_events VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f8db-7f45-b6a8-c4c6e24709ac', 1, 'created', '2026-11-27 18:45:49.403971+00', '01a21e53-f8d6-7afa-87e6-6ec31f86e98c', NULL, 'root-token:1795805149403929', NULL, '{"name":{"before":null,"after":"Root 2026-11-27T18:45:49.403920Z"},"expiry":{"before":null,"after":"2028-11-27T18:45:49.403954Z"},"allowedAddresses":{"before":null,"after":[]},"permissions":{"before":null,"after":["api.account-groupings.delete","api.account-groupings.read","api.account-groupings.write","api.admin-reports.run","api.analyses.delete","api.analyses.read","api.analyses.run","api.analyses.write","api.analysis-source-types.read","api.analysis-sources.delete","api.analysis-sources.read","api.analysis-sources.write","api.analysis-type-configuration.delete","api.analysis-type-configuration.read","api.analysis-type-configuration.write","api.analysis-types.read","api.api-tokens.delete","api.api-tokens.read","api.api-tokens.write","api.connection-data-sources.delete","api.connection-data-sources.read","api.connection-data-sources.write","api.connections.delete","api.connections.read","api.connections.write","api.data-tables.read","api.engagement-account-groupings.delete","api.engagement-account-groupings.read","api.engagement-account-groupings.write","api.engagements.delete","api.engagements.read","api.engagements.write","api.file-infos.read","api.file-manager.delete","api.file-manager.read","api.file-manager.write","api.filters.delete","api.filters.read","api.filters.write","api.libraries.delete","api.libraries.read","api.libraries.write","api.organizations.delete","api.organizations.read","api.organizations.write","api.reporting-period-config.delete","api.reporting-period-config.read","api.reporting-period-config.write","api.risk-ranges.delete","api.risk-ranges.read","api.risk-ranges.write","api.tasks.delete","api.tasks.read","api.tasks.write","api.users.delete","api.users.read","api.users.write","api.webhooks.delete","api.webhooks.read","api.webhooks.write","scim.user.delete","scim.user.read","scim.user.schema","scim.user.write"]}}', '\xa913a62d4287cc724a95e651bd57271f93f71911a41795b6c3e6a43fc435ffc9', '129706');
INSERT INTO public.audit_events VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f960-7f05-a4ae-7d7e33b2dfca', 1, 'created', '2026-11-27 18:45:49.536499+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '127.0.0.1', '01a21e53-f95f-768d-a728-b677df1ff25e', NULL, '{"name":{"before":null,"after":"plain"},"expiry":{"before":null,"after":"2027-09-23T18:45:49Z"},"allowedAddresses":{"before":null,"after":[]},"permissions":{"before":null,"after":["api.api-tokens.read","api.tasks.read"]}}', '\x192f6598d6f742ada6f36f6693b7513fa017d65ec718ab97b26a73e2f1462f61', '129707');
INSERT INTO public.audit_events VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f967-7548-ac80-3e0ecd313c5b', 1, 'created', '2026-11-27 18:45:49.543959+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '127.0.0.1', '01a21e53-f967-768d-a728-b677df1ff25d', NULL, '{"name":{"before":null,"after":"rotated"},"expiry":{"before":null,"after":"2027-09-23T18:45:49Z"},"allowedAddresses":{"before":null,"after":[]},"permissions":{"before":null,"after":["api.api-tokens.read","api.tasks.read"]}}', '\xcc5d0577e5e46ac1ce056660a0b4d130b3b2b73f7cd1577e7c21a5303fd3fcc2', '129709');
INSERT INTO public.audit_events VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f969-7c08-b59e-962a07bae6ca', 1, 'created', '2026-11-27 18:45:49.545936+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '127.0.0.1', '01a21e53-f969-768d-a728-b677df1ff25c', NULL, '{"name":{"before":null,"after":"changed"},"expiry":{"before":null,"after":"2027-09-23T18:45:49Z"},"allowedAddresses":{"before":null,"after":[]},"permissions":{"before":null,"after":["api.api-tokens.read","api.tasks.read"]}}', '\x9922e59f1e303f45621f5e3f9c1d833d4f078449b88d37d14e82e229746e0bde', '129710');
INSERT INTO public.audit_events VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f96b-7778-a60d-112f7c91b99b', 1, 'created', '2026-11-27 18:45:49.54727+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '127.0.0.1', '01a21e53-f96b-768d-a728-b677df1ff25b', NULL, '{"name":{"before":null,"after":"revoked"},"expiry":{"before":null,"after":"2027-09-23T18:45:49Z"},"allowedAddresses":{"before":null,"after":[]},"permissions":{"before":null,"after":["api.api-tokens.read","api.tasks.read"]}}', '\x016a4cdb5c0d2e3c308c5d3ceeeadc2a48e82b84adda51fb24aae455c2c6ae90', '129711');
INSERT INTO public.audit_events VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f969-7c08-b59e-962a07bae6ca', 2, 'updated', '2026-11-27 18:45:49.549065+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '127.0.0.1', '01a21e53-f96c-768d-a728-b677df1ff25a', 1, '{"name":{"before":"changed","after":"changed twice"},"allowedAddresses":{"before":[],"after":["127.0.0.1","192.0.2.0/24"]}}', '\xd5942056c6dec5d2486379f0b1963899cd65dda7b4dbfc985ed8c04d881c90ce', '129712');
INSERT INTO public.audit_events VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f969-7c08-b59e-962a07bae6ca', 3, 'updated', '2026-11-27 18:45:49.551148+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '127.0.0.1', '01a21e53-f96e-768d-a728-b677df1ff259', 2, '{"name":{"before":"changed twice","after":"Changed Twice"},"permissions":{"before":["api.api-tokens.read","api.tasks.read"],"after":["api.tasks.read"]}}', '\x076142f41584ece0e21f65b2eab2beed15cc068c87e3d6ce713a7ce5651efac5', '129713');
INSERT INTO public.audit_events VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f967-7548-ac80-3e0ecd313c5b', 2, 'rotated', '2026-11-27 18:45:49.552573+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '127.0.0.1', '01a21e53-f970-768d-a728-b677df1ff258', 1, '{"partialToken":{"before":"csg_…xh8h","after":"csg_…fH8J"},"replacedRetiresAt":{"before":null,"after":"2026-11-27T19:45:49.552573Z"}}', '\x87a17e5c1a28df734e6845da1f18a0ca225b38c05e1496e10b24c7699dc37cf8', '129714');
INSERT INTO public.audit_events VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f967-7548-ac80-3e0ecd313c5b', 3, 'rotated', '2026-11-27 18:45:49.554319+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '127.0.0.1', '01a21e53-f971-768d-a728-b677df1ff257', 2, '{"partialToken":{"before":"csg_…fH8J","after":"csg_…a6nK"},"replacedRetiresAt":{"before":null,"after":"2026-11-27T18:55:49.554319Z"}}', '\xcda9e9b2d329409de1bad5021319656f9240f7dc7a140e3c5354709d4638aa22', '129715');
INSERT INTO public.audit_events VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f967-7548-ac80-3e0ecd313c5b', 4, 'rotated', '2026-11-27 18:45:49.561244+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '127.0.0.1', '01a21e53-f977-768d-a728-b677df1ff256', 3, '{"partialToken":{"before":"csg_…a6nK","after":"csg_…STG7"},"replacedRetiresAt":{"before":null,"after":"2026-11-27T18:45:49.561244Z"}}', '\x08cd454f09fadeab2971625dade5ddf0cedf4e39a9e68e76435ef29da0c3a0ae', '129716');
INSERT INTO public.audit_events VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f96b-7778-a60d-112f7c91b99b', 2, 'rotated', '2026-11-27 18:45:49.565046+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '127.0.0.1', '01a21e53-f97a-768d-a728-b677df1ff255', 1, '{"partialToken":{"before":"csg_…0MbN","after":"csg_…wsAV"},"replacedRetiresAt":{"before":null,"after":"2026-11-27T18:46:49.565046Z"}}', '\x81a5666fd09f27efedc5cb1fcb077d588a5f32a979100eb66a1a3095a0aad4ed', '129717');
INSERT INTO public.audit_events VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f96b-7778-a60d-112f7c91b99b', 3, 'revoked', '2026-11-27 18:45:49.566206+00', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', '127.0.0.1', '01a21e53-f97e-768d-a728-b677df1ff254', 2, '{}', '\xc4c16ad10bcebdf66f18f094647458d3b429c4af62f464954f94060967394349', '129719');
INSERT INTO public.tenants VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', 'default', '2026-11-27 18:45:49.398761+00', '01a21e53-f8d6-7afa-87e6-6ec31f86e98c');
INSERT INTO public.token_search VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f8db-7f45-b6a8-c4c6e24709ac', 'root 2026-11-27t18:45:49.403920z', '{api.account-groupings.delete,api.account-groupings.read,api.account-groupings.write,api.admin-reports.run,api.analyses.delete,api.analyses.read,api.analyses.run,api.analyses.write,api.analysis-source-types.read,api.analysis-sources.delete,api.analysis-sources.read,api.analysis-sources.write,api.analysis-type-configuration.delete,api.analysis-type-configuration.read,api.analysis-type-configuration.write,api.analysis-types.read,api.api-tokens.delete,api.api-tokens.read,api.api-tokens.write,api.connection-data-sources.delete,api.connection-data-sources.read,api.connection-data-sources.write,api.connections.delete,api.connections.read,api.connections.write,api.data-tables.read,api.engagement-account-groupings.delete,api.engagement-account-groupings.read,api.engagement-account-groupings.write,api.engagements.delete,api.engagements.read,api.engagements.write,api.file-infos.read,api.file-manager.delete,api.file-manager.read,api.file-manager.write,api.filters.delete,api.filters.read,api.filters.write,api.libraries.delete,api.libraries.read,api.libraries.write,api.organizations.delete,api.organizations.read,api.organizations.write,api.reporting-period-config.delete,api.reporting-period-config.read,api.reporting-period-config.write,api.risk-ranges.delete,api.risk-ranges.read,api.risk-ranges.write,api.tasks.delete,api.tasks.read,api.tasks.write,api.users.delete,api.users.read,api.users.write,api.webhooks.delete,api.webhooks.read,api.webhooks.write,scim.user.delete,scim.user.read,scim.user.schema,scim.user.write}');
INSERT INTO public.token_search VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f960-7f05-a4ae-7d7e33b2dfca', 'plain', '{api.api-tokens.read,api.tasks.read}');
INSERT INTO public.token_search VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f967-7548-ac80-3e0ecd313c5b', 'rotated', '{api.api-tokens.read,api.tasks.read}');
INSERT INTO public.token_search VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f969-7c08-b59e-962a07bae6ca', 'changed twice', '{api.tasks.read}');
INSERT INTO public.token_secrets VALUES ('\xc7ff825b8e82a73ce29d3de1e0a52119dfd09c51d2da8ee97816a7458c75c00c', '01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f969-7c08-b59e-962a07bae6ca', 'csg_…gIFg', '2026-11-27 18:45:49.545936+00', NULL, NULL, NULL);
INSERT INTO public.token_secrets VALUES ('\x04d0570fa6988158673a4b945aa036a1e9a971e348a2ce8c91974ea941f4534a', '01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f967-7548-ac80-3e0ecd313c5b', 'csg_…xh8h', '2026-11-27 18:45:49.543959+00', '2026-11-27 18:45:49.554319+00', NULL, NULL);
INSERT INTO public.token_secrets VALUES ('\x040a6231e5623ccf0ab5085aab46766e51c3f6341067b86a27ce82704a6514aa', '01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f967-7548-ac80-3e0ecd313c5b', 'csg_…a6nK', '2026-11-27 18:45:49.554319+00', '2026-11-27 18:45:49.561244+00', NULL, NULL);
INSERT INTO public.token_secrets VALUES ('\x38670c091bf4340fc02f0f6320d55e41e95bf5d4f5ba35ae6e4053d13b940e67', '01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f967-7548-ac80-3e0ecd313c5b', 'csg_…fH8J', '2026-11-27 18:45:49.552573+00', '2026-11-27 18:45:49.561244+00', NULL, NULL);
INSERT INTO public.token_secrets VALUES ('\x90f0320d6970d0209c3bbb8073ba62a382fdc547b63ba9a9464960713e03f757', '01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f96b-7778-a60d-112f7c91b99b', 'csg_…wsAV', '2026-11-27 18:45:49.565046+00', NULL, NULL, NULL);
INSERT INTO public.token_secrets VALUES ('\x8f0ea35e49ccdcfd2db0b47430deaf22838b70de625b92e724cfc7a933d977c7', '01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f96b-7778-a60d-112f7c91b99b', 'csg_…0MbN', '2026-11-27 18:45:49.54727+00', '2026-11-27 18:46:49.565046+00', NULL, NULL);
INSERT INTO public.token_secrets VALUES ('\x849e3ed71bb36f7aaaa66c9402a56b6ea97164c9dd17bcddfc52f241114ae591', '01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f8db-7f45-b6a8-c4c6e24709ac', 'csg_…T4k9', '2026-11-27 18:45:49.403971+00', NULL, '2026-11-27 18:45:49.567583+00', '127.0.0.1');
INSERT INTO public.token_secrets VALUES ('\xd83f8cbab338ee1ef8a663b19a5dcf4f75bea08ec36bcac5cd16b47c1f333ab0', '01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f967-7548-ac80-3e0ecd313c5b', 'csg_…STG7', '2026-11-27 18:45:49.561244+00', NULL, '2026-11-27 18:45:49.574243+00', '127.0.0.1');
INSERT INTO public.token_secrets VALUES ('\xdd0dadb61c363307c0d7faf851899ec77e89bcfb043be4d96fe2e6d9a71dd966', '01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f960-7f05-a4ae-7d7e33b2dfca', 'csg_…c6BZ', '2026-11-27 18:45:49.536499+00', NULL, '2026-11-27 18:45:49.573125+00', '127.0.0.1');
INSERT INTO public.token_uses VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f969-7c08-b59e-962a07bae6ca', NULL, NULL);
INSERT INTO public.token_uses VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f8db-7f45-b6a8-c4c6e24709ac', '2026-11-27 18:45:49.567583+00', '127.0.0.1');
INSERT INTO public.token_uses VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f960-7f05-a4ae-7d7e33b2dfca', '2026-11-27 18:45:49.573125+00', '127.0.0.1');
INSERT INTO public.token_uses VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f967-7548-ac80-3e0ecd313c5b', '2026-11-27 18:45:49.574243+00', '127.0.0.1');
INSERT INTO public.users VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f8d6-7afa-87e6-6ec31f86e98c', 'Countersign', 'system', '2026-11-27 18:45:49.398761+00', NULL);
INSERT INTO public.users VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f8db-7f70-97d1-715e3bfc1bb2', 'Root 2026-11-27T18:45:49.403920Z', 'api_token', '2026-11-27 18:45:49.403971+00', NULL);
INSERT INTO public.users VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f960-7265-99f8-736063d3fdc8', 'plain', 'api_token', '2026-11-27 18:45:49.536499+00', NULL);
INSERT INTO public.users VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f967-7c15-9c48-cc400cb0ab65', 'rotated', 'api_token', '2026-11-27 18:45:49.543959+00', NULL);
INSERT INTO public.users VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f969-770c-9c1f-5e050cd58880', 'Changed Twice', 'api_token', '2026-11-27 18:45:49.545936+00', NULL);
INSERT INTO public.users VALUES ('01a21e53-f8d6-77be-b8b9-77f69973e50e', '01a21e53-f96b-7c07-9af7-cc1a2f174189', 'revoked', 'api_token', '2026-11-27 18:45:49.54727+00', '2026-11-27 18:45:49.566206+00');
ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (tenant_id, token_id, version_after);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, user_id, key);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (digest);
ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_name UNIQUE (name);
ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.token_search
    ADD CONSTRAINT token_search_pkey PRIMARY KEY (tenant_id, token_id);
ALTER TABLE ONLY public.token_secrets
    ADD CONSTRAINT token_secrets_pkey PRIMARY KEY (digest);
ALTER TABLE ONLY public.token_uses
    ADD CONSTRAINT token_uses_pkey PRIMARY KEY (tenant_id, token_id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (tenant_id, id);
CREATE INDEX api_tokens_live ON public.api_tokens USING btree (tenant_id, id) WHERE (revoked_at IS NULL);
CREATE INDEX api_tokens_live_created ON public.api_tokens USING btree (tenant_id, created_at, id) WHERE (revoked_at IS NULL);
CREATE INDEX api_tokens_live_expiry ON public.api_tokens USING btree (tenant_id, expiry, id) WHERE (revoked_at IS NULL);
CREATE UNIQUE INDEX api_tokens_live_name ON public.api_tokens USING btree (tenant_id, name_key) INCLUDE (id) WHERE (revoked_at IS NULL);
CREATE INDEX audit_events_order ON public.audit_events USING btree (tenant_id, at, token_id);
CREATE INDEX audit_events_tx ON public.audit_events USING btree (tx);
CREATE INDEX idempotency_keys_age ON public.idempotency_keys USING btree (tenant_id, user_id, created_at);
CREATE INDEX sessions_began ON public.sessions USING btree (began_at);
CREATE INDEX sessions_seen ON public.sessions USING btree (seen_at);
CREATE INDEX token_search_name ON public.token_search USING gin (name_key public.gin_trgm_ops) WITH (gin_pending_list_limit='256');
CREATE INDEX token_search_permissions ON public.token_search USING gin (permissions) WITH (gin_pending_list_limit='256');
CREATE INDEX token_secrets_token ON public.token_secrets USING btree (tenant_id, token_id);
CREATE INDEX token_uses_order ON public.token_uses USING btree (tenant_id, used_at NULLS FIRST, token_id);
CREATE TRIGGER api_tokens_begin_lists AFTER INSERT ON public.api_tokens FOR EACH ROW EXECUTE FUNCTION public.begin_lists();
CREATE TRIGGER api_tokens_keep_lists AFTER UPDATE ON public.api_tokens FOR EACH ROW WHEN (((old.name_key <> new.name_key) OR (old.permissions <> new.permissions) OR (new.revoked_at IS NOT NULL))) EXECUTE FUNCTION public.keep_lists();
CREATE TRIGGER audit_events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_tenant_id_created_by_fkey FOREIGN KEY (tenant_id, created_by) REFERENCES public.users(tenant_id, id);
ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_tenant_id_modified_by_fkey FOREIGN KEY (tenant_id, modified_by) REFERENCES public.users(tenant_id, id);
ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_tenant_id_token_id_fkey FOREIGN KEY (tenant_id, token_id) REFERENCES public.api_tokens(tenant_id, id);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id);
ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_system_user FOREIGN KEY (id, system_user_id) REFERENCES public.users(tenant_id, id);
ALTER TABLE ONLY public.token_search
    ADD CONSTRAINT token_search_tenant_id_token_id_fkey FOREIGN KEY (tenant_id, token_id) REFERENCES public.api_tokens(tenant_id, id);
ALTER TABLE ONLY public.token_secrets
    ADD CONSTRAINT token_secrets_tenant_id_token_id_fkey FOREIGN KEY (tenant_id, token_id) REFERENCES public.api_tokens(tenant_id, id);
ALTER TABLE ONLY public.token_uses
    ADD CONSTRAINT token_uses_tenant_id_token_id_fkey FOREIGN KEY (tenant_id, token_id) REFERENCES public.api_tokens(tenant_id, id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);
