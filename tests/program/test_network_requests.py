"""How few requests and bytes a composite over a network costs: against what its files' own block tables allow."""

import shutil
import struct
from collections import Counter

import pytest

from merged_ranges import FRONT, MOST_BYTES, MOST_RANGES, Block, blocks_of, merged, needed_of
from object_store import ObjectStore, catalog_of
from small_runs import demo_bucket, report


def test_the_rule_merges_neighbours_up_to_its_limits():
    assert merged([Block(0, 3 << 20), Block(3 << 20, 1 << 20)]) == [Block(0, 4 << 20)]
    assert len(merged([Block(0, 3 << 20), Block(3 << 20, (1 << 20) + 1)])) == 2
    assert merged([Block(0, 31), Block(32, 0)]) == [Block(0, 32)]
    assert len(merged([Block(0, 30), Block(32, 0)])) == 2


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    return demo_bucket(tmp_path_factory, scenes=4, size=900, seed=3)


def ranges_of_run(program, bucket, files, order):
    """Asks a new stand for all blocks; gives the number of ranges, beside headers, and of bytes."""
    with ObjectStore(bucket) as store:
        catalog = catalog_of(bucket / "demo/c", "s3://demo/c", program.work / "items.json")
        words = ["--resolution", 30, "--period", "all", "--compress", "lzw", "--threads", 2, "--order", order, "--overwrite"]
        out = program.composite(catalog, *words, env=store.environment(AWS_NO_SIGN_REQUEST="YES"))
        requests, counts = store.requests(), store.counts()
    told = report(out)
    assert told["read"]["blocks"] == sum(len(blocks_of(file)) for file in files), "not every block is needed"
    assert told["network"]["requests"] == counts["requests"] == len(requests)
    assert told["network"]["bytes"] == counts["sent_bytes"]
    assert set(counts["count"]) == {"method GET", "unsigned", "status 206"}
    opened = Counter(request["key"] for request in requests if request["range"] == f"0-{FRONT - 1}")
    assert opened == {str(file.relative_to(bucket / "demo")): 1 for file in files}
    return len(requests) - len(files), counts["sent_bytes"]


@pytest.mark.parametrize("order", ["tile", "scene"])
def test_a_clean_run_asks_hardly_more_often_than_its_files_need(program, bucket, order):
    """On a busy machine a range goes now and then before its neighbours are known: the usual number counts."""
    files = sorted((bucket / "demo/c").rglob("*.TIF"))
    needed = needed_of(files)
    runs = [ranges_of_run(program, bucket, files, order) for _ in range(5)]
    assert sorted(ranges for ranges, _ in runs)[2] <= MOST_RANGES * needed.ranges, runs
    assert max(sent for _, sent in runs) <= MOST_BYTES * needed.bytes


def with_directory_at_end(path):
    """Moves the first directory of a TIFF behind everything else; what it points at stays where it is."""
    data = path.read_bytes()
    (at,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, at)
    path.write_bytes(data[:4] + struct.pack("<I", len(data)) + data[8:] + data[at : at + 2 + 12 * entries + 4])


def test_a_directory_at_the_end_of_a_file_costs_a_request_and_not_one_a_number(program, bucket):
    root = program.work / "buckets"
    shutil.copytree(bucket, root)
    files = sorted((root / "demo/c").rglob("*_SR_B4.TIF"))
    for file in files:
        with_directory_at_end(file)
    words = ["--resolution", 60, "--period", "all", "--compress", "lzw", "--threads", 2]
    with ObjectStore(root) as store:
        catalog = catalog_of(bucket / "demo/c", "s3://demo/c", program.work / "items.json")
        out = program.composite(catalog, *words, env=store.environment(AWS_NO_SIGN_REQUEST="YES"))
        requests = Counter(request["key"] for request in store.requests())
    assert max(requests[str(file.relative_to(root / "demo"))] for file in files) <= 6
    plain = program.composite(bucket / "demo/c/items.json", *words, out="plain")
    for name in ("ndvi_mean.tif", "ndvi_count.tif"):
        assert (out / name).read_bytes() == (plain / name).read_bytes()
