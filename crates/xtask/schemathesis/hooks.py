"""Makes generated requests meet what is really stored.

A schema cannot say which tokens exist, what version one has or which instants lie ahead, so that nearly all that is
generated from it alone is refused, and refusals are all that such a run would try. Two of three requests are brought
into agreement with the store here, wherever a part of them is not meant to be wrong, and then have to be accepted.
The third goes out as it was generated.
"""

import re
import zlib

import schemathesis
from schemathesis.core.parameters import ParameterLocation

from store import STORE
from valid import draft, edit, filter_within_bounds, rotation, whole_numbers

TOKENS = "/api/v1/api-tokens"
TOKEN = TOKENS + "/{id}"
EVENTS = TOKEN + "/events"
HISTORY = "/api/v1/events"
ROTATE = TOKEN + "/rotate"
RETIRE = TOKEN + "/secrets/{secret}/retire"
USER = "/api/v1/users/{id}"
# What these take is a text to a schema, and a permission or an address to the service.
UNAIMED = ("/auth", TOKENS + "/verify", TOKENS + "/verify/batch", "/oauth2/introspect")

ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# The requests that were made acceptable, by their ids.
HELPED = set()


@schemathesis.hook
def before_call(context, case, **kwargs):
    if case.meta is not None:
        # Without ids, which are other ones in each run.
        content = [case.operation.label, case.query, case.headers, case.body]
        choice = zlib.crc32(ID.sub("", repr(content)).encode("utf-8", "surrogatepass"))
        # Hardly any text is a permission: a few requests of the third kind, and most are refused.
        helped = choice % 3 or case.operation.path == "/auth"
        if helped and _help(case, choice // 3):
            HELPED.add(case.id)
    protect(case)


def protect(case):
    """Keeps the run from revoking or narrowing the token that it runs with, and those that reading relies on."""
    target = str((case.path_parameters or {}).get("id", "")).lower()
    if case.method.upper() != "GET" and target in STORE.protected:
        case.path_parameters["id"] = STORE.nobody
    if case.method.upper() == "DELETE" and case.meta is not None and case.meta.phase.name.value == "stateful":
        # A check takes every success for a deletion.
        (case.query or {}).pop("dryRun", None)


@schemathesis.hook
def after_call(context, case, response):
    STORE.learn(case, response)


@schemathesis.check
def acceptable_request_is_accepted(ctx, response, case):
    """What agrees with the schema and with the store has to be done."""
    if case.id in HELPED and response.status_code not in (200, 201, 204, 304):
        raise AssertionError(f"refused with {response.status_code}, though nothing speaks against it")


def _help(case, choice):
    """Replaces what cannot be accepted; whether all of the request is acceptable now."""
    components = case.meta.components
    path, query, headers, body = (
        place not in components or components[place].mode.is_positive
        for place in (
            ParameterLocation.PATH,
            ParameterLocation.QUERY,
            ParameterLocation.HEADER,
            ParameterLocation.BODY,
        )
    )
    aimed = _aim(case, choice) if path else False
    version = STORE.tokens.get(str((case.path_parameters or {}).get("id", "")))
    if headers:
        _headers(case, choice, version)
    if query and "cursor" in (case.query or {}):
        _cursor(case)
    if query and case.operation.path == TOKEN and case.operation.method.upper() == "DELETE":
        _revocation(case)
    if query and headers and case.operation.path == "/auth":
        _wanted(case, choice)
    bounded = True
    if body and isinstance(case.body, dict):
        bounded = _body(case, choice, version)
    # Beside its parts, a request may be meant to be wrong in its method, its media type or what it leaves out.
    meant_well = case.meta.generation.mode.is_positive and case.method.upper() == case.operation.method.upper()
    return meant_well and path and query and headers and body and aimed and bounded


def _cursor(case):
    """A cursor leads on in its own list alone: that of a history or of revoked tokens is not kept."""
    if case.operation.path == HISTORY or "revoked" in case.query:
        del case.query["cursor"]
    else:
        case.query["cursor"] = STORE.events_cursor if case.operation.path == EVENTS else STORE.list_cursor


def _aim(case, choice):
    """Chooses something that exists. What a link led to stays: checks rely on it."""
    operation = case.operation
    if operation.path in UNAIMED:
        return False
    if "{id}" not in operation.path:
        return True
    if case.meta.phase.name.value == "stateful":
        return False
    if operation.path == RETIRE:
        token, secret = STORE.make_older()
        case.path_parameters = {"id": token, "secret": secret}
        return True
    if operation.path == USER:
        found = STORE.users
    elif operation.path == EVENTS:
        found = [STORE.steady]
    elif operation.method.upper() == "GET":
        found = [*STORE.tokens, STORE.steady]
    else:
        found = list(STORE.tokens) or [STORE.make()]
    case.path_parameters = {**(case.path_parameters or {}), "id": found[choice % len(found)]}
    return True


def _headers(case, choice, version):
    headers = case.headers or {}
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = STORE.fresh("key")
    if "If-Match" in headers and case.method.upper() == "GET":
        # Any version will do; of the caller's own record none is known here.
        headers["If-Match"] = "*"
    elif "If-Match" in headers and version is not None:
        tag = f'"{version}"'
        # Replacing none, `*` needs the version in the body.
        others = [f'W/"{version}", {tag}', f'"a,b" ,{tag}', tag]
        headers["If-Match"] = others[choice % len(others)]
    if "If-None-Match" in headers:
        headers["If-None-Match"] = ["*", '"1"', 'W/"2", "0"'][choice % 3]


def _revocation(case):
    """Brings the parameters into agreement: most have a meaning beside `descendants=true` only."""
    query = case.query or {}
    descendants, dry_run = (str(query.get(name, "")).lower() == "true" for name in ("descendants", "dryRun"))
    if not descendants:
        for name in ("since", "dryRun", "expectedCount", "allowLockout"):
            query.pop(name, None)
    elif dry_run:
        query.pop("expectedCount", None)
    else:
        query["expectedCount"] = "any"


def _wanted(case, choice):
    """Asks for a permission that there is: hardly any text is one, and what is none is refused."""
    (case.query or {}).pop("permission", None)
    wanted = ["*", *STORE.catalog]
    case.headers = {**(case.headers or {}), "X-Countersign-Permission": wanted[choice % len(wanted)]}


def _body(case, choice, version):
    path, method = case.operation.path, case.operation.method.upper()
    if path.endswith("/query"):
        case.body = whole_numbers(case.body)
        return filter_within_bounds(case.body)
    if path == ROTATE:
        if version is None:
            return False
        case.body = rotation(case.body, choice, version, cut="cut" in (case.query or {}))
        return True
    if path == TOKENS:
        case.body = draft(case.body, choice, STORE)
        return True
    if method == "PUT" and version is not None:
        case.body = edit(case.body, choice, STORE, version)
        return True
    return False
