"""Before headers are fetched in parallel, each bucket or server answers for one object: one that cannot be read ends the
run with one line and as good as no requests."""

import json
import socket
import socketserver
import threading
import time
from collections import Counter

import pytest

from object_store import KEYS, ObjectStore, catalog_of
from small_runs import composite, demo_bucket, one_error, report

GRID = ["--resolution", 60, "--period", "all", "--compress", "lzw", "--threads", 2]
SCENES = 6
SKIP = ["--on-error", "skip"]


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """A folder of buckets; `demo` holds an archive of three days."""
    return demo_bucket(tmp_path_factory, scenes=SCENES, size=300, seed=7)


@pytest.fixture(scope="module")
def store(bucket):
    with ObjectStore(bucket, "--key", "AK:SK") as stand:
        yield stand


@pytest.fixture(scope="module")
def open_store(bucket):
    with ObjectStore(bucket) as stand:
        yield stand


@pytest.fixture
def catalog(bucket, tmp_path):
    return catalog_of(bucket / "demo/c", "s3://demo/c", tmp_path / "items.json")


def refused(program, store, catalog, *words, rules=(), command="composite", **keys):
    """The error of a run that ends before anything is read, and the requests that it cost."""
    store.misbehave(*rules)
    more = ["-o", program.work / "out", "--progress", "none"] if command == "composite" else []
    done = program.run(command, catalog, *more, *words, env=store.environment(**keys))
    assert done.returncode == 3, f"exit {done.returncode}: {done.stderr}"
    assert not list(program.work.glob("out/*.tif"))
    return one_error(done), store.requests()


@pytest.mark.parametrize("command", ["composite", "plan", "verify"])
@pytest.mark.parametrize(
    ("rule", "keys", "says"),
    [
        ("denied", KEYS, "--request-payer"),
        ("expired", KEYS, "log in again"),
        (None, {**KEYS, "AWS_SECRET_ACCESS_KEY": "other"}, "these keys are wrong for this endpoint"),
        (None, {}, "no credentials were found (looked for in "),
        (None, {"AWS_NO_SIGN_REQUEST": "YES"}, "not signed, as --no-sign-request"),
    ],
    ids=["denied", "expired token", "wrong keys", "no keys", "not signed"],
)
def test_a_bucket_that_refuses_is_asked_once(program, store, catalog, command, rule, keys, says):
    words = GRID if command == "composite" else []
    line, requests = refused(program, store, catalog, *words, rules=[rule] if rule else [], command=command, **keys)
    assert says in line
    assert len(requests) == (3 if command == "verify" else 1), "verify looks at two other objects before it gives up"


def test_new_keys_are_tried_once(program, store, catalog, tmp_path):
    keys = '{"Version": 1, "AccessKeyId": "AK", "SecretAccessKey": "SK", "SessionToken": "%s"}'
    (tmp_path / "keys.sh").write_text(f"printf '{keys}' $(date +%s%N)")
    (tmp_path / "config").write_text(f"[default]\ncredential_process = sh {tmp_path}/keys.sh\n")
    _, requests = refused(program, store, catalog, *GRID, rules=["denied"], AWS_CONFIG_FILE=str(tmp_path / "config"))
    assert len(requests) == 2


def test_a_bucket_that_is_not_there_is_asked_once(program, store, bucket, tmp_path):
    catalog = catalog_of(bucket / "demo/c", "s3://nowhere/c", tmp_path / "nowhere.json")
    line, requests = refused(program, store, catalog, *GRID, **KEYS)
    assert "NoSuchBucket" in line and "endpoint" in line
    assert len(requests) == 1


def test_a_region_is_learned_once(program, store, catalog):
    store.misbehave("otherregion:region=eu-west-1")
    program.composite(catalog, *GRID, env=store.environment(**KEYS))
    assert sum(request["status"] >= 300 for request in store.requests()) == 1


def test_a_page_in_place_of_objects_is_looked_at_for_one_of_them(program, open_store, bucket, tmp_path):
    catalog = catalog_of(bucket / "demo/c", f"{open_store.place('http')}/demo/c", tmp_path / "http.json")
    line, requests = refused(program, open_store, catalog, *GRID, rules=["html"])
    assert "HTML page" in line and "--prefer s3" in line
    assert len({request["key"] for request in requests}) == 1 and len(requests) <= 4


