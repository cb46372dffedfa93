#!/usr/bin/env python3
"""Hands out credentials as AWS's services do, for tests: an instance's metadata service (IMDSv2), a container's
endpoint, and STS. Every time they are others: AK1:SK1:TOKEN1, AK2:…, which end after --ttl seconds.

The first line on standard output is {"ready": true, "port": 40123}. GET /__log lists the requests.
  --token TEXT   what the container's endpoint wants as Authorization
  --no-role      an instance without a role          --stall   never answer
Standard library only; binds loopback only.
"""

import argparse
import ctypes
import datetime
import json
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

SESSION = "session-of-the-metadata-service"
ROLES = "/latest/meta-data/iam/security-credentials/"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_PUT(self):
        self.note()
        if self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds"):
            return self.reply(200, SESSION)
        return self.reply(400, "")

    def do_GET(self):
        if self.path == "/__log":
            return self.reply(200, json.dumps(self.server.requests))
        self.note()
        if self.path.startswith(ROLES):
            return self.metadata(self.path[len(ROLES):])
        if self.path == "/container":
            if self.server.options.token and self.headers.get("Authorization") != self.server.options.token:
                return self.reply(401, "")
            return self.reply(200, json.dumps(self.server.keys("Token")))
        return self.reply(404, "")

    def do_POST(self):
        form = dict(parse_qsl(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()))
        self.note(form)
        action = form.get("Action", "")
        if self.headers.get("Accept") != "application/json" or form.get("Version") != "2011-06-15":
            return self.reply(400, "not as it should be")
        if form.get("WebIdentityToken") == "bad":
            return self.reply(400, json.dumps({"Error": {"Code": "InvalidIdentityToken", "Message": "not valid"}}))
        keys = self.server.keys("SessionToken")
        if "Expiration" in keys:  # STS writes seconds where it writes JSON
            keys["Expiration"] = datetime.datetime.fromisoformat(keys["Expiration"].replace("Z", "+00:00")).timestamp()
        return self.reply(200, json.dumps({f"{action}Response": {f"{action}Result": {"Credentials": keys}}}))

    def metadata(self, role):
        if self.headers.get("X-aws-ec2-metadata-token") != SESSION:
            return self.reply(401, "")
        if self.server.options.no_role:
            return self.reply(404, "")
        if not role:
            return self.reply(200, "the-role\n")
        return self.reply(200, json.dumps({"Code": "Success", **self.server.keys("Token")}))

    def note(self, form=None):
        self.server.requests.append({"method": self.command, "path": self.path, "form": form or {},
                                     "authorization": self.headers.get("Authorization", "")})
        if self.server.options.stall:
            threading.Event().wait()


class Stand(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, options):
        super().__init__(("127.0.0.1", 0), Handler)
        self.options, self.requests, self.given, self.lock = options, [], 0, threading.Lock()

    def keys(self, token):
        with self.lock:
            self.given += 1
            n = self.given
        keys = {"AccessKeyId": f"AK{n}", "SecretAccessKey": f"SK{n}", token: f"TOKEN{n}"}
        if self.options.ttl:
            end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.options.ttl)
            keys["Expiration"] = end.strftime("%Y-%m-%dT%H:%M:%SZ")
        return keys


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exit-with-parent", action="store_true")
    parser.add_argument("--ttl", type=float, default=3600)
    parser.add_argument("--token")
    parser.add_argument("--no-role", action="store_true")
    parser.add_argument("--stall", action="store_true")
    options = parser.parse_args()
    if options.exit_with_parent:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    stand = Stand(options)
    print(json.dumps({"ready": True, "port": stand.server_address[1]}), flush=True)
    stand.serve_forever()


if __name__ == "__main__":
    main()
