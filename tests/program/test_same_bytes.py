"""The result does not depend, not in one bit, on how it is made."""

import json
import random

import pytest


def outputs(directory):
    """Name -> bytes of everything that must be equal; report.json tells of times and limits."""
    files = {file.name: file.read_bytes() for file in directory.iterdir() if file.name != "report.json"}
    assert {"ndvi_mean.tif", "ndvi_count.tif", "ndvi_mean.png", "ndvi_count.png", "item.json"} <= set(files)
    return files


VARIATIONS = [
    ["--threads", 1],
    ["--threads", 2],
    ["--threads", 5],
    ["--memory", "256MiB"],
    ["--memory", "1GiB", "--threads", 3],
    ["--order", "tile"],
    ["--order", "scene"],
    ["--order", "scene", "--threads", 1],
    ["--order", "tile", "--threads", 4, "--memory", "300MiB"],
]


@pytest.mark.parametrize("options", [[], ["--resampling", "average", "--crs", "EPSG:32718", "--resolution", 20]])
def test_limits_threads_and_order_change_no_bit(program, items, options):
    expected = outputs(program.composite(items, *options, out="base"))
    for k, variation in enumerate(VARIATIONS):
        assert outputs(program.composite(items, *options, *variation, out=f"v{k}")) == expected, variation


@pytest.mark.smoke
def test_many_threads_change_no_bit(program, items):
    one = outputs(program.composite(items, "--threads", 1, out="one"))
    assert outputs(program.composite(items, "--threads", 6, out="six")) == one


def test_the_order_of_the_items_changes_no_bit(program, copy_of_archive):
    catalog = copy_of_archive / "items.json"
    expected = outputs(program.composite(catalog, out="base"))
    collection = json.loads(catalog.read_text())
    for k in range(3):
        random.Random(k).shuffle(collection["features"])
        catalog.write_text(json.dumps(collection))
        assert outputs(program.composite(catalog, out=f"shuffled{k}")) == expected


@pytest.mark.parametrize("compression", ["deflate", "zstd", "lzw", "none"])
def test_compression_changes_no_pixel(program, items, compression):
    import numpy as np
    import rasterio

    plain = program.composite(items, out="plain")
    other = program.composite(items, "--compress", compression, out="other")
    for file in ("ndvi_mean.tif", "ndvi_count.tif"):
        with rasterio.open(plain / file) as a, rasterio.open(other / file) as b:
            assert np.array_equal(a.read(), b.read(), equal_nan=True)
            said = b.compression.name.lower() if b.compression else "none"
            assert said == compression


@pytest.mark.parametrize("method,apart", [("nearest", 0), ("cubic", 1e-6)])
def test_a_window_holds_the_pixels_of_the_whole(program, items, method, apart):
    """Lattice nodes belong to the output grid: of another grid the last bits of interpolated values may differ."""
    import numpy as np
    import rasterio

    options = ["--resampling", method, "--crs", "EPSG:32718", "--resolution", 30, "--index", "red=red"]
    whole = program.composite(items, *options, out="whole")
    part = program.composite(items, *options, "--bbox=-72.03,-39.42,-71.98,-39.39", out="part")
    with rasterio.open(whole / "red_mean.tif") as a, rasterio.open(part / "red_mean.tif") as b:
        window = rasterio.windows.from_bounds(*b.bounds, a.transform).round_offsets().round_lengths()
        assert np.allclose(a.read(window=window), b.read(), rtol=0, atol=apart, equal_nan=True)


def test_a_report_repeats_its_run(program, items):
    first = program.composite(items, "--resampling", "red=average", "--period", "month", out="first")
    second = program.work / "second"
    done = program.run("composite", "--recipe", first / "report.json", "-o", second, "--progress", "none")
    assert done.returncode == 0, done.stderr
    assert outputs(second) == outputs(first)
