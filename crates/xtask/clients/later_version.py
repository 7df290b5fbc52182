"""A proxy that answers as a later version of the service might: each object has a field that nobody knows yet, and each
kind of event a value that is new. A client that this breaks would be broken by the next release."""

import http.client
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

SERVICE = urlsplit(sys.argv[1])
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "host"}


def later(value):
    if isinstance(value, list):
        return [later(item) for item in value]
    if not isinstance(value, dict):
        return value
    value = {name: later(member) for name, member in value.items()}
    if value.get("type") == "created" and "encoding" in value:
        value.update(type="imported", encoding=99, hash="sha3:" + value["hash"])
    return {"addedLater": {"since": 2}, **value}


class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        service = http.client.HTTPConnection(SERVICE.hostname, SERVICE.port)
        service.request(self.command, self.path, body, headers)
        answer = service.getresponse()
        content = answer.read()
        if content and "json" in answer.headers.get("Content-Type", ""):
            content = json.dumps(later(json.loads(content))).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = forward

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
# Renamed when it is whole, so that nobody reads half of it.
with open(sys.argv[2] + ".part", "w") as file:
    file.write(f"http://127.0.0.1:{server.server_port}")
os.rename(sys.argv[2] + ".part", sys.argv[2])
server.serve_forever()
