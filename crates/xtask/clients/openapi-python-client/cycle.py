"""The life of a token through the client that openapi-python-client makes."""

import os
from datetime import datetime, timedelta, timezone

from countersign_client import AuthenticatedClient
from countersign_client.api.checks import verify_token, verify_token_batch
from countersign_client.api.tokens import create_token, get_token, list_token_events, list_tokens, query_tokens
from countersign_client.api.tokens import revoke_token, rotate_token, update_token
from countersign_client.models import IssuedToken, TextFilter, TokenDraft, TokenEdit, TokenFilter
from countersign_client.models import TokenQuestion, TokenRotation

client = AuthenticatedClient(base_url=os.environ["COUNTERSIGN_URL"], token=os.environ["COUNTERSIGN_TOKEN"])
expiry = datetime.now(timezone.utc) + timedelta(days=30)

draft = TokenDraft(name="openapi-python-client", expiry=expiry, permissions=["api.api-tokens.read"])
made = create_token.sync(client=client, body=draft)
assert isinstance(made, IssuedToken), made

read = get_token.sync(made.id, client=client)
assert read.name == "openapi-python-client" and read.secrets[0].partial_token == made.partial_token

edit = TokenEdit(version=1, name="openapi-python-client, renamed")
assert update_token.sync(made.id, client=client, body=edit).version == 2
conflict = update_token.sync_detailed(made.id, client=client, body=edit)
assert conflict.status_code == 409 and conflict.parsed.type_ == "/problems/version-conflict"

rotated = rotate_token.sync(made.id, client=client, body=TokenRotation(version=2))
verdict = verify_token.sync(client=client, body=TokenQuestion(token=rotated.token))
assert verdict.active and verdict.token.id == made.id
questions = [TokenQuestion(token=rotated.token), TokenQuestion(token=made.token)]
assert [one.code for one in verify_token_batch.sync(client=client, body=questions)] == ["ok", "invalid-token"]

assert made.id in [token.id for token in list_tokens.sync(client=client, limit=100).content]
found = query_tokens.sync(client=client, body=TokenFilter(name=TextFilter(eq=edit.name)))
assert found.total_elements == 1

# The proxy made a new kind of the first one.
events = list_token_events.sync(made.id, client=client)
assert [event.type_ for event in events.content] == ["rotated", "updated", "imported"]

assert revoke_token.sync_detailed(made.id, client=client).status_code == 204
assert get_token.sync_detailed(made.id, client=client).status_code == 404
