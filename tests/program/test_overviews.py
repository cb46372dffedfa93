"""Bands read from overviews, flags in full: pixel by pixel against numpy on what GDAL's own overviews hold."""

import json
from fractions import Fraction

import failio
import numpy as np
import overviews
import pytest
import rasterio
from rasterio.enums import Resampling
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT

from test_remote import report, standing

CORNER = (500015, 5000025)
GOOD, CLOUD, NOTHING = 0, 1, 255
FLAGS = ["--qa-band", "qa", "--keep-values", GOOD, "--scaling", "none", "--period", "all"]
INDEX = ["--index", "v=red"]
RUN = [*INDEX, *FLAGS, "--groupby", "scene"]


class Scene:
    """Rasters with overviews and an item; `bands` are arrays by asset, `pixel` their sizes where not 30 m."""

    def __init__(self, folder, name, bands, levels=(2, 4, 8), made="average", driver="GTiff", pixel=None, corner=CORNER,
                 without=(), day=1):
        self.folder, self.name, self.day = folder, name, day
        self.pixel = {key: (pixel or {}).get(key, 30) for key in bands}
        self.corner, self.shapes = corner, {key: array.shape for key, array in bands.items()}
        folder.mkdir(parents=True, exist_ok=True)
        for key, array in bands.items():
            self.write(key, array, () if key in without else levels, made, driver)

    def path(self, key):
        return self.folder / f"{self.name}_{key}.tif"

    def transform(self, key):
        size = self.pixel[key]
        return Affine(size, 0, self.corner[0], 0, -size, self.corner[1])

    def write(self, key, array, levels, made, driver):
        profile = {"width": array.shape[1], "height": array.shape[0], "count": 1, "dtype": array.dtype,
                   "crs": "EPSG:32632", "transform": self.transform(key), "nodata": NOTHING if key == "qa" else 0,
                   "compress": "deflate"}
        if driver == "COG":
            profile.update(blocksize=128, overview_resampling=made, overviews="AUTO" if levels else "NONE")
        else:
            profile.update(tiled=True, blockxsize=64, blockysize=64)
        with rasterio.open(self.path(key), "w", driver=driver, **profile) as raster:
            raster.write(array, 1)
        if driver == "GTiff" and levels:
            with rasterio.Env(GDAL_TIFF_OVR_BLOCKSIZE=64), rasterio.open(self.path(key), "r+") as raster:
                raster.build_overviews(levels, Resampling[made])

    def item(self, metadata=False):
        assets = {}
        for key, shape in self.shapes.items():
            assets[key] = {"href": str(self.path(key).name)}
            if metadata:
                assets[key] |= {"proj:shape": list(shape), "proj:transform": list(self.transform(key))[:6]}
        return {"type": "Feature", "stac_version": "1.0.0", "id": self.name, "geometry": None, "links": [],
                "properties": {"datetime": f"2023-01-{self.day:02d}T10:00:00Z", "proj:epsg": 32632},
                "assets": assets}


def write_items(folder, scenes, **options):
    path = folder / "items.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [s.item(**options) for s in scenes]}))
    return path


