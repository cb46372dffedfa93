"""What is written is what other programs expect: valid COGs, a valid STAC Item, a whole report, pictures."""

import json
import struct
import subprocess

import numpy as np
import pystac
import pytest
import rasterio
from pystac.validation.stac_validator import JsonSchemaSTACValidator

VALIDATOR = "osgeo_utils.samples.validate_cloud_optimized_geotiff"


@pytest.fixture(scope="module")
def result(archive, tmp_path_factory):
    from conftest import Program

    work = tmp_path_factory.mktemp("outputs")
    return Program(work).composite(archive / "items.json")


def test_nothing_but_the_results_is_left(result):
    assert sorted(file.name for file in result.iterdir()) == [
        "item.json", "ndvi_count.png", "ndvi_count.tif", "ndvi_mean.png", "ndvi_mean.tif", "report.json",
    ]  # fmt: skip


@pytest.mark.parametrize("file", ["ndvi_mean.tif", "ndvi_count.tif"])
def test_gdals_validator_accepts_the_cogs(result, file):
    """Debian's python3-gdal brings the validator; warnings count as failures."""
    done = subprocess.run(
        ["/usr/bin/python3", "-m", VALIDATOR, "--full-check=yes", result / file], capture_output=True, text=True
    )
    if "No module named" in done.stderr:
        pytest.skip("python3-gdal is not installed (scripts/setup --tests)")
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "is a valid cloud optimized GeoTIFF" in said, said
    assert "warning" not in said.lower(), said


def test_the_rasters_say_what_they_hold(result):
    with rasterio.open(result / "ndvi_mean.tif") as mean, rasterio.open(result / "ndvi_count.tif") as count:
        assert mean.descriptions == count.descriptions == ("DJF", "MAM", "JJA", "SON")
        assert mean.dtypes == ("float32",) * 4 and np.isnan(mean.nodata)
        assert set(count.dtypes) == {"uint16"} and count.nodata is None
        assert mean.interleaving.name == "band"
        assert mean.crs == count.crs == "EPSG:32619"
        assert mean.transform.c % 30 == 15 and mean.transform.f % 30 == 15
        assert np.array_equal(np.isfinite(mean.read()), count.read() > 0)
        assert np.nanmin(mean.read()) >= -1 and np.nanmax(mean.read()) <= 1


