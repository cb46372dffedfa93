"""Whole composites over a network that fails: what passes leaves no trace in the result, what stays is one clear line
and no file."""

import concurrent.futures
import json
import os
import re
import shutil
import socket
import time
from types import SimpleNamespace

import pytest

from conftest import Program
from network_faults import (
    BAD_DAYS, DAMAGED_BLOCKS, DAMAGED_FOR_GOOD, EVERY_RANGE, FILES, FRONT, GRID, HEADER_BYTES, NETWORK_WORDS, NO_HEADERS,
    OTHER_FRONTS, PATIENCE, PERSISTENT, RED, SCENES, SEED, SILENCE, SIZE, SLOW, SOON, WRONG_KEYS, at_first, bad_day,
    most_seconds, with_parameter,
)  # fmt: skip
from object_store import KEYS, ObjectStore, catalog_of
from small_runs import composite, demo_bucket, one_error, report, result, sample


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """A folder of buckets; `demo` holds an archive of two days."""
    return demo_bucket(tmp_path_factory, scenes=SCENES, size=SIZE, seed=SEED)


@pytest.fixture(scope="module")
def store(bucket):
    with ObjectStore(bucket, "--key", "AK:SK") as stand:
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


@pytest.fixture(params=sample(["s3", "http"], ["s3"]))
def either_site(request):
    """The same for what differs little between the two: only one of them, unless every fault is asked for."""
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


@pytest.mark.parametrize("attempts", sample([1, 2], [2]))
@pytest.mark.parametrize("rule", EVERY_RANGE.values())
def test_a_fault_that_every_range_meets_leaves_no_trace(program, either_site, rule, attempts):
    """Each range at its first attempt, or at its first two."""
    either_site.store.misbehave(at_first(rule, attempts))
    done = run(program, either_site)
    assert either_site.store.hits() >= attempts * FILES
    check_whole(program, either_site, done)


@pytest.mark.parametrize("rule", ["slowdown", "truncate", "html", "fullbody", "redirect"])
def test_a_web_server_s_fault_leaves_no_trace(program, by_http, rule):
    by_http.store.misbehave(at_first(rule, 1))
    done = run(program, by_http)
    assert by_http.store.hits() >= FILES
    check_whole(program, by_http, done)


@pytest.mark.parametrize("times", sample([1, 2], [2]))
@pytest.mark.parametrize("skip", [0, FILES], ids=["at open", "mid-run"])
@pytest.mark.parametrize("rule", SILENCE.values())
def test_a_server_that_falls_silent_leaves_no_trace(program, either_site, rule, skip, times):
    either_site.store.misbehave(with_parameter(rule, f"skip={skip},times={times}"))
    done = run(program, either_site)
    assert either_site.store.hits() == times
    check_whole(program, either_site, done)


@pytest.mark.parametrize("rule", SLOW.values())
def test_a_slow_server_is_waited_for(program, either_site, rule):
    either_site.store.misbehave(rule)
    check_whole(program, either_site, run(program, either_site))


@pytest.mark.parametrize("rule", DAMAGED_BLOCKS.values())
def test_a_block_that_comes_damaged_is_fetched_again(program, either_site, rule):
    either_site.store.misbehave(at_first(rule, 1, minbytes=FRONT + 1))
    done = run(program, either_site)
    assert either_site.store.hits() > 0
    check_whole(program, either_site, done)
    assert report(program.work / "out")["network"]["damaged_blocks"] > 0


@pytest.mark.parametrize("at", HEADER_BYTES)
def test_a_header_that_comes_damaged_is_fetched_again(program, either_site, at):
    either_site.store.misbehave(f"bitflip:at={at},times=1,key={RED}")
    done = run(program, either_site)
    assert either_site.store.hits() > 0
    check_whole(program, either_site, done)


@pytest.mark.parametrize("at", sample(range(2, 1040, 3), [5, 278, 311]))
def test_a_damaged_header_is_never_believed_in_silence(program, signed, at):
    signed.store.misbehave(f"bitflip:at={at},times=1,key={RED}")
    done = run(program, signed)
    if done.returncode:
        check_failed(program, done, HREF)
    else:
        check_whole(program, signed, done)


@pytest.mark.parametrize("rule", OTHER_FRONTS.values())
def test_a_front_that_is_another_file_s_is_fetched_again(program, either_site, rule):
    either_site.store.misbehave(at_first(rule, 1, times=FILES))
    done = run(program, either_site)
    assert either_site.store.hits() == FILES
    check_whole(program, either_site, done)