def landscape(seed, height, width, cloudy=0.02, low=100):
    """Values, and flags with isolated clouds and a corner without data."""
    random = np.random.default_rng(seed)
    values = random.integers(low, 5000, (height, width)).astype("uint16")
    flags = np.where(random.random((height, width)) < cloudy, CLOUD, GOOD).astype("uint8")
    flags[: height // 7, : width // 5] = NOTHING
    values[: height // 7, : width // 5] = 0
    return values, flags


def classes(scene):
    with rasterio.open(scene.path("qa")) as raster:
        flags = raster.read(1)
    return np.select([flags == NOTHING, flags == GOOD], [overviews.MISSING, overviews.GOOD], overviews.MASKED)


def compare(directory, scenes, levels, name="v", key="red", **options):
    """The mean and count of a run against the reference."""
    with rasterio.open(directory / f"{name}_mean.tif") as out:
        mean = out.read(1)
        parts = [overviews.band_value(s.path(key), n, classes(s), out, **options) for s, n in zip(scenes, levels)]
    with rasterio.open(directory / f"{name}_count.tif") as raster:
        count = raster.read(1)
    n = sum(good.astype(int) for _, good in parts)
    np.testing.assert_array_equal(count, n)
    assert 0 < n.sum() < n.size * len(scenes)
    with np.errstate(invalid="ignore", divide="ignore"):
        wanted = sum(np.where(good, value, 0) for value, good in parts) / n
    np.testing.assert_allclose(mean, wanted, rtol=2e-7)


def levels_of(directory, band):
    return {(e["factor"], e["resolution"]): e["scenes"] for e in report(directory)["overviews"] if e["band"] == band}


# --- pixels -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["nearest", "average"])
@pytest.mark.parametrize("made", ["nearest", "average"])
@pytest.mark.parametrize(("driver", "shape"), [("GTiff", (256, 320)), ("GTiff", (277, 331)), ("COG", (277, 331)),
                                               ("COG", (301, 263))])
def test_pixels_are_those_of_the_overview_next_finer(program, tmp_path, driver, shape, made, method):
    scene = Scene(tmp_path / "c", "s", dict(zip(("red", "qa"), landscape(1, *shape))), made=made, driver=driver)
    items = write_items(tmp_path / "c", [scene])
    deepest = 2 if driver == "COG" else 3  # COGs have overviews down to one block
    for resolution, level in ((59, 0), (60, 1), (130, 2), (250, 3)):
        out = program.composite(items, *RUN, "--overviews", "auto", "--resolution", resolution, "--resampling",
                                f"red={method}", out=f"out{resolution}")
        level = min(level, deepest)
        compare(out, [scene], [level], method=method)
        assert levels_of(out, "red") == {(2**level, 30 * 2**level): 1}
        assert levels_of(out, "flags") == {(1, 30): 1}


def test_one_cloudy_pixel_takes_out_the_pixel_that_it_is_mixed_into(program, tmp_path):
    values, flags = np.full((64, 96), 700, "uint16"), np.full((64, 96), GOOD, "uint8")
    flags[21, 42] = CLOUD
    scene = Scene(tmp_path / "c", "s", {"red": values, "qa": flags})
    items = write_items(tmp_path / "c", [scene])
    grid = ["--resolution", 120, "--anchor", f"{CORNER[0]},{CORNER[1]}"]
    out = program.composite(items, *RUN, *grid, "--overviews", "auto")
    with rasterio.open(out / "v_count.tif") as raster:
        count = raster.read(1)
    assert count.shape == (16, 24) and count.sum() == count.size - 1 and count[5, 10] == 0
    # In full the flag at the centre decides alone.
    full = program.composite(items, *RUN, *grid, out="full")
    with rasterio.open(full / "v_count.tif") as raster:
        assert raster.read(1).all()


def test_overviews_of_flags_are_never_read(program, tmp_path):
    values, flags = landscape(5, 128, 160)
    mixed = Scene(tmp_path / "c", "s", {"red": values, "qa": flags}, made="average")
    grid = ["--overviews", "auto", "--resolution", 120]
    items = write_items(tmp_path / "c", [mixed])
    out = program.composite(items, *RUN, *grid)
    with rasterio.open(mixed.path("qa"), "r+") as raster:
        raster.build_overviews([2, 4, 8], Resampling.mode)
    again = program.composite(items, *RUN, *grid, out="again")
    compare(out, [mixed], [2])
    assert (out / "v_count.tif").read_bytes() == (again / "v_count.tif").read_bytes()
    # Neither are they where they are an output.
    flags_too = program.composite(items, "--index", "v=red,q=qa", *FLAGS, *grid, out="q")
    assert (out / "v_mean.tif").read_bytes() == (flags_too / "v_mean.tif").read_bytes()
    assert levels_of(flags_too, "qa") == {(1, 30): 1}
    with rasterio.open(flags_too / "q_mean.tif") as raster:
        assert set(np.unique(raster.read(1)[np.isfinite(raster.read(1))])) <= {GOOD, CLOUD}


def test_bands_of_other_pixel_sizes_meet_on_one_grid(program, tmp_path):
    random = np.random.default_rng(3)
    bands = {"red": random.integers(100, 5000, (240, 320)).astype("uint16"),
             "swir": random.integers(100, 5000, (120, 160)).astype("uint16"),
             "qa": np.where(random.random((120, 160)) < 0.05, CLOUD, GOOD).astype("uint8")}
    scene = Scene(tmp_path / "c", "s", bands, pixel={"red": 10, "swir": 20, "qa": 20})
    items = write_items(tmp_path / "c", [scene])
    run = ["--index", "v=red,w=swir", *FLAGS, "--overviews", "auto"]
    out = program.composite(items, *run, "--resolution", 40)
    compare(out, [scene], [2], ratio=Fraction(2))
    compare(out, [scene], [1], key="swir", name="w")
    assert levels_of(out, "red") == {(4, 40): 1} and levels_of(out, "swir") == {(2, 40): 1}
    # What one band has in full is an overview of the other.
    out = program.composite(items, *run, "--resolution", 20, out="twenty")
    compare(out, [scene], [1], ratio=Fraction(2))
    compare(out, [scene], [0], key="swir", name="w")
    assert levels_of(out, "red") == {(2, 20): 1} and levels_of(out, "swir") == {(1, 20): 1}


def test_a_scene_whose_bands_do_not_all_have_the_level_is_read_in_full(program, tmp_path):
    folder = tmp_path / "c"
    scenes = []
    for i, without in enumerate([(), ("nir",), ("red", "nir"), ()]):
        values, flags = landscape(10 + i, 150 + i, 170)
        nir, _ = landscape(20 + i, 150 + i, 170)
        levels = (4,) if i == 3 else (2, 4)
        scenes.append(Scene(folder, f"s{i}", {"red": values, "nir": nir, "qa": flags}, levels=levels, without=without,
                            day=1 + i))
    items = write_items(folder, scenes)
    out = program.work / "out"
    done = program.run("composite", items, "-o", out, "--index", "v=red,w=nir", *FLAGS, "--overviews", "auto",
                       "--resolution", 90, "--progress", "none")
    assert done.returncode == 0, done.stderr
    compare(out, scenes, [1, 0, 0, 0])
    compare(out, scenes, [1, 0, 0, 0], key="nir", name="w")
    assert levels_of(out, "red") == levels_of(out, "nir") == {(1, 30): 3, (2, 60): 1}
    assert ("cubemill: bands are read from their overviews of 60 m for 1 scene, in full (30 m) for 3 scenes, "
            "flags at 30 m\n") in done.stderr


def test_scenes_of_one_day_complete_each_other_at_their_edges(program, tmp_path):
    """A pixel of an overview with a share of nothing is nobody's: the other scene of the day has it."""
    left, right = np.full((64, 64), 300, "uint16"), np.full((64, 64), 500, "uint16")
    one, two = np.full((64, 64), GOOD, "uint8"), np.full((64, 64), GOOD, "uint8")
    left[:, 33:], one[:, 33:] = 0, NOTHING
    scenes = [Scene(tmp_path / "c", name, {"red": values, "qa": flags})
              for name, values, flags in (("a", left, one), ("b", right, two))]
    items = write_items(tmp_path / "c", scenes)
    out = program.composite(items, *INDEX, *FLAGS, "--overviews", "auto", "--resolution", 60, "--anchor",
                            f"{CORNER[0]},{CORNER[1]}")
    with rasterio.open(out / "v_mean.tif") as raster:
        mean = raster.read(1)
    assert (mean[:, :16] == 300).all() and (mean[:, 16:] == 500).all()


def test_output_in_another_system_agrees_with_gdal(program, tmp_path):
    """Smooth values, 7 a column and 3 a row of 30 m: a shift by half a pixel would show."""
    y, x = np.mgrid[0:400, 0:360]
    values, flags = (1000 + 7 * x + 3 * y).astype("uint16"), np.full((400, 360), GOOD, "uint8")
    scene = Scene(tmp_path / "c", "s", {"red": values[:397, :355], "qa": flags[:397, :355]}, driver="COG")
    out = program.composite(write_items(tmp_path / "c", [scene]), *RUN, "--crs", "EPSG:32633", "--resolution", 75,
                            "--resampling", "bilinear", "--overviews", "auto")
    assert levels_of(out, "red") == {(2, 60): 1}
    with rasterio.open(out / "v_mean.tif") as raster:
        mean = raster.read(1)
        with rasterio.open(scene.path("red")) as source, WarpedVRT(
                source, crs=raster.crs, transform=raster.transform, width=raster.width, height=raster.height,
                resampling=Resampling.bilinear, src_nodata=0, nodata=0) as warped:
            full = warped.read(1).astype(float)
    inside = np.isfinite(mean) & (full > 0)
    inside[:2] = inside[-2:] = inside[:, :2] = inside[:, -2:] = False
    edge = np.abs(mean - full)[inside]
    assert inside.sum() > 0.8 * inside.size and np.median(edge) < 1 and np.quantile(edge, 0.97) < 2


# --- what does not change it ------------------------------------------------------------------------------------------


@pytest.fixture
def three(tmp_path):
    scenes = []
    for i, shape in enumerate([(601, 587), (640, 512), (333, 611)]):
        values, flags = landscape(30 + i, *shape)
        scenes.append(Scene(tmp_path / "bucket/c", f"s{i}", {"red": values, "qa": flags}, day=1 + i,
                            driver="COG" if i else "GTiff", corner=(CORNER[0] + 900 * i, CORNER[1] - 330 * i)))
    write_items(tmp_path / "bucket/c", scenes)
    return scenes


def same(a, b):
    return all((a / f"v_{kind}.tif").read_bytes() == (b / f"v_{kind}.tif").read_bytes() for kind in ("mean", "count"))


def test_none_is_the_default(program, three):
    items = three[0].folder / "items.json"
    plain = program.composite(items, *RUN, "--resolution", 60, out="plain")
    assert same(plain, program.composite(items, *RUN, "--resolution", 60, "--overviews", "none"))
    assert report(plain)["overviews"] is None
    compare(plain, three, [0, 0, 0])
    fine = program.composite(items, *RUN, out="fine")
    assert same(fine, program.composite(items, *RUN, "--overviews", "auto", out="fine_auto"))
    refused = program.run("composite", items, "-o", program.work / "x", *RUN, "--overviews", "some")
    assert refused.returncode == 2 and "--overviews" in refused.stderr and "auto" in refused.stderr


def test_threads_memory_and_order_change_nothing(program, three):
    items = three[0].folder / "items.json"
    run = [*RUN, "--overviews", "auto", "--resolution", 61, "--resampling", "average"]
    out = program.composite(items, *run, "--threads", 2, out="two")
    compare(out, three, [1, 1, 1], method="average")
    for i, how in enumerate((["--threads", 1], ["--order", "scene"], ["--memory", "110MiB"])):
        assert same(out, program.composite(items, *run, *how, out=f"how{i}"))


def test_the_network_gives_the_bytes_of_the_files(program, three, tmp_path):
    run = [*RUN, "--overviews", "auto", "--resolution", 60]
    out = program.composite(three[0].folder / "items.json", *run)
    compare(out, three, [1, 1, 1])
    kept = tmp_path / "headers"
    with standing(tmp_path, "--key", "AK:SK") as (_, environment):
        items = "s3://bucket/c/items.json"
        far = program.composite(items, *run, out="far", env=environment)
        full = program.composite(items, *RUN, "--resolution", 60, "--cache-dir", kept, out="full", env=environment)
        first, second = (program.composite(items, *run, "--cache-dir", kept, out=f"kept{i}", env=environment)
                         for i in range(2))
    assert all(same(out, other) for other in (far, first, second))
    assert report(far)["overviews"] == report(out)["overviews"]
    # A quarter of the bands' pixels, all of the flags'.
    assert report(far)["read"]["bytes_read"] < 0.5 * report(full)["read"]["bytes_read"]
    assert report(far)["read"]["blocks"] == report(out)["read"]["blocks"] < report(full)["read"]["blocks"]
    assert report(first)["network"]["headers_kept"] == report(second)["network"]["headers_kept"] == 6
    # What a run without overviews had kept is too short, and is kept anew.
    assert report(second)["network"]["requests"] < report(first)["network"]["requests"]


def test_a_killed_run_goes_on_to_the_same_bytes(program, three, library):
    run = [three[0].folder / "items.json", *RUN, "--overviews", "auto", "--resolution", 60, "--threads", 1]
    out = program.composite(*run)
    cut = ["composite", *run, "-o", program.work / "cut", "--progress", "none", "--checkpoint", 0.000001]
    killed = program.run(*cut, env=failio.environment(library, unsynced=1, kill=1, path="checkpoint.json", rename=2))
    assert killed.returncode == -9, killed.stderr
    done = program.run(*cut, "--resume")
    assert done.returncode == 0, done.stderr
    assert same(out, program.work / "cut") and report(program.work / "cut")["resumed"]["chunks"] > 0


# --- what is said -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [[], ["--probe"]])
def test_the_plan_knows_what_will_be_read(program, three, how):
    items = write_items(three[0].folder, three, metadata=True)
    run = [items, *RUN, "--overviews", "auto", "--resolution", 120]
    plan = program.json("plan", *run, *how)
    assert plan["overviews"] == [{"band": "flags", "factor": 1, "resolution": 30.0, "scenes": 3},
                                 {"band": "red", "factor": 4, "resolution": 120.0, "scenes": 3}]
    out = program.composite(*run)
    assert report(out)["overviews"] == plan["overviews"]
    if how:
        assert report(out)["read"]["blocks"] == plan["read"]["blocks"]
    assert plan["read"]["blocks"] < program.json("plan", items, *RUN, "--resolution", 120, *how)["read"]["blocks"]
    text = program.run("plan", *run, *how).stdout
    assert "overviews     bands are read from their overviews of 120 m, flags at 30 m\n" in text


def test_a_recipe_keeps_the_option(program, three):
    items = three[0].folder / "items.json"
    out = program.composite(items, *RUN, "--overviews", "auto", "--resolution", 60)
    assert report(out)["recipe"]["options"]["overviews"] == ["auto"]
    assert same(out, program.composite(items, "--recipe", out / "report.json", out="again"))
    plain = program.composite(items, *RUN, "--resolution", 60, out="plain")
    assert json.loads((plain / "item.json").read_text())["id"] != json.loads((out / "item.json").read_text())["id"]
