"""What the service holds, as far as its answers told: ids, versions, cursors and the catalog."""

import json
import os
import urllib.request
import uuid
from datetime import UTC, datetime, timedelta

URL = os.environ["COUNTERSIGN_URL"]
TOKENS = "/api/v1/api-tokens"


class Store:
    def __init__(self):
        self.nobody = str(uuid.UUID(int=0))
        self.tokens = {}
        self.count = 0
        self.catalog = [entry["name"] for entry in self._call("GET", "/api/v1/permissions")["content"]]
        own = self._call("GET", TOKENS + "/current")["id"]
        made = self._make()
        self.steady = made["id"]
        # A second event, so that the first page of one is not the last.
        renamed = {"version": 1, "name": self.fresh("steady")}
        self._call("PUT", f"{TOKENS}/{self.steady}", renamed)
        self.protected = {own, self.steady}
        self.users = [self._call("GET", "/api/v1/users/current")["id"], made["userId"]]
        self.list_cursor = self._call("GET", TOKENS + "?limit=1")["nextCursor"]
        self.events_cursor = self._call("GET", f"{TOKENS}/{self.steady}/events?limit=1")["nextCursor"]

    def fresh(self, word):
        """A text that no earlier request held."""
        self.count += 1
        return f"{word} {self.count}".replace(" ", "-")

    def ahead(self, days):
        """An instant that many days from now, to the second."""
        return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def make(self):
        """Makes a token, and says its id."""
        made = self._make()
        self.tokens[made["id"]] = made["version"]
        return made["id"]

    def make_older(self):
        """Makes a token with an older secret, and says its id and that secret's."""
        token = self.make()
        rotation = {"version": 1, "overlapSeconds": 3600}
        self.tokens[token] = self._call("POST", f"{TOKENS}/{token}/rotate", rotation)["version"]
        return token, self._call("GET", f"{TOKENS}/{token}")["secrets"][1]["id"]

    def learn(self, case, response):
        """Takes note of what an answer says about a token."""
        path, status = case.operation.path, response.status_code
        if path == TOKENS and status == 201:
            made = response.json()
            self.tokens[made["id"]] = made["version"]
            self.users.append(made["userId"])
        elif path == TOKENS + "/{id}/secrets/{secret}/retire" and status == 204:
            # Its version has grown.
            self.tokens.pop(str(case.path_parameters.get("id", "")), None)
        elif path in (TOKENS + "/{id}", TOKENS + "/{id}/rotate"):
            target = str(case.path_parameters.get("id", ""))
            if status == 200 and case.operation.method.upper() == "DELETE":
                record = response.json()
                if not record.get("dryRun"):
                    for revoked in record["tokens"]:
                        self.tokens.pop(revoked["id"], None)
            elif status == 200 and target in self.tokens:
                record = response.json()
                if not record.get("dryRun"):
                    self.tokens[target] = record["version"]
            elif status in (204, 404):
                self.tokens.pop(target, None)

    def _make(self):
        permissions = self.catalog[:2]
        body = {"name": self.fresh("made"), "expiry": self.ahead(30), "permissions": permissions}
        return self._call("POST", TOKENS, body)

    def _call(self, method, path, body=None):
        headers = {
            "Authorization": "Bearer " + os.environ["COUNTERSIGN_ROOT_TOKEN"],
            "Content-Type": "application/json",
            # By this the service's log tells these requests from those that are tried.
            "X-Request-Id": "preparation",
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(URL + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


STORE = Store()