def test_a_server_that_refuses_is_asked_once(program, open_store, bucket, tmp_path):
    catalog = catalog_of(bucket / "demo/c", f"{open_store.place('http')}/demo/c", tmp_path / "http.json")
    line, requests = refused(program, open_store, catalog, *GRID, rules=["error:status=401"])
    assert "HTTP 401" in line and "--sign-with" in line
    assert len(requests) == 1


@pytest.mark.parametrize("words", [[], SKIP], ids=["strict", "lenient"])
def test_a_server_that_is_not_there_ends_a_run_at_once(program, store, catalog, words):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nowhere = f"127.0.0.1:{probe.getsockname()[1]}"
        begin = time.monotonic()
        line, _ = refused(program, store, catalog, *GRID, *words, AWS_S3_ENDPOINT=nowhere)
        assert time.monotonic() - begin < 10
    assert "3 attempts" in line and "AWS_S3_ENDPOINT" in line


class PlainServer(socketserver.StreamRequestHandler):
    """Speaks HTTP whatever it is told."""

    def handle(self):
        self.request.recv(1 << 16)
        self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def test_a_server_without_tls_is_asked_by_https_for_a_moment_only(program, store, catalog):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), PlainServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = {"AWS_S3_ENDPOINT": f"127.0.0.1:{server.server_address[1]}", "AWS_HTTPS": "YES"}
        line, _ = refused(program, store, catalog, *GRID, **place)
        server.shutdown()
    assert "3 attempts" in line and "https or http?" in line


# ---------------------------------------------------------------- one object's matter, or all's


@pytest.mark.parametrize("command", ["composite", "plan", "verify"])
def test_scenes_are_not_left_out_because_their_bucket_refuses(program, store, catalog, command):
    words = {"composite": [*GRID, *SKIP], "plan": SKIP, "verify": []}[command]
    line, requests = refused(program, store, catalog, *words, rules=["denied"], command=command, **KEYS)
    assert "s3://demo: none of 3 objects" in line and "--request-payer" in line
    assert len({request["key"].rsplit("/", 1)[0] for request in requests}) == len(requests) == 3, "of three scenes"


def features_of(catalog):
    return json.loads(catalog.read_text())["features"]


def files_of(catalog, number):
    """A pattern that all keys of one scene match."""
    return "*/" + features_of(catalog)[number]["assets"]["red"]["href"].rsplit("/", 1)[1].replace("_SR_B4.TIF", "_*")


@pytest.mark.parametrize("rule", ["denied", "missing"])
def test_an_object_that_cannot_be_had_is_its_scene_s_matter(program, store, catalog, rule):
    """A bucket that may not be listed refuses what it does not have."""
    store.misbehave(f"{rule}:key={files_of(catalog, 0)}")
    out = program.composite(catalog, *GRID, *SKIP, env=store.environment(**KEYS), expect=6)
    assert [skipped["item"] for skipped in report(out)["skipped"]] == [features_of(catalog)[0]["id"]]


def test_an_object_that_is_not_there_ends_a_strict_run(program, store, catalog):
    line, _ = refused(program, store, catalog, *GRID, rules=[f"missing:key={files_of(catalog, 0)}"], **KEYS)
    assert "HTTP 404 NoSuchKey" in line


@pytest.mark.parametrize("words", [[], SKIP], ids=["strict", "lenient"])
def test_a_bucket_that_refuses_ends_a_run_although_another_does_not(program, bucket, catalog, words):
    document = json.loads(catalog.read_text())
    for feature in document["features"][::2]:
        for asset in feature["assets"].values():
            asset["href"] = asset["href"].replace("s3://demo/", "s3://closed/")
    catalog.write_text(json.dumps(document))
    with ObjectStore(bucket, "--key", "AK:SK", "--public", "demo") as store:
        line, requests = refused(program, store, catalog, *GRID, *words)
    assert "s3://closed" in line
    assert Counter(request["bucket"] for request in requests)["closed"] == (3 if words else 1)
