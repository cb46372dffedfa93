"""The stand that the network is tested against (tests/tools/s3_stand) misbehaves as it is told, and only so."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from conftest import ROOT

STAND = [sys.executable, str(ROOT / "tests/tools/s3_stand/s3_stand.py")]
DATA = bytes(range(256)) * 4096  # 1 MiB


class Stand:
    def __init__(self, *arguments):
        command = [*STAND, "--exit-with-parent", *map(str, arguments)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def get(self, path="/b/a.tif", span="bytes=0-99999", method="GET", body=None, timeout=20, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers={**({"Range": span} if span else {}), **headers})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer
        finally:
            connection.close()

    def fault(self, rule):
        assert self.get("/__faults", None, "POST", rule)[0] == 200


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stand")
    for name in ("b/a.tif", "b/d/c.tif"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(DATA)
    return folder


@pytest.fixture
def start(root):
    stands = []

    def begin(*arguments):
        arguments = arguments if "--upstream" in arguments else ("--root", root, *arguments)
        stands.append(Stand(*arguments))
        return stands[-1]

    yield begin
    for stand in stands:
        stand.end()


def test_without_faults_it_serves_objects_ranges_and_lists(start):
    stand = start()
    assert stand.get()[:2] == (206, DATA[:100000])
    assert stand.get(span="bytes=-16")[:2] == (206, DATA[-16:])
    assert stand.get(span=None)[:2] == (200, DATA)
    assert stand.get(span="bytes=1048576-")[0] == 416
    assert stand.get("/b/none.tif")[0] == 404
    assert stand.get("/nobucket/none.tif")[0] == 404
    status, _, answer = stand.get(method="HEAD", span=None)
    assert (status, answer.getheader("Content-Length")) == (200, str(len(DATA)))
    listing = stand.get("/b?prefix=&delimiter=%2F", None)[1].decode()
    assert "<Key>a.tif</Key>" in listing
    assert "<Prefix>d/</Prefix>" in listing
    assert stand.get("/b/../../etc/passwd")[0] == 404


@pytest.mark.parametrize(
    ("rule", "status"),
    [("slowdown", 503), ("error:status=500", 500), ("expired", 400), ("expired:status=403", 403), ("denied", 403),
     ("missing", 404), ("html", 200), ("redirect", 307), ("otherregion:region=x", 301),
     ("otherregion:region=x,status=400", 400)],
)
def test_an_answer_fault_has_its_status(start, rule, status):
    stand = start()
    stand.fault(rule)
    assert stand.get()[0] == status


def test_a_rule_matches_attempts_and_keys(start):
    stand = start()
    stand.fault("slowdown:attempts=1")
    assert [stand.get()[0] for _ in range(3)] == [503, 206, 206]
    stand.fault("missing:key=d/*")
    assert (stand.get()[0], stand.get("/b/d/c.tif")[0]) == (206, 404)


def test_a_body_fault_spoils_what_it_says(start):
    stand = start()
    stand.fault("bitflip:at=5000")
    bad = stand.get()[1]
    assert [i for i in range(100000) if bad[i] != DATA[i]] == [5000]
    stand.fault("zero:at=0.5")
    assert stand.get()[1][50000:] == bytes(50000)
    stand.fault("short:at=0.25")
    status, body, answer = stand.get()
    assert (status, len(body), answer.getheader("Content-Range")) == (206, 25000, "bytes 0-24999/1048576")
    stand.fault("wrongrange:shift=7")
    status, body, answer = stand.get()
    assert (body, answer.getheader("Content-Range")) == (DATA[7:100007], "bytes 0-99999/1048576")
    stand.fault("otherrange:shift=7")
    status, body, answer = stand.get()
    assert (body, answer.getheader("Content-Range")) == (DATA[7:100007], "bytes 7-100006/1048576")
    stand.fault("othertag")
    assert stand.get()[2].getheader("ETag") == '"another"'
    stand.fault("fullbody")
    assert stand.get()[:2] == (200, DATA)
    stand.fault("empty")
    assert stand.get()[:2] == (206, b"")


@pytest.mark.parametrize("rule", ["truncate", "reset", "reset_early"])
def test_a_broken_connection_breaks(start, rule):
    stand = start()
    stand.fault(rule)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        stand.get()


@pytest.mark.parametrize("rule", ["stall:at=10,s=60", "stall_early:s=60"])
def test_a_stall_is_silent(start, rule):
    stand = start()
    stand.fault(rule)
    with pytest.raises(TimeoutError):
        stand.get(timeout=0.5)


def test_latency_and_bandwidth_take_their_time(start):
    stand = start("--ttfb", "80", "--bandwidth", "1M")
    begin = time.monotonic()
    stand.get()
    assert time.monotonic() - begin > 0.17  # 80 ms, and 0.1 MB at 1 MB/s


def test_the_same_seed_draws_the_same_faults(start):
    runs = []
    for _ in range(2):
        stand = start("--fault", "slowdown:rate=0.4", "--seed", "5")
        runs.append([stand.get(span=f"bytes={i * 100}-{i * 100 + 99}")[0] for i in range(40)])
    assert runs[0] == runs[1]
    assert 5 < runs[0].count(503) < 30


def test_unsigned_and_wrongly_signed_requests_are_refused(start):
    stand = start("--key", "AK:SK", "--public", "pub", "--requester-pays", "rp")
    assert stand.get()[0] == 403
    signature = "AWS4-HMAC-SHA256 Credential=XX/20260101/r/s3/aws4_request, SignedHeaders=host, Signature=00"
    assert stand.get(Authorization=signature, **{"x-amz-date": "20260101T000000Z"})[0] == 403


def test_requests_are_counted_and_logged(start, tmp_path):
    log = tmp_path / "log"
    stand = start("--log", log)
    stand.get(**{"x-amz-request-payer": "requester"})
    stats = json.loads(stand.get("/__stats", None)[1])
    counted = (stats["requests"], stats["sent_bytes"], stats["count"]["with x-amz-request-payer"])
    assert counted == (1, 100000, 1)
    line = json.loads(log.read_text().splitlines()[0])
    assert (line["key"], line["range"], line["status"]) == ("a.tif", "0-99999", 206)
    assert line["x-amz-request-payer"] == "requester"


def test_it_ends_with_its_parent():
    code = (
        f"import os, signal, subprocess; p = subprocess.Popen({STAND!r} + ['--root', '/tmp', '--exit-with-parent'],"
        " stdout=subprocess.PIPE); print(p.pid, flush=True); p.stdout.readline(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child = int(done.stdout.split()[0])
    for _ in range(100):
        try:
            with open(f"/proc/{child}/stat") as file:
                if file.read().split()[2] == "Z":
                    return
        except FileNotFoundError:
            return
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the stand outlived its parent")


def test_in_front_of_a_server_it_hands_on_and_spoils(start):
    behind = start("--key", "AK:SK", "--public", "*")
    stand = start("--upstream", f"127.0.0.1:{behind.port}", "--fault", "truncate:skip=1")
    assert stand.get()[:2] == (206, DATA[:100000])
    with pytest.raises(http.client.IncompleteRead):
        stand.get()
