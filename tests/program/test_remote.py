"""Catalogs and scenes on a server: an S3 endpoint on this machine (tests/tools/s3_stand)."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request

import pytest

from conftest import ROOT, Program
from real_server import make_certificate

GRID = ["--resolution", 90, "--period", "all", "--compress", "lzw"]
STAND = ROOT / "tests/tools/s3_stand/s3_stand.py"


@contextlib.contextmanager
def standing(root, *arguments):
    """The endpoint, and the environment in which it is found; no credentials but those given."""
    command = [sys.executable, str(STAND), "--root", str(root), "--exit-with-parent", *map(str, arguments)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        endpoint = json.loads(server.stdout.readline())["endpoint"]
        clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        yield endpoint, {
            **clean,
            "AWS_S3_ENDPOINT": endpoint,
            "AWS_HTTPS": "NO",
            "AWS_VIRTUAL_HOSTING": "FALSE",
            "AWS_ACCESS_KEY_ID": "AK",
            "AWS_SECRET_ACCESS_KEY": "SK",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    finally:
        server.kill()
        server.communicate()


@pytest.fixture(scope="module")
def bucket(archive, tmp_path_factory):
    """A folder of buckets; `demo` holds the archive."""
    root = tmp_path_factory.mktemp("buckets")
    shutil.copytree(archive, root / "demo/c")
    return root


@pytest.fixture(scope="module")
def plain(archive, tmp_path_factory):
    return Program(tmp_path_factory.mktemp("plain")).composite(archive / "items.json", *GRID)


def report(directory):
    return json.loads((directory / "report.json").read_text())


def same_pixels(a, b):
    return all((a / name).read_bytes() == (b / name).read_bytes() for name in ("ndvi_mean.tif", "ndvi_count.tif"))


def test_a_catalog_on_s3_gives_the_pixels_of_the_files(program, bucket, plain):
    with standing(bucket, "--key", "AK:SK") as (_, environment):
        out = program.composite("s3://demo/c/items.json", *GRID, env=environment)
    assert same_pixels(out, plain)
    assert report(out)["recipe"]["sources"] == ["s3://demo/c/items.json"]
    assert report(out)["assets"] == [{"place": "s3://demo", "assets": 36}]


def test_a_catalog_by_http_gives_the_pixels_of_the_files(program, bucket, plain):
    with standing(bucket) as (endpoint, environment):
        out = program.composite(f"http://{endpoint}/demo/c/items.json?token=abc", *GRID, env=environment)
    assert same_pixels(out, plain)
    assert report(out)["recipe"]["sources"] == [f"http://{endpoint}/demo/c/items.json?…"]
    assert report(out)["assets"] == [{"place": f"http://{endpoint}", "assets": 36}]


def test_a_catalog_that_is_not_there_is_one_clear_line(program, bucket):
    with standing(bucket) as (_, environment):
        done = program.run("plan", "s3://demo/c/gone.json", "-q", env=environment)
    assert done.returncode == 3
    (line,) = done.stderr.strip().splitlines()
    assert "s3://demo/c/gone.json" in line and "404" in line


def test_a_bucket_that_is_paid_for_needs_the_users_word_for_its_catalog(program, bucket):
    with standing(bucket, "--key", "AK:SK", "--requester-pays", "demo") as (_, environment):
        words = ["plan", "s3://demo/c/items.json", "-q"]
        refused = program.run(*words, env=environment)
        assert refused.returncode == 3 and "403" in refused.stderr, refused.stderr
        environment["AWS_REQUEST_PAYER"] = "requester"  # GDAL reads the headers
        for options in ([], ["--request-payer", "demo"], ["--request-payer", "requester"]):
            done = program.run(*words, *options, env=environment)
            assert done.returncode == 0, done.stderr
        refused = program.run(*words, "--request-payer", "none", env=environment)
        assert refused.returncode == 3 and "403" in refused.stderr, refused.stderr


FRONT = 32 << 10


def flipped(key, byte, **more):
    """A rule that inverts a bit of one byte of a header, the first time it is asked for."""
    return {"kind": "bitflip", "key": f"*{key}", "at": byte, "times": 1, **more}


def set_faults(endpoint, rules):
    urllib.request.urlopen(f"http://{endpoint}/__faults", data=json.dumps(rules).encode()).close()


def values_at(path, tag):
    """Where the first directory of a little-endian TIFF has the value of a tag."""
    head = path.read_bytes()[:FRONT]
    at = int.from_bytes(head[4:8], "little")
    for entry in range(at + 2, at + 2 + 12 * int.from_bytes(head[at:at + 2], "little"), 12):
        if int.from_bytes(head[entry:entry + 2], "little") == tag:
            return entry + 8
    raise KeyError(tag)


@pytest.mark.parametrize("tag", [317, 257, 33550], ids=["predictor", "height", "pixel size"])
def test_a_header_that_comes_damaged_is_fetched_again(program, bucket, plain, tag):
    red = sorted((bucket / "demo").rglob("*SR_B4.TIF"))[1]
    at = values_at(red, tag)
    if tag == 33550:  # lies elsewhere in the header
        at = int.from_bytes(red.read_bytes()[at:at + 4], "little") + 6
    with standing(bucket, "--key", "AK:SK") as (endpoint, environment):
        set_faults(endpoint, [flipped(red.name, at)])
        out = program.composite("s3://demo/c/items.json", *GRID, env=environment)
    network = report(out)["network"]
    assert same_pixels(out, plain)
    assert network["headers_refetched"] == 1
    (changed,) = network["headers_changed"]
    assert changed["asset"] == "red" and changed["doubt"], changed


def test_a_header_that_no_longer_is_one_is_fetched_again(program, bucket, plain):
    red = sorted((bucket / "demo").rglob("*SR_B4.TIF"))[1]
    with standing(bucket, "--key", "AK:SK") as (endpoint, environment):
        set_faults(endpoint, [flipped(red.name, 2)])
        out = program.composite("s3://demo/c/items.json", *GRID, env=environment)
    network = report(out)["network"]
    assert same_pixels(out, plain)
    assert network["headers_refetched"] == 1 and len(network["headers_changed"]) == 1


def test_headers_that_differ_in_the_store_are_believed(program, archive, tmp_path):
    shutil.copytree(archive, tmp_path / "demo/c")
    red = sorted((tmp_path / "demo").rglob("*SR_B4.TIF"))[1]
    with red.open("r+b") as file:
        at = values_at(red, 262)  # the photometric interpretation changes no pixel
        file.seek(at)
        file.write(b"\0")
    with standing(tmp_path, "--key", "AK:SK") as (_, environment):
        out = program.composite("s3://demo/c/items.json", *GRID, env=environment)
    network = report(out)["network"]
    assert (network["headers_refetched"], network["headers_changed"]) == (1, [])


def log(endpoint):
    with urllib.request.urlopen(f"http://{endpoint}/__log?n=2000") as answer:
        return json.loads(answer.read())


def header_requests(endpoint):
    return [r for r in log(endpoint) if r["key"].endswith(".TIF") and r["range"].startswith("0-")]


def reset(endpoint):
    urllib.request.urlopen(urllib.request.Request(f"http://{endpoint}/__reset", method="POST")).close()


class Twice:
    """The same composite, with headers kept in one folder."""

    def __init__(self, program, endpoint, environment):
        self.program, self.endpoint, self.environment = program, endpoint, environment
        self.folder = program.work / "kept"
        self.runs = 0

    def run(self, **options):
        reset(self.endpoint)
        self.runs += 1
        return self.program.composite("s3://demo/c/items.json", *GRID, "--cache-dir", self.folder,
                                      out=f"out{self.runs}", env=self.environment, **options)


@pytest.fixture
def twice(program, bucket, tmp_path):
    shutil.copytree(bucket, tmp_path / "buckets")
    with standing(tmp_path / "buckets", "--key", "AK:SK") as (endpoint, environment):
        yield Twice(program, endpoint, environment)


def test_headers_that_are_kept_are_not_fetched(twice, plain):
    first = twice.run()
    headers = len(header_requests(twice.endpoint))
    assert headers == 36 == len(list(twice.folder.iterdir()))
    assert report(first)["network"]["headers_kept"] == 0
    second = twice.run()
    assert header_requests(twice.endpoint) == []
    assert report(second)["network"]["headers_kept"] == headers
    assert same_pixels(first, plain) and same_pixels(second, plain)


def test_kept_headers_that_are_damaged_are_replaced(twice, plain):
    twice.run()
    for number, path in enumerate(sorted(twice.folder.iterdir())[:4]):
        whole = path.read_bytes()
        spoilt = [whole[:-9], whole[:7], b"", whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]][number]
        path.write_bytes(spoilt)
    assert same_pixels(twice.run(), plain)
    assert len(header_requests(twice.endpoint)) == 4
    assert same_pixels(twice.run(), plain)
    assert header_requests(twice.endpoint) == []


@pytest.mark.parametrize("skip", [[], ["--on-error", "skip"]], ids=["strict", "lenient"])
def test_kept_headers_of_objects_that_were_replaced_are_fetched_anew(twice, program, plain, skip):
    twice.run()
    red = sorted((program.work / "buckets").rglob("*SR_B4.TIF"))[1]
    red.write_bytes(sorted((program.work / "buckets").rglob("*SR_B5.TIF"))[1].read_bytes())  # other blocks
    done = program.run("composite", "s3://demo/c/items.json", "-o", program.work / "after", *GRID, *skip,
                       "--cache-dir", twice.folder, "--progress", "none", env=twice.environment)
    assert done.returncode == 0, done.stderr
    assert "stale" in done.stderr and red.name in done.stderr
    fresh = program.composite("s3://demo/c/items.json", *GRID, out="fresh", env=twice.environment)
    assert same_pixels(program.work / "after", fresh) and not same_pixels(fresh, plain)
    reset(twice.endpoint)
    assert same_pixels(twice.run(), fresh)
    assert header_requests(twice.endpoint) == []


def test_a_folder_for_headers_that_cannot_be_made_is_one_clear_line(program, bucket, tmp_path):
    (tmp_path / "file").write_text("")
    with standing(bucket, "--key", "AK:SK") as (_, environment):
        done = program.run("composite", "s3://demo/c/items.json", "-o", tmp_path / "o", *GRID,
                           "--cache-dir", tmp_path / "file" / "kept", "--progress", "none", env=environment)
    assert done.returncode == 3
    (line,) = done.stderr.strip().splitlines()
    assert "--cache-dir" in line and str(tmp_path / "file" / "kept") in line


@pytest.fixture(scope="module")
def many_blocks(tmp_path_factory):
    """A bucket whose rasters have 25 blocks each; its archive is `demo/c`."""
    root = tmp_path_factory.mktemp("many")
    done = Program(root).run("demo", root / "demo/c", "--scenes", 3, "--size", 1200)
    assert done.returncode == 0, done.stderr
    return root


def verified(program, catalog, environment=None, expect=0):
    done = program.run("verify", catalog, "--json", "--threads", 3, env=environment)
    assert done.returncode == expect, done.stderr
    return json.loads(done.stdout)


COUNTS = ("files", "blocks", "sparse_blocks", "bytes_read", "bytes_decoded")


def test_a_remote_archive_is_verified_in_long_ranges(program, many_blocks):
    here = verified(program, many_blocks / "demo/c/items.json")
    with standing(many_blocks, "--key", "AK:SK") as (endpoint, environment):
        there = verified(program, "s3://demo/c/items.json", environment)
        requests = [r for r in log(endpoint) if r["key"].endswith(".TIF")]
    assert [there[k] for k in COUNTS] == [here[k] for k in COUNTS]
    assert there["damaged"] == []
    assert here["blocks"] == 25 * here["files"]
    assert len(requests) < 3 * here["files"], "one for the header, one for the blocks, and a few to choose assets"


def test_damage_of_a_remote_archive_is_named_as_of_a_local_one(program, many_blocks, tmp_path):
    shutil.copytree(many_blocks, tmp_path / "buckets")
    bands = sorted((tmp_path / "buckets").rglob("*SR_B5*"))
    spoilt, cut, gone = bands
    data = bytearray(spoilt.read_bytes())
    for at in (len(data) // 2, len(data) - 100):
        data[at] ^= 4
    spoilt.write_bytes(data)
    cut.write_bytes(cut.read_bytes()[:-40000])
    gone.unlink()
    here = verified(program, tmp_path / "buckets/demo/c/items.json", expect=3)
    with standing(tmp_path / "buckets", "--key", "AK:SK") as (_, environment):
        there = verified(program, "s3://demo/c/items.json", environment, expect=3)
    assert [(d["item"], d["blocks"]) for d in there["damaged"]] == [(d["item"], d["blocks"]) for d in here["damaged"]]
    assert len(there["damaged"]) == 3
    assert [there[k] for k in COUNTS if k != "bytes_read"] == [here[k] for k in COUNTS if k != "bytes_read"]


@pytest.mark.parametrize("where", ["magic", "table", "blocks"])
def test_what_the_network_damages_is_no_damage_of_the_archive(program, many_blocks, where):
    red = sorted(many_blocks.rglob("*SR_B4.TIF"))[1]
    at = {"magic": 2, "table": values_at(red, 325), "blocks": 0.9}[where]
    if where == "table":
        at = int.from_bytes(red.read_bytes()[at:at + 4], "little") + 5  # of the second block
    rule = flipped(red.name, at, minbytes=FRONT + 1 if where == "blocks" else 0)
    with standing(many_blocks, "--key", "AK:SK") as (endpoint, environment):
        set_faults(endpoint, [rule])
        assert verified(program, "s3://demo/c/items.json", environment)["damaged"] == []
        (hit,) = [r for r in log(endpoint) if r.get("fault")]
    assert hit["range"].startswith("0-") == (where != "blocks")


def test_verify_takes_the_options_of_the_network(program, bucket):
    catalog = bucket / "demo/c/items.json"
    words = ["verify", catalog, "--href-replace", f"{bucket}/demo=s3://demo", "--json"]
    with standing(bucket, "--key", "AK:SK", "--requester-pays", "demo") as (_, environment):
        refused = program.run(*words, env=environment)
        paid = program.run(*words, "--request-payer", "demo", "--connections", 4, env=environment)
    assert refused.returncode == 3 and "REQUEST_PAYER=requester" in refused.stderr
    assert paid.returncode == 0 and json.loads(paid.stdout)["files"] == 36


def test_a_failure_ends_the_process_while_others_are_still_asked_for(program, bucket):
    """Signing uses OpenSSL, which takes itself apart when a process exits: nobody may be at it any more."""
    catalog = json.loads((bucket / "demo/c/items.json").read_text())
    many = []
    for k in range(20):
        for item in json.loads(json.dumps(catalog["features"])):
            item["id"] += f"_{k}"
            for asset in item["assets"].values():
                asset["href"] = f"s3://demo/gone/{k}/" + asset["href"].removeprefix("./")
            many.append(item)
    listed = program.work / "many.json"
    listed.write_text(json.dumps({**catalog, "features": many}))
    with standing(bucket, "--key", "AK:SK") as (_, environment):
        for _ in range(20):
            done = program.run("composite", listed, "-o", program.work / "out", "-q", env=environment, timeout=30)
            assert done.returncode == 3 and "404" in done.stderr, (done.returncode, done.stderr)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of its own for this machine, and its key; both PEM."""
    folder = tmp_path_factory.mktemp("tls")
    make_certificate(folder)
    return folder / "certificate.pem", folder / "key.pem"