# ---------------------------------------------------------------- what stays


@pytest.mark.parametrize("case", PERSISTENT)
def test_a_fault_that_stays_is_one_clear_line_and_no_file(program, site, case):
    rule, says = PERSISTENT[case]
    site.store.misbehave(rule)
    begin = time.monotonic()
    done = run(program, site, *SOON)
    assert time.monotonic() - begin < PATIENCE
    check_failed(program, done, HREF, RANGE, *says)


@pytest.mark.parametrize("rule", DAMAGED_FOR_GOOD.values())
def test_a_block_that_stays_damaged_is_one_clear_line_and_no_file(program, either_site, rule):
    either_site.store.misbehave(rule)
    done = run(program, either_site)
    check_failed(program, done, HREF, r"block \(\d+, \d+\), \d+ bytes at byte \d+", r"fetched 3 times")


@pytest.mark.parametrize("rule", NO_HEADERS.values())
def test_a_header_that_stays_damaged_is_one_clear_line_and_no_file(program, either_site, rule):
    either_site.store.misbehave(rule)
    check_failed(program, run(program, either_site), r"/demo/c/\S+\.TIF: ")


def test_an_object_that_is_replaced_mid_run_is_never_mixed(program, bucket, tmp_path):
    """Really replaced, while its blocks are on their way: by the same bytes, which the run cannot know."""
    shutil.copytree(bucket, tmp_path / "buckets")
    with ObjectStore(tmp_path / "buckets") as store:
        catalog = catalog_of(bucket / "demo/c", "s3://demo/c", tmp_path / "items.json")
        store.misbehave(f"stall_early:s=1,skip={FILES},times=400")
        process_words = [catalog, *GRID]
        environment = store.environment(AWS_NO_SIGN_REQUEST="YES")

        def replace_when_open():
            while store.counts()["requests"] < FILES + 1:
                time.sleep(0.01)
            for path in (tmp_path / "buckets").rglob(RED):
                os.utime(path)

        with concurrent.futures.ThreadPoolExecutor() as pool:
            replaced = pool.submit(replace_when_open)
            done = composite(program, *process_words, env=environment, timeout=PATIENCE)
            replaced.result()
    check_failed(program, done, HREF, RANGE, "another object than before|HTTP 412", "fetch|again|changed|replaced")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("endpoint", ["127.0.0.1:{port}", "nowhere.invalid"])
def test_a_server_that_is_not_there_is_one_clear_line(program, signed, endpoint):
    environment = {**signed.environment, "AWS_S3_ENDPOINT": endpoint.format(port=free_port())}
    done = run(program, signed, *SOON, env=environment)
    says = "[Rr]esolve" if "invalid" in endpoint else "[Cc]onnect"
    check_failed(program, done, HREF, RANGE, says, r"\(\d+ attempts in [\d.]+ s\)")


# ---------------------------------------------------------------- leave out, go on


def scene_of(site, number):
    return json.loads(site.catalog.read_text())["features"][number]


@pytest.mark.parametrize("skip", [0, 1], ids=["at open", "mid-run"])
def test_a_scene_that_cannot_be_had_is_left_out_and_named(program, site, tmp_path, skip):
    scene = scene_of(site, 1)
    red = scene["assets"]["red"]["href"]
    site.store.misbehave(f"missing:key=*/{red.rsplit('/', 1)[1]},skip={skip}")
    done = run(program, site, "--on-error", "skip")
    assert done.returncode == 6, done.stderr
    (skipped,) = report(program.work / "out")["skipped"]
    assert (skipped["item"], skipped["asset"], skipped["href"]) == (scene["id"], "red", red)
    assert (skipped["status"], skipped["attempts"]) == (404, 1)
    assert re.fullmatch(RANGE, skipped["range"])
    assert f"skipped {scene['id']}: " in done.stdout
    check_same_without(program, site, scene, tmp_path)


def check_same_without(program, site, scene, folder):
    """The result is that of a catalog that does not know the scene."""
    document = json.loads(site.catalog.read_text())
    document["features"] = [feature for feature in document["features"] if feature["id"] != scene["id"]]
    (folder / "fewer.json").write_text(json.dumps(document))
    site.store.misbehave()
    left = program.work / "out"
    like = ["--like", left / "ndvi_mean.tif", *GRID[2:]]
    fewer = program.composite(folder / "fewer.json", *like, env=site.environment, out="fewer")
    for name in ("ndvi_mean.tif", "ndvi_count.tif"):
        assert (left / name).read_bytes() == (fewer / name).read_bytes(), name


