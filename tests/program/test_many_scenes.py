"""Thousands of items: few open files, little memory, and a first pixel soon."""

import json
import os
import resource
import subprocess

import pytest

from conftest import BINARY, TIMEOUT
from many_items import ManyItems, first_fold
from object_store import ObjectStore

ITEMS = 5000
OPEN_FILES = 256
MEMORY = 256  # MiB
ROUND_TRIP = 0.05  # seconds


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    return ManyItems(BINARY, tmp_path_factory.mktemp("buckets"), ITEMS)


def run_limited(folder, words, environment):
    """Runs the program with few open files; returns its output and its peak of resident memory in MiB."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))  # noqa: E731
    command = [str(BINARY), *map(str, words)]
    with open(folder / "said", "w+") as said, open(folder / "errors", "w+") as errors:
        process = subprocess.Popen(command, stdout=said, stderr=errors, env=environment, preexec_fn=limit)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0), errors.seek(0)
        assert process.returncode == 0, errors.read()
        return said.read(), used.ru_maxrss / 1024


@pytest.mark.parametrize("headers", [[], ["--probe"]], ids=["estimated", "every header"])
@pytest.mark.parametrize("remote", [False, True], ids=["local", "remote"])
def test_thousands_of_items_are_planned_in_little_memory(items, tmp_path, remote, headers):
    words = ["--period", "all", "--memory", f"{MEMORY}MiB", "--threads", 2, "--json", *headers]
    with ObjectStore(items.root) as store:
        place = "s3://demo" if remote else str(items.root / "demo")
        catalog = items.catalog(place, tmp_path / "items.json")
        environment = store.environment(AWS_NO_SIGN_REQUEST="YES")
        said, peak = run_limited(tmp_path, ["plan", catalog, *words], environment)
    plan = json.loads(said)
    assert plan["items"] == plan["scenes"] == ITEMS
    assert plan["headers_read"] == 3 * ITEMS if headers else plan["headers_read"] < 20
    assert plan["network"] is None if not remote else plan["network"]["files"] == 3 * ITEMS
    assert peak < MEMORY


def test_a_first_pixel_waits_for_few_round_trips(items, tmp_path):
    """At 64 requests at once, 1,500 headers are 24 of them and the flags of 500 scenes 8; some more until so many are in
    flight. What the machine itself takes does not count."""
    catalog = items.catalog("s3://demo", tmp_path / "items.json", 500)
    seconds = []
    for wait in (0, ROUND_TRIP):
        with ObjectStore(items.root, "--ttfb", 1000 * wait) as store:
            environment = store.environment(AWS_NO_SIGN_REQUEST="YES")
            seconds.append(first_fold(BINARY, catalog, environment, tmp_path, TIMEOUT))
    assert seconds[1] - seconds[0] < 60 * ROUND_TRIP
