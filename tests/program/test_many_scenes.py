"""Thousands of items: few open files, little memory, and a first pixel soon."""

import datetime
import json
import os
import resource
import subprocess
import time

import pytest

from conftest import BINARY, TIMEOUT, Program
from object_store import ObjectStore

ITEMS = 5000
OPEN_FILES = 256
MEMORY = 256  # MiB
ROUND_TRIP = 0.05  # seconds


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """A bucket `demo` with a day's scene for each of 5,000 items, of three files each. Most of them are other names of the
    same few."""
    root = tmp_path_factory.mktemp("buckets")
    done = Program(root).run("demo", root / "demo", "--scenes", 20, "--size", 64)
    assert done.returncode == 0, done.stderr
    document = json.loads((root / "demo/items.json").read_text())
    scenes = document["features"]
    document["features"] = [copy_of(scenes[k % len(scenes)], k, root / "demo") for k in range(ITEMS)]
    return root, document


def copy_of(scene, number, folder):
    copy = json.loads(json.dumps(scene))
    copy["id"] += f"_{number}"
    day = datetime.datetime(2013, 1, 1, 14, 30) + datetime.timedelta(days=number % 1900, seconds=number)
    for name in {"datetime", "start_datetime", "end_datetime"} & copy["properties"].keys():
        copy["properties"][name] = day.strftime("%Y-%m-%dT%H:%M:%SZ")
    for asset in copy["assets"].values():
        source = folder / asset["href"]
        asset["href"] = asset["href"].removeprefix("./").replace(".TIF", f"_{number}.TIF")
        os.link(source, folder / asset["href"])
    return copy


def catalog_at(archive, place, path, count=ITEMS):
    """The first items, with their assets at `place`."""
    _, document = archive
    whole = json.loads(json.dumps({**document, "features": document["features"][:count]}))
    for feature in whole["features"]:
        for asset in feature["assets"].values():
            asset["href"] = f"{place}/{asset['href']}"
    path.write_text(json.dumps(whole))
    return path


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
def test_thousands_of_items_are_planned_in_little_memory(archive, tmp_path, remote, headers):
    words = ["--period", "all", "--memory", f"{MEMORY}MiB", "--threads", 2, "--json", *headers]
    with ObjectStore(archive[0]) as store:
        place = "s3://demo" if remote else str(archive[0] / "demo")
        catalog = catalog_at(archive, place, tmp_path / "items.json")
        environment = store.environment(AWS_NO_SIGN_REQUEST="YES")
        said, peak = run_limited(tmp_path, ["plan", catalog, *words], environment)
    plan = json.loads(said)
    assert plan["items"] == plan["scenes"] == ITEMS
    assert plan["headers_read"] == 3 * ITEMS if headers else plan["headers_read"] < 20
    assert plan["network"] is None if not remote else plan["network"]["files"] == 3 * ITEMS
    assert peak < MEMORY


def first_fold(program, catalog, environment, trace):
    """Seconds from the start of the process to the end of the first fold."""
    words = ["--period", "all", "--threads", 2, "--trace", trace]
    begin = time.monotonic()
    program.composite(catalog, *words, "--overwrite", env=environment, timeout=TIMEOUT)
    whole = time.monotonic() - begin
    spans = [span for span in json.loads(trace.read_text()) if "dur" in span]
    ends = [(span["ts"] + span["dur"]) / 1e6 for span in spans]
    return whole - max(ends) + min(end for end, span in zip(ends, spans) if span["name"] == "fold")


def test_a_first_pixel_waits_for_few_round_trips(program, archive, tmp_path):
    """At 64 requests at once, 1,500 headers are 24 of them and the flags of 500 scenes 8; some more until so many are in
    flight. What the machine itself takes does not count."""
    catalog = catalog_at(archive, "s3://demo", tmp_path / "items.json", 500)
    seconds = []
    for wait in (0, ROUND_TRIP):
        with ObjectStore(archive[0], "--ttfb", 1000 * wait) as store:
            environment = store.environment(AWS_NO_SIGN_REQUEST="YES")
            seconds.append(first_fold(program, catalog, environment, tmp_path / "trace.json"))
    assert seconds[1] - seconds[0] < 60 * ROUND_TRIP
