"""Authlib against the running service: discovery, introspection, revocation, and a resource server.

It ends with an assertion that fails, or with the versions and what was tried on standard output.
"""

import os
from importlib.metadata import version

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6750 import InsufficientScopeError, InvalidTokenError
from authlib.oauth2.rfc7662 import IntrospectTokenValidator
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

URL = os.environ["COUNTERSIGN_URL"]
ROOT = os.environ["COUNTERSIGN_ROOT_TOKEN"]
OLD, NEW = os.environ["OLD_SECRET"], os.environ["NEW_SECRET"]
BOUND = os.environ["BOUND_SECRET"]

metadata = AuthorizationServerMetadata(
    requests.get(f"{URL}/.well-known/oauth-authorization-server", timeout=10).json()
)
metadata.validate()
assert metadata["issuer"] == URL


def client(secret, method):
    return OAuth2Session(
        "my-service, of which only the secret is looked at",
        secret,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
    )


def introspected(token, method="client_secret_basic", secret=ROOT, **fields):
    body = "&".join(f"{name}={value}" for name, value in fields.items())
    return client(secret, method).introspect_token(
        metadata["introspection_endpoint"],
        token=token,
        token_type_hint="access_token",
        body=body,
    )


for method in ("client_secret_basic", "client_secret_post"):
    answer = introspected(NEW, method).json()
    assert answer["active"] is True, answer
    assert answer["iss"] == URL
    assert answer["permissions"] == ["api.tasks.read", "api.tasks.write"]
    assert answer["scope"] == "api.tasks.read api.tasks.write"

refused = introspected(NEW, secret="wrong")
assert refused.status_code == 401
assert refused.headers["content-type"] == "application/json"
assert refused.json()["error"] == "invalid_client"

# A token that is bound to addresses is active only if the asker says the address.
assert introspected(BOUND).json() == {"active": False}
assert introspected(BOUND, address="192.0.2.9").json()["active"] is True


class Validator(IntrospectTokenValidator):
    def introspect_token(self, token_string):
        return introspected(token_string).json()


validator = Validator()
token = validator.authenticate_token(NEW)
validator.validate_token(token, ["api.tasks.read"], None)
for wanted, fault in [("api.tasks.delete", InsufficientScopeError)]:
    try:
        validator.validate_token(token, [wanted], None)
        raise SystemExit("a missing permission was not noticed")
    except fault:
        pass

# What clients do after a rotation: the old secret ends, and the token goes on.
for method, secret, left in [
    ("client_secret_basic", OLD, True),
    ("client_secret_post", NEW, False),
]:
    ended = client(secret, method).revoke_token(
        metadata["revocation_endpoint"], token=secret, token_type_hint="access_token"
    )
    assert ended.status_code == 200, ended.text
    assert introspected(secret).json() == {"active": False}
    assert introspected(NEW).json()["active"] is left

try:
    validator.validate_token(validator.authenticate_token(NEW), [], None)
    raise SystemExit("a revoked token was not noticed")
except InvalidTokenError:
    pass

print("Authlib", version("Authlib"))