@contextlib.contextmanager
def standing_by_https(bucket, certificate, trusted):
    pem, key = certificate
    with standing(bucket, "--key", "AK:SK", "--tls", f"{pem},{key}") as (endpoint, environment):
        secure = {"AWS_HTTPS": "YES", "AWS_S3_ENDPOINT": endpoint, "CURL_CA_BUNDLE": str(trusted)}
        yield endpoint, {**environment, **secure}


def test_https_gives_the_pixels_of_the_files(program, bucket, plain, certificate):
    with standing_by_https(bucket, certificate, certificate[0]) as (_, environment):
        out = program.composite("s3://demo/c/items.json", *GRID, env=environment)
    assert same_pixels(out, plain)


def test_a_certificate_that_is_not_trusted_is_one_clear_line(program, bucket, certificate):
    catalog = bucket / "demo/c/items.json"
    others = "/etc/ssl/certs/ca-certificates.crt"
    for trusted, said in ((others, "self-signed certificate"), (program.work / "gone.pem", "gone.pem")):
        with standing_by_https(bucket, certificate, trusted) as (_, environment):
            words = ["--href-replace", f"{bucket}/demo=s3://demo", "-o", program.work / "out", "-q"]
            done = program.run("composite", catalog, *words, env=environment, timeout=30)
        assert done.returncode == 3
        (line,) = done.stderr.splitlines()
        assert said in line and "CURL_CA_BUNDLE" in line and "1 attempt" in line
