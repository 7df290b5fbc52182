-- Names of tenants are compared folded, as those of tokens are. Only the program can fold a name, so tenants that are there
-- already keep NULL, and are compared by the program; the index decides between two that are made at once.
ALTER TABLE tenants ADD COLUMN name_key TEXT;
CREATE UNIQUE INDEX tenants_name_key ON tenants (name_key);
