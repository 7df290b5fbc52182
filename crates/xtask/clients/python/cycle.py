"""The life of a token through the client that openapi-generator makes for Python."""

import os
from datetime import datetime, timedelta, timezone

import openapi_client as api

configuration = api.Configuration(host=os.environ["COUNTERSIGN_URL"], access_token=os.environ["COUNTERSIGN_TOKEN"])
client = api.ApiClient(configuration)
tokens, checks = api.TokensApi(client), api.ChecksApi(client)
expiry = datetime.now(timezone.utc) + timedelta(days=30)


def refused(status, call):
    try:
        call()
    except api.ApiException as error:
        assert error.status == status, error
        return api.Problem.from_json(error.body)
    raise AssertionError(f"not refused with {status}")


made = tokens.create_token(
    api.TokenDraft(name="python", expiry=expiry, permissions=["api.api-tokens.read"], allowed_addresses=["127.0.0.1"])
)
assert made.token.startswith("csg_") and made.version == 1

read = tokens.get_token(made.id)
assert read.name == "python" and read.allowed_addresses == ["127.0.0.1"]

changed = tokens.update_token(read.id, api.TokenEdit(version=1, name="python, renamed"))
assert changed.version == 2 and changed.expiry == read.expiry
problem = refused(409, lambda: tokens.update_token(read.id, api.TokenEdit(version=1, name="lost")))
assert problem.type == "/problems/version-conflict" and problem.current_version == 2

rotated = tokens.rotate_token(read.id, api.TokenRotation(version=2, overlap_seconds=60))
assert rotated.token != made.token and rotated.version == 3

verdict = checks.verify_token(
    api.TokenQuestion(token=rotated.token, address="127.0.0.1", permissions=["api.api-tokens.read"])
)
assert verdict.active and verdict.code == "ok" and verdict.token.id == made.id
batch = checks.verify_token_batch(
    [api.TokenQuestion(token=made.token, address="127.0.0.1"), api.TokenQuestion(token="csg_")]
)
assert [one.code for one in batch] == ["ok", "invalid-token"] and batch[0].retirement_date

listed = tokens.list_tokens(limit=100)
assert made.id in [token.id for token in listed.content]
found = tokens.query_tokens(api.TokenFilter(name=api.TextFilter(iprefix="PYTHON")), size=10)
assert found.total_elements == 1 and found.content[0].id == made.id
later = api.TokenFilter(expiry=api.DateTimeFilter(gt=expiry + timedelta(days=1)), name=api.TextFilter(eq="python, renamed"))
assert tokens.query_tokens(later).total_elements == 0

# The proxy made a new kind of the first one.
events = tokens.list_token_events(made.id)
assert [event.type for event in events.content] == ["rotated", "updated", "imported"]

tokens.revoke_token(made.id)
refused(404, lambda: tokens.get_token(made.id))
assert not checks.verify_token(api.TokenQuestion(token=rotated.token)).active
