-- Which tokens came from which: a token comes from whoever made it or gave it a secret. Each index
-- holds events of these two kinds alone, so that an update of a token, and its revocation, write
-- nothing into them.

-- From a maker to what it made, since an instant.
CREATE INDEX audit_events_made ON audit_events (tenant_id, by_user, at, token_id)
    WHERE kind IN ('created', 'rotated');
-- From a token to its makers, however often it was updated.
CREATE INDEX audit_events_makers ON audit_events (tenant_id, token_id, by_user)
    WHERE kind IN ('created', 'rotated');
-- From a maker, which events know by its user, to its token. Neither column ever changes.
CREATE INDEX api_tokens_user ON api_tokens (tenant_id, user_id);