def test_more_scenes_than_allowed_are_an_error(program, either_site):
    either_site.store.misbehave(f"missing:key={RED}")
    done = run(program, either_site, "--on-error", "skip", "--max-skipped", 1)
    check_failed(program, done, "--max-skipped", f"more than 1 of {SCENES} scenes", HREF, RANGE, "HTTP 404")


def test_a_run_that_failed_goes_on_when_the_fault_is_gone(program, site):
    words = ["--order", "scene", "--checkpoint", 0.000001]
    last = scene_of(site, SCENES - 1)["assets"]["nir08"]["href"].rsplit("/", 1)[1]
    site.store.misbehave(f"missing:key=*/{last},skip=1")
    check_failed(program, run(program, site, *words), HREF, RANGE, "HTTP 404")
    site.store.misbehave()
    check_whole(program, site, run(program, site, *words, "--resume"))


# ---------------------------------------------------------------- who may


def test_a_bucket_that_is_paid_for_is_read_with_the_users_word(program, bucket, signed):
    with ObjectStore(bucket, "--key", "AK:SK", "--requester-pays", "demo") as store:
        environment = store.environment(**KEYS)
        refused = run(program, signed, env=environment)
        check_failed(program, refused, HREF, RANGE, "HTTP 403", "AWS_REQUEST_PAYER=requester")
        check_whole(program, signed, run(program, signed, "--request-payer", "demo", env=environment))


@pytest.mark.parametrize("case", WRONG_KEYS)
def test_credentials_that_do_not_fit_are_one_clear_line(program, store, signed, case):
    keys, says = WRONG_KEYS[case]
    store.misbehave()
    done = run(program, signed, env=store.environment(**keys))
    line = check_failed(program, done, HREF, RANGE, "HTTP 403", says, "1 attempt")
    assert "SK" not in line.split()


@pytest.mark.parametrize("words", [[], ["--no-sign-request"]], ids=["without keys", "unsigned on purpose"])
def test_a_public_bucket_needs_no_credentials(program, bucket, signed, words):
    with ObjectStore(bucket, "--key", "AK:SK", "--public", "demo") as store:
        check_whole(program, signed, run(program, signed, *words, env=store.environment()))
        assert "signed" not in store.counts()["count"]


# ---------------------------------------------------------------- a bad day


@pytest.mark.parametrize("seed", sample(range(1, 31), [1, 2]))
@pytest.mark.parametrize("day", BAD_DAYS)
def test_a_bad_day_costs_time_only(program, bucket, signed, seed, day):
    times, more = BAD_DAYS[day]
    words = [word for rule in bad_day(times) for word in ("--fault", rule)]
    with ObjectStore(bucket, "--key", "AK:SK", "--seed", seed, *words) as store:
        begin = time.monotonic()
        done = run(program, signed, env=store.environment(**KEYS))
        seconds = time.monotonic() - begin
        faults = store.hits()
    check_whole(program, signed, done)
    assert seconds < most_seconds(signed.seconds, more)
    network = report(program.work / "out")["network"]
    check_network_line(done.stdout, network)
    assert network["retries"] + network["hedges"] + network["damaged_blocks"] >= min(faults, 1)


def check_network_line(text, network):
    """The summary says what the report says: what went over the network, and all that went wrong and nothing else."""
    (line,) = [line for line in text.splitlines() if line.startswith("network: ")]
    size = f"{network['bytes'] / (1 << 20):.1f} MiB"
    wrong = [f"{network[name]} {words}" for name, words in NETWORK_WORDS.items() if network[name]]
    assert line == "network: " + ", ".join([f"{network['requests']} requests", size, *wrong])


def test_a_summary_tells_of_a_bad_day(program, signed):
    signed.store.misbehave("slowdown:attempts=1,times=3", f"bitflip:minbytes={FRONT + 1},times=1")
    done = run(program, signed)
    check_whole(program, signed, done)
    network = report(program.work / "out")["network"]
    assert (network["retries"], network["throttled"], network["damaged_blocks"]) == (3, 3, 1)
    check_network_line(done.stdout, network)
    assert "3 tried again, 3 asked to slow down" in done.stdout