def test_overviews_fold_means_and_pick_counts(program, items):
    out = program.composite(items, "--resolution", 8)  # larger than one tile
    with rasterio.open(out / "ndvi_mean.tif") as dataset:
        assert dataset.overviews(1)[:1] == [2]
        full = dataset.read(1)
    with rasterio.open(out / "ndvi_mean.tif", overview_level=0) as dataset:
        half = dataset.read(1)
    rows, columns = full.shape[0] // 2 * 2, full.shape[1] // 2 * 2
    blocks = full[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2).astype(float)
    with np.errstate(all="ignore"):
        valid = np.isfinite(blocks).sum((1, 3))
        expected = np.where(valid > 0, np.nansum(blocks, (1, 3)) / valid, np.nan)
    assert np.allclose(half[: rows // 2, : columns // 2], expected, rtol=0, atol=1e-6, equal_nan=True)
    with rasterio.open(out / "ndvi_count.tif") as dataset:
        full = dataset.read(1)
    with rasterio.open(out / "ndvi_count.tif", overview_level=0) as dataset:
        assert np.array_equal(dataset.read(1), full[::2, ::2])


def test_the_item_is_a_valid_stac_item(result):
    """The core schema comes with pystac; those of extensions would need a network."""
    item = json.loads((result / "item.json").read_text())
    assert item["stac_version"] == "1.1.0"
    validator = JsonSchemaSTACValidator()
    assert validator.validate_core(item, pystac.STACObjectType.ITEM, item["stac_version"])
    assert pystac.Item.from_dict(item).id == item["id"]


def test_the_item_describes_the_rasters(result, items):
    item = json.loads((result / "item.json").read_text())
    scenes = json.loads(items.read_text())["features"]
    derived = [link for link in item["links"] if link["rel"] == "derived_from"]
    assert len(derived) == len(scenes)
    with rasterio.open(result / "ndvi_mean.tif") as dataset:
        properties = item["properties"]
        assert properties.get("proj:code", item["assets"].get("ndvi_mean", {}).get("proj:code")) == "EPSG:32619"
        holder = item["assets"]["ndvi_mean"] if "proj:shape" in item["assets"]["ndvi_mean"] else properties
        assert holder["proj:shape"] == list(dataset.shape)
        assert holder["proj:transform"][:6] == list(dataset.transform)[:6]
        bands = item["assets"]["ndvi_mean"]["bands"]
        assert [band.get("name", band.get("description")) for band in bands] == list(dataset.descriptions)
        for k, band in enumerate(bands):
            pixels = dataset.read(k + 1).astype(float)
            if np.isfinite(pixels).any():
                statistics = band["statistics"]
                assert statistics["minimum"] == pytest.approx(np.nanmin(pixels), abs=1e-6)
                assert statistics["maximum"] == pytest.approx(np.nanmax(pixels), abs=1e-6)
                assert statistics["mean"] == pytest.approx(np.nanmean(pixels), abs=1e-6)
    assert item["properties"].get("created") is None, "no clock time"


def test_the_report_is_whole(result, items):
    report = json.loads((result / "report.json").read_text())
    scenes = json.loads(items.read_text())["features"]
    assert {"recipe", "grid", "scenes", "skipped", "scaling", "masked_share", "coordinate_error_px", "memory", "read",
            "seconds"} <= set(report)  # fmt: skip
    assert {"crs", "transform", "shape"} <= set(report["grid"])
    assert {scene["id"] for scene in report["scenes"]} == {scene["id"] for scene in scenes}
    assert {"id", "datetime", "observation", "status"} <= set(report["scenes"][0])
    assert {"limit_bytes", "peak_bytes"} <= set(report["memory"])
    assert {"blocks", "blocks_decoded", "bytes_read", "bytes_decoded", "requests"} <= set(report["read"])
    assert report["skipped"] == []
    assert 0 < report["masked_share"] < 1
    assert report["coordinate_error_px"] < 1e-7
    assert report["read"]["blocks_decoded"] <= 1.5 * report["read"]["blocks"]


@pytest.mark.parametrize("file", ["ndvi_mean.png", "ndvi_count.png"])
def test_the_quick_looks_are_pictures(result, file):
    data = (result / file).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert 300 <= width <= 4000 and 300 <= height <= 4000


def test_json_is_one_document_on_standard_output(program, items):
    out = program.work / "out"
    done = program.run("composite", items, "-o", out, "--json", "--progress", "none")
    assert done.returncode == 0
    assert isinstance(json.loads(done.stdout), dict)


def test_reducers_can_be_chosen(program, items):
    out = program.composite(items, "--reduce", "count")
    assert not (out / "ndvi_mean.tif").exists() and (out / "ndvi_count.tif").exists()


def test_an_existing_result_is_replaced_only_when_asked(program, items):
    out = program.composite(items)
    before = (out / "ndvi_mean.tif").read_bytes()
    refused = program.run("composite", items, "-o", out, "--scaling", "none", "--progress", "none")
    assert refused.returncode == 2 and "--overwrite" in refused.stderr
    assert (out / "ndvi_mean.tif").read_bytes() == before
    program.composite(items, "--scaling", "none", "--overwrite")
    assert (out / "ndvi_mean.tif").read_bytes() != before


def test_a_trace_says_what_every_thread_did(program, items):
    trace = program.work / "trace.json"
    report = json.loads((program.composite(items, "--trace", trace, "--threads", 2) / "report.json").read_text())
    events = json.loads(trace.read_text())
    spans = [event for event in events if event["ph"] == "X"]
    assert {event["name"] for event in spans} == {"read", "decode", "fold", "finish", "write", "lay out files"}
    decoded = [event["args"]["block"] for event in spans if event["name"] == "decode"]
    assert len(decoded) == report["read"]["blocks_decoded"]
    chunks = {name: sorted(e["args"]["chunk"] for e in spans if e["name"] == name) for name in ("read", "fold")}
    assert chunks["read"] == chunks["fold"] == list(range(len(chunks["read"])))
    for thread in {event["tid"] for event in spans}:  # spans of a thread contain each other or are apart
        ends = []
        for event in sorted((e for e in spans if e["tid"] == thread), key=lambda e: (e["ts"], -e["dur"])):
            while ends and ends[-1] <= event["ts"] + 0.001:
                ends.pop()
            assert not ends or event["ts"] + event["dur"] <= ends[-1] + 0.002
            ends.append(event["ts"] + event["dur"])


def test_a_trace_that_cannot_be_written_is_named(program, items):
    done = program.run("composite", items, "-o", program.work / "out", "--trace", program.work / "no" / "trace.json")
    assert done.returncode == 3 and "--trace" in done.stderr
