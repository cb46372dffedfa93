"""Whole composites over a network that fails: what passes leaves no trace in the result, what stays is one clear line
and no file."""

import json
import os
import re
import shutil
import time
from types import SimpleNamespace

import pytest

from conftest import Program
from object_store import KEYS, ObjectStore, catalog_of
from small_runs import EVERY, composite, nothing_in, one_error, report, result, sample

GRID = ["--resolution", 60, "--period", "all", "--compress", "lzw", "--threads", 2]
FRONT = 32768  # bytes with which a file is opened
SCENES, BANDS = 4, 3
FILES = SCENES * BANDS
SOON = ["--read-timeout", 3]  # what stays wrong is given up
PATIENCE = 30  # seconds: no run of these takes longer, on a slow machine and with a silent server
RED = "*_SR_B4.TIF"  # the red band of every scene
"""The first red band to be read at all, of the scene that is first in time."""


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """A folder of buckets; `demo` holds an archive of two days."""
    root = tmp_path_factory.mktemp("buckets")
    done = Program(root).run("demo", root / "demo/c", "--scenes", SCENES, "--size", 600, "--seed", 7)
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture(scope="module")
def store(bucket):
    with ObjectStore(bucket, "--key", "AK:SK", "--public", "open") as stand:
        yield stand


@pytest.fixture(scope="module")
def plain_store(bucket):
    """The same by HTTP, for everybody."""
    with ObjectStore(bucket) as stand:
        yield stand


def site_at(store, bucket, folder, scheme, **more):
    """A catalog whose assets are in the store, and the environment to read it in."""
    catalog = catalog_of(bucket / "demo/c", f"{store.place(scheme)}/demo/c", folder / f"{scheme}.json")
    site = SimpleNamespace(store=store, scheme=scheme, catalog=catalog, environment=store.environment(**more))
    store.misbehave()
    begin = time.monotonic()
    site.whole = result(Program(folder).composite(catalog, *GRID, env=site.environment, out=f"{scheme}-whole"))
    site.seconds = time.monotonic() - begin
    return site


@pytest.fixture(scope="module")
def signed(store, bucket, tmp_path_factory):
    return site_at(store, bucket, tmp_path_factory.mktemp("signed"), "s3", **KEYS)


@pytest.fixture(scope="module")
def by_http(plain_store, bucket, tmp_path_factory):
    return site_at(plain_store, bucket, tmp_path_factory.mktemp("http"), "http")


@pytest.fixture(params=["s3", "http"])
def site(request):
    """The archive in S3 and on a web server, without faults."""
    found = request.getfixturevalue("signed" if request.param == "s3" else "by_http")
    yield found
    found.store.misbehave()


def run(program, site, *words, **options):
    options = {"env": site.environment, "timeout": PATIENCE, **options}
    return composite(program, site.catalog, *GRID, *words, **options)


def check_whole(program, site, done):
    assert done.returncode == 0, done.stderr
    assert result(program.work / "out") == site.whole


def check_failed(program, done, *says):
    """One line on standard error with all that must be said, and nothing under a final name."""
    assert done.returncode == 3, f"exit {done.returncode}: {done.stderr}"
    line = one_error(done)
    for word in says:
        assert re.search(word, line), f"'{word}' is not said: {line}"
    out = program.work / "out"
    assert not out.exists() or all(path.name.startswith(".cubemill-") for path in out.iterdir())
    return line


HREF = r"/demo/c/\S+\.TIF: "
RANGE = r"bytes \d+-\d+"


def test_what_comes_by_network_is_what_lies_on_the_disk(program, bucket, site):
    local = result(program.composite(bucket / "demo/c/items.json", *GRID, out="local"))
    pixels = [name for name in local if name.endswith(".tif")]
    assert len(pixels) == 2
    for name in pixels:
        assert site.whole[name] == local[name]


# ---------------------------------------------------------------- what passes

# Each fault at the first attempt of every range, or at the first two.
EVERY_RANGE = [
    "slowdown",
    "error:status=500",
    "error:status=429",
    "reset_early",
    "reset",
    "truncate",
    "truncate:at=0",
    "short",
    "short:at=0.99",
    "empty",
    "html",
    "fullbody",
    "otherrange",
    "redirect",
]


def with_parameter(rule, parameter):
    return f"{rule}{',' if ':' in rule else ':'}{parameter}"


@pytest.mark.parametrize("attempts", [1, 2])
@pytest.mark.parametrize("rule", EVERY_RANGE)
def test_a_fault_that_every_range_meets_leaves_no_trace(program, site, rule, attempts):
    site.store.misbehave(with_parameter(rule, f"attempts={attempts}"))
    done = run(program, site)
    assert site.store.hits() >= attempts * FILES
    check_whole(program, site, done)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("skip", [0, FILES], ids=["at open", "mid-run"])
@pytest.mark.parametrize("rule", ["stall_early:s=60", "stall:s=60", "stall:at=0,s=60"])
def test_a_server_that_falls_silent_leaves_no_trace(program, site, rule, skip, times):
    site.store.misbehave(with_parameter(rule, f"skip={skip},times={times}"))
    done = run(program, site)
    assert site.store.hits() == times
    check_whole(program, site, done)


def test_a_slow_server_is_waited_for(program, site):
    site.store.misbehave("bandwidth:bps=200000")
    check_whole(program, site, run(program, site))


@pytest.mark.parametrize("rule", ["bitflip:at=0.3", "bitflip:at=0.9,n=3", "zero", "wrongrange"])
def test_a_block_that_comes_damaged_is_fetched_again(program, site, rule):
    site.store.misbehave(with_parameter(rule, f"minbytes={FRONT + 1},attempts=1"))
    done = run(program, site)
    assert site.store.hits() > 0
    check_whole(program, site, done)
    assert report(program.work / "out")["network"]["damaged_blocks"] > 0


# Where in a file whose directory begins at byte 192 or so: the magic, where the directory is, its length, tags, keys and
# block tables.
@pytest.mark.parametrize("at", sample(range(0, 1000, 7), [1, 4, 5, 192, 196, 220, 300, 420, 500, 560, 640]))
def test_a_header_that_comes_damaged_is_fetched_again(program, site, at):
    site.store.misbehave(f"bitflip:at={at + 2},attempts=1,key={RED}")
    done = run(program, site)
    assert site.store.hits() > 0
    check_whole(program, site, done)


@pytest.mark.parametrize("rule", ["wrongrange", "zero:at=0", "zero:at=2"])
def test_a_front_that_is_another_file_s_is_fetched_again(program, site, rule):
    site.store.misbehave(with_parameter(rule, f"attempts=1,times={FILES}"))
    done = run(program, site)
    assert site.store.hits() == FILES
    check_whole(program, site, done)
