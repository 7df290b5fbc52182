"""The main job of the service over HTTP, as its user would do it: create a token, update it, verify
its secret, revoke it. Usage: main_job.py URL, with the root token's secret on standard input."""

import datetime
import json
import sys
import urllib.request

# No proxy of the environment.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
URL = sys.argv[1] + "/api/v1/api-tokens"
ROOT = sys.stdin.read().strip()


def call(method, path, body=None):
    """The status and the body of an answer."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {ROOT}", "Content-Type": "application/json"}
    request = urllib.request.Request(URL + path, data, headers, method=method)
    try:
        with OPENER.open(request, timeout=10) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    return status, json.loads(text) if text else None


def wanted(status, answer):
    """The body of an answer that has to have this status."""
    if answer[0] != status:
        sys.exit(f"{status} was wanted, and not {answer}")
    return answer[1]


expiry = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30)
made = wanted(
    201,
    call(
        "POST",
        "",
        {
            "name": "Nightly export",
            "expiry": expiry.strftime("%Y-%m-%dT00:00:00Z"),
            "permissions": ["api.engagements.read"],
        },
    ),
)
update = {"version": 1, "name": "Nightly export, renamed"}
changed = wanted(200, call("PUT", "/" + made["id"], update))
assert changed["version"] == 2 and changed["name"] == update["name"], changed
wanted(409, call("PUT", "/" + made["id"], update))
verdict = wanted(200, call("POST", "/verify", {"token": made["token"]}))
assert verdict["active"] is True, verdict
wanted(204, call("DELETE", "/" + made["id"]))
verdict = wanted(200, call("POST", "/verify", {"token": made["token"]}))
assert verdict["active"] is False, verdict
