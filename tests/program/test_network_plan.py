"""What `plan` says that a run will cost over the network, against what it costs."""

import json

import pytest

from object_store import KEYS, ObjectStore, catalog_of
from small_runs import add_archive, demo_bucket, report

GRID = ["--resolution", 30, "--period", "all", "--compress", "lzw", "--threads", 2]
FRONT = 32768  # bytes with which a file is opened
RANGE = 4 << 20  # the longest one


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """Folders of buckets: `demo` and `other` hold archives of rasters with 4 and 16 blocks."""
    root = demo_bucket(tmp_path_factory, scenes=6, size=900, seed=3)
    add_archive(root / "other/c", scenes=6, size=450, seed=3)
    return root


@pytest.fixture(scope="module")
def store(bucket):
    with ObjectStore(bucket) as stand:
        yield stand


@pytest.fixture
def catalog(bucket, tmp_path):
    return catalog_of(bucket / "demo/c", "s3://demo/c", tmp_path / "items.json")


def planned(program, catalog, *words, environment):
    done = program.run("plan", catalog, *words, "--json", env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["network"]


def run(program, store, catalog, *words):
    """What the plan says, and what the run's report and the stand's log say of the run."""
    environment = store.environment(AWS_NO_SIGN_REQUEST="YES")
    plan = planned(program, catalog, *words, "--probe", environment=environment)
    store.misbehave()
    out = program.composite(catalog, *words, env=environment)
    return plan, report(out)["network"], store.counts()


@pytest.mark.parametrize("order", ["tile", "scene"])
@pytest.mark.parametrize("memory", [[], ["--memory", "150MiB"]], ids=["", "little memory"])
@pytest.mark.parametrize("mask", [["--no-mask"], []], ids=["all", "masked"])
def test_a_run_costs_what_its_plan_says(program, store, catalog, order, memory, mask):
    plan, told, counts = run(program, store, catalog, *GRID, *mask, *memory, "--order", order)
    beside = told["hedges"] + told["retries"]  # on a busy machine: no plan knows of them
    assert counts["sent_bytes"] <= plan["bytes"] + beside * RANGE, "at most"
    assert not plan["estimated"]
    if mask:  # flags leave nothing out
        assert plan["bytes"] <= 1.05 * counts["sent_bytes"]
        requests = counts["requests"] - beside
        if not memory:
            assert plan["requests"] == pytest.approx(requests, rel=0.3)
        # How far a run with little memory looks ahead depends on what the process itself takes.
        assert told["planned"]["requests"] == pytest.approx(requests, rel=0.4 if memory else 0.3)
    assert told["planned"]["files"] == plan["files"]
    assert told["planned"]["blocks"]["bytes"] == plan["blocks"]["bytes"] or memory
    assert told["planned"]["headers"] == told["planned"]["fetched"], "a run's headers are there when it is planned"
    assert told["places"] == [
        {"place": "s3://demo", "requests": counts["requests"], "bytes": counts["sent_bytes"]}
    ]


def test_a_plan_without_all_headers_says_that_it_estimates(program, store, catalog):
    environment = store.environment(AWS_NO_SIGN_REQUEST="YES")
    exact = planned(program, catalog, *GRID, "--probe", environment=environment)
    store.misbehave()
    about = planned(program, catalog, *GRID, environment=environment)
    opened = store.counts()["requests"]
    assert about["estimated"] and opened < exact["files"]
    assert about["fetched"] == {"requests": opened, "bytes": opened * FRONT}
    assert about["headers"] == exact["headers"] == {"requests": exact["files"], "bytes": exact["files"] * FRONT}
    assert about["blocks"]["bytes"] == pytest.approx(exact["blocks"]["bytes"], rel=0.2)
    table = program.run("plan", catalog, *GRID, env=environment).stdout
    assert "at most ~" in table and f"fetched so far {opened * FRONT / (1 << 20):.1f} MiB in {opened} requests" in table


def test_headers_that_are_kept_cost_nothing(program, store, catalog):
    environment = store.environment(AWS_NO_SIGN_REQUEST="YES")
    words = [*GRID, "--cache-dir", program.work / "kept"]
    first = planned(program, catalog, *words, environment=environment)
    opened = first["fetched"]["requests"]
    assert first["headers"]["requests"] == first["files"] - opened, "what this plan has fetched is kept"
    store.misbehave()
    again = planned(program, catalog, *words, environment=environment)
    assert store.counts()["requests"] == again["fetched"]["requests"] == 0
    assert again["headers"] == first["headers"] and again["blocks"] == first["blocks"]


def test_every_bucket_is_told_of_and_who_pays(program, bucket, tmp_path):
    one = json.loads(catalog_of(bucket / "demo/c", "s3://demo/c", tmp_path / "one.json").read_text())
    other = json.loads(catalog_of(bucket / "other/c", "s3://other/c", tmp_path / "other.json").read_text())
    for feature in other["features"]:
        feature["id"] += "_other"
    both = tmp_path / "both.json"
    both.write_text(json.dumps({**one, "features": one["features"] + other["features"]}))
    words = [*GRID, "--request-payer", "demo"]
    with ObjectStore(bucket, "--key", "AK:SK", "--requester-pays", "demo") as store:
        environment = store.environment(**KEYS)
        plan = planned(program, both, *words, "--probe", environment=environment)
        store.misbehave()
        told = report(program.composite(both, *words, env=environment))["network"]
        table = program.run("plan", both, *words, env=environment).stdout
    assert [(p["place"], p["requester_pays"]) for p in plan["places"]] == [("s3://demo", True), ("s3://other", False)]
    for part in ("requests", "bytes", "files"):
        assert sum(place[part] for place in plan["places"]) == plan[part]
    for place, cost in zip(plan["places"], told["places"]):
        assert place["place"] == cost["place"] and cost["bytes"] <= place["bytes"]
    (charged,) = [line for line in table.splitlines() if "your account is charged" in line]
    assert charged.strip().startswith("s3://demo ")


def test_a_plan_of_local_files_says_nothing_of_a_network(program, bucket):
    items = bucket / "demo/c/items.json"
    assert program.json("plan", items)["network"] is None
    assert "network" not in program.run("plan", items).stdout
    assert report(program.composite(items, *GRID))["network"] is None
