"""`plan` tells what would be done, without reading a pixel."""

import json
import re
import resource

import pytest

# A grid that is turned by about 30 degrees against UTM.
TURNED = "+proj=omerc +lat_0=-39.35 +lonc=-72.03 +alpha=30 +gamma=0 +k=1 +units=m +type=crs"


def test_prints_a_table_and_a_document(program, items):
    table = program.run("plan", items)
    assert table.returncode == 0, table.stderr
    assert "GiB" in table.stdout and "EPSG:32619" in table.stdout
    document = program.json("plan", items)
    assert isinstance(document, dict) and document


def test_reads_no_pixels(program, copy_of_archive):
    """Rasters cut off behind their headers are enough for a plan."""
    for raster in copy_of_archive.rglob("*.TIF"):
        data = raster.read_bytes()
        raster.write_bytes(data[: max(8192, len(data) // 3)])
    assert program.run("plan", copy_of_archive / "items.json").returncode == 0


def test_takes_less_than_two_seconds_for_a_thousand_items(program, items, tmp_path):
    collection = json.loads(items.read_text())
    features = []
    for k in range(1000):
        feature = json.loads(json.dumps(collection["features"][k % len(collection["features"])]))
        feature["id"] += f"_{k}"
        for asset in feature["assets"].values():
            asset["href"] = str((items.parent / asset["href"]).resolve())
        features.append(feature)
    catalog = tmp_path / "many.json"
    catalog.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    # Processor time, the best of three: what others do on the machine does not count.
    assert min(processor_seconds(program, catalog) for _ in range(3)) < 2.0


def processor_seconds(program, catalog):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert program.run("plan", catalog).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_agrees_with_the_run_on_the_grid(program, items):
    import rasterio

    out = program.composite(items, "--crs", "EPSG:3857", "--resolution", 40)
    planned = program.json("plan", items, "--crs", "EPSG:3857", "--resolution", 40)
    with rasterio.open(out / "ndvi_mean.tif") as dataset:
        assert planned["grid"]["shape"] == list(dataset.shape)
        assert planned["grid"]["transform"][:6] == list(dataset.transform)[:6]


def test_says_what_both_orders_of_work_would_cost(program, items):
    order = program.json("plan", items)["order"]
    assert order["order"] == "tile" and "in scene order" in order["reason"]
    for name in ("tile", "scene"):
        cost = order[name]
        assert cost["fits"] and cost["seconds"] > 0 and cost["decoded_bytes"] > 0
        assert cost["spilled_bytes"] == cost["disk_bytes"] == 0
    asked = program.json("plan", items, "--order", "scene")["order"]
    assert asked["tile"] is None, "was not asked for, so not looked at"
    assert asked["scene"]["decoded_bytes"] == order["scene"]["decoded_bytes"]
    table = program.run("plan", items, "--order", "scene").stdout
    assert re.search(r"^  tile +not looked at$", table, re.MULTILINE)
    assert re.search(r"^  scene +about \d+\.\d CPU s beyond folding: .*nothing spilled$", table, re.MULTILINE)


def test_foresees_what_a_run_spills(program, items):
    """On one thread nobody overtakes: the estimate is exact."""
    how = ["--order", "scene", "--resolution", 6, "--period", "all", "--threads", 1, "--memory", "140MiB"]
    out = program.composite(items, *how, "--checkpoint", 0)
    report = json.loads((out / "report.json").read_text())
    planned, spilled = report["order"]["scene"], report["spill"]
    assert spilled["bytes_written"] == planned["spilled_bytes"] > 0
    assert spilled["disk_peak_bytes"] == planned["disk_bytes"]


def test_fails_as_the_run_would(program, items):
    for wrong, code in ((["--index", "nonsense"], 2), (["--memory", "16MiB"], 4), (["--datetime", "1990/1991"], 2)):
        assert program.run("plan", items, *wrong).returncode == code, wrong


@pytest.mark.parametrize(
    "options, words",
    [
        (["--resampling", "bilinear", "--resolution", "100"], "3.3 times coarser than 'red', and bilinear looks at"),
        (["--resampling", "average", "--crs", TURNED], "boxes that average takes cover 44 % of a pixel"),
        (["--resampling", "average", "--resolution", "100"], ""),
        (["--crs", TURNED], ""),
    ],
)
def test_says_when_a_method_does_not_suit_the_grid(program, items, options, words):
    done = program.run("plan", items, *options)
    assert done.returncode == 0, done.stderr
    assert words in done.stderr and (words or "average" not in done.stderr)
