"""Bad input gives one clear line on standard error, the right exit code, and nothing half-written."""

import filecmp
import json
import os
import resource
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
import rasterio


def fails(program, code, catalog, *arguments, says=(), **options):
    """Runs composite and checks the exit code, the one line and that nothing is left."""
    out = program.work / "out"
    done = program.run("composite", catalog, "-o", out, "--progress", "none", "-q", *arguments, **options)
    assert done.returncode == code, f"exit {done.returncode} instead of {code}: {done.stderr}"
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, f"not one line: {done.stderr}"
    for word in says:
        assert str(word).lower() in lines[0].lower(), f"'{word}' is not said: {lines[0]}"
    assert done.stdout == ""
    assert not out.exists() or not list(out.iterdir()), f"left behind: {sorted(out.iterdir())}"
    return lines[0]


# ---------------------------------------------------------------- options

WRONG_OPTIONS = {
    "unknown option": (["--no-such-option"], ["no-such-option"]),
    "product": (["--product", "nonsense"], ["nonsense"]),
    "index": (["--index", "nonsense"], ["nonsense", "ndvi"]),
    "band of an index": (["--index", "x=nonsense"], ["nonsense"]),
    "flag": (["--mask-out", "cloud,nonsense"], ["nonsense", "cloud_shadow"]),
    "level of a flag": (["--mask-out", "cloud:enormous"], ["enormous"]),
    "level of a flag that has none": (["--mask-out", "water:high"], ["water"]),
    "band": (["--band", "red=nonsense"], ["nonsense"]),
    "form of --band": (["--band", "red"], ["red"]),
    "flag band": (["--qa-band", "nonsense", "--keep-bits", "1=0"], ["nonsense"]),
    "bits": (["--qa-band", "qa_pixel", "--keep-bits", "1:0"], ["1:0"]),
    "values": (["--qa-band", "qa_pixel", "--keep-values", "x"], ["x"]),
    "CRS": (["--crs", "EPSG:999999"], ["EPSG:999999"]),
    "CRS in words": (["--crs", "nonsense"], ["nonsense"]),
    "resolution 0": (["--resolution", "0"], ["resolution"]),
    "negative resolution": (["--resolution=-30"], ["resolution"]),
    "resolution nan": (["--resolution", "nan"], ["resolution"]),
    "resolution in words": (["--resolution", "fine"], ["fine"]),
    "anchor": (["--anchor", "nonsense"], ["nonsense"]),
    "grid too large": (["--resolution", "0.0001"], ["resolution"]),
    "box reversed": (["--bbox=-72.1,-39.3,-71.9,-39.5"], ["bbox"]),
    "box of three": (["--bbox=-72.1,-39.3,-71.9"], ["bbox"]),
    "box in words": (["--bbox=a,b,c,d"], ["bbox"]),
    "CRS of the box": (["--bbox=0,0,1,1", "--bbox-crs", "nonsense"], ["nonsense"]),
    "dates reversed": (["--datetime", "2023-12-31/2023-01-01"], ["2023-12-31"]),
    "dates": (["--datetime", "yesterday"], ["yesterday"]),
    "where without operator": (["--where", "eo:cloud_cover"], ["eo:cloud_cover"]),
    "where of a property that no item has": (["--where", "no:such<1"], ["no:such"]),
    "resampling": (["--resampling", "lanczos"], ["lanczos", "bilinear"]),
    "resampling of an unknown band": (["--resampling", "nonsense=average"], ["nonsense", "red"]),
    "averaged flags": (["--resampling", "qa_pixel=average"], ["qa_pixel", "mode"]),
    "groupby": (["--groupby", "week"], ["week", "solar_day"]),
    "fuse": (["--fuse", "both"], ["both", "pixel"]),
    "scaling": (["--scaling", "some"], ["some"]),
    "valid range": (["--valid-range", "some"], ["some"]),
    "period": (["--period", "decade"], ["decade", "season"]),
    "reducer": (["--reduce", "mean,nonsense"], ["nonsense"]),
    "compression": (["--compress", "rar"], ["rar", "deflate"]),
    "order": (["--order", "random"], ["random"]),
    "backend": (["--backend", "abacus"], ["abacus"]),
    "memory in words": (["--memory", "lots"], ["lots"]),
    "threads": (["--threads", "0"], ["threads"]),
    "on-error": (["--on-error", "ignore"], ["ignore"]),
    "preference": (["--prefer", "gs"], ["prefer", "gs", "s3", "https"]),
    "preference that no item has": (["--prefer", "s3"], ["--prefer s3", ".tif"]),
    "replacement without =": (["--href-replace", "s3://bucket"], ["href-replace", "FROM=TO"]),
    "replacement of a relative href": (["--href-replace", "data=/x"], ["data=/x", "absolute"]),
    "replacement that fits nothing": (["--href-replace", "s3://bucket=/x"], ["s3://bucket", ".tif"]),
    "skipped scenes without leave": (["--max-skipped", "3"], ["--on-error skip"]),
    "skipped scenes": (["--on-error", "skip", "--max-skipped", "120%"], ["120%"]),
    "payer": (["--request-payer", "s3://bucket"], ["s3://bucket", "requester", "none"]),
    "no payer": (["--request-payer", ""], ["request-payer"]),
    "payer who does not sign": (["--no-sign-request", "--request-payer", "requester"], ["no-sign-request"]),
    "command that signs": (["--sign-with", ""], ["sign-with"]),
    "connections": (["--connections", "0"], ["connections", "1024"]),
    "half a connection": (["--connections", "1.5"], ["connections", "1.5"]),
    "read timeout": (["--read-timeout", "soon"], ["read-timeout", "soon"]),
    "read timeout of nothing": (["--read-timeout", "0"], ["read-timeout", "86400"]),
    "cache folder": (["--cache-dir", ""], ["cache-dir"]),
    "folder on the network": (["s3://bucket/items/"], ["s3://bucket/items/", "not listed"]),
    "catalog in another store": (["gs://bucket/items.json"], ["gs://bucket/items.json", "s3://"]),
    "no item in the time": (["--datetime", "1999-01-01/1999-12-31"], ["datetime", "12"]),
    "no item by property": (["--where", "eo:cloud_cover<-1"], ["eo:cloud_cover"]),
    "no item in the area": (["--bbox=10,50,11,51"], ["bbox"]),
}


@pytest.mark.parametrize("name", WRONG_OPTIONS)
def test_a_wrong_option_is_named(program, items, name):
    arguments, says = WRONG_OPTIONS[name]
    fails(program, 2, items, *arguments, says=says)


@pytest.mark.smoke
@pytest.mark.parametrize("arguments", [["composite"], ["composite", "items.json"], ["nonsense"]])
def test_a_command_that_is_not_whole_is_refused(program, arguments):
    done = program.run(*arguments)
    assert done.returncode == 2 and done.stderr.strip()


def test_a_memory_limit_that_is_too_small_says_what_is_needed(program, items):
    fails(program, 4, items, "--memory", "16MiB", says=["MiB"])


def test_cuda_says_plainly_when_it_is_not_there(program, items):
    done = program.run("composite", items, "-o", program.work / "out", "--backend", "cuda", "--progress", "none", "-q")
    if done.returncode == 0:
        pytest.skip("this machine has CUDA")
    assert done.returncode == 5 and len(done.stderr.strip().splitlines()) == 1


# ---------------------------------------------------------------- catalogs


def test_what_is_not_json_is_named(program, tmp_path):
    catalog = tmp_path / "broken.json"
    catalog.write_text('{"type": "FeatureCollection", "features": [ nope')
    fails(program, 2, catalog, says=["broken.json"])


@pytest.mark.parametrize("text", ["{}", "[]", '{"type": "FeatureCollection", "features": []}', "42", "null", ""])
def test_what_is_no_catalog_is_named(program, tmp_path, text):
    catalog = tmp_path / "other.json"
    catalog.write_text(text)
    fails(program, 2, catalog, says=["other.json"])


def test_a_missing_catalog_is_named(program, tmp_path):
    fails(program, 3, tmp_path / "absent.json", says=["absent.json"])


def change(archive, edit):
    """Edits the features of a copy's items.json; returns its path."""
    catalog = archive / "items.json"
    collection = json.loads(catalog.read_text())
    edit(collection["features"])
    catalog.write_text(json.dumps(collection))
    return catalog


@pytest.mark.parametrize("key", ["id", "properties", "assets"])
def test_an_item_that_lacks_its_core_is_named(program, copy_of_archive, key):
    catalog = change(copy_of_archive, lambda features: features[3].pop(key))
    fails(program, 2, catalog, says=["items.json", key])


def test_an_item_that_lacks_an_asset_is_named(program, copy_of_archive):
    names = []

    def edit(features):
        names.append(features[4]["id"])
        del features[4]["assets"]["nir08"]

    fails(program, 2, change(copy_of_archive, edit), says=["nir", names[0]] if names else ["nir"])


def test_the_same_id_with_other_content_names_both_files(program, copy_of_archive):
    other = copy_of_archive / "other.json"
    collection = json.loads((copy_of_archive / "items.json").read_text())
    feature = collection["features"][0]
    feature["properties"]["eo:cloud_cover"] = 99.5
    other.write_text(json.dumps(feature))
    out = program.work / "out"
    done = program.run("composite", copy_of_archive / "items.json", other, "-o", out, "--progress", "none", "-q")
    assert done.returncode == 2
    for word in ("items.json", "other.json", feature["id"]):
        assert word in done.stderr
    assert not out.exists()


def test_broken_json_in_a_folder_is_named(program, copy_of_archive):
    (copy_of_archive / "zz.json").write_text("{")
    fails(program, 2, copy_of_archive, says=["zz.json"])


# ---------------------------------------------------------------- rasters


def raster_of(archive, role="red", scene=6):
    """The path of one asset of a copy."""
    feature = json.loads((archive / "items.json").read_text())["features"][scene]
    return (archive / feature["assets"][role]["href"]).resolve()


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def spoil(path):
    """Overwrites the compressed bytes of the full resolution's first block."""
    with open(path, "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(size - 20000 if size > 40000 else size // 2)
        file.write(b"\x55" * 4000)


DAMAGE = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "no raster": lambda path: path.write_text("<html>403</html>"),
    "cut in the header": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "cut in half": lambda path: cut(path, 0.5),
    "cut near the end": lambda path: cut(path, 0.97),
    "corrupt": spoil,
}


@pytest.mark.parametrize("role", ["red", "qa_pixel"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_raster_is_named(program, copy_of_archive, damage, role):
    path = raster_of(copy_of_archive, role)
    DAMAGE[damage](path)
    fails(program, 3, copy_of_archive / "items.json", says=[path.name])


def test_damage_can_be_skipped_and_is_reported(program, copy_of_archive):
    catalog = copy_of_archive / "items.json"
    like = program.composite(catalog, out="whole") / "ndvi_mean.tif"
    path = raster_of(copy_of_archive)
    path.unlink()
    out = program.composite(catalog, "--like", like, "--on-error", "skip", out="skipped", expect=6)
    report = json.loads((out / "report.json").read_text())
    assert [Path(skip["href"]).name for skip in report["skipped"]] == [path.name]
    assert {"item", "asset", "href", "reason"} <= set(report["skipped"][0])

    without = change(copy_of_archive, lambda features: features.pop(6))
    clean = program.composite(without, "--like", like, out="without")
    with rasterio.open(out / "ndvi_mean.tif") as a, rasterio.open(clean / "ndvi_mean.tif") as b:
        assert np.array_equal(a.read(), b.read(), equal_nan=True)


def test_a_band_on_another_grid_than_the_flags_is_named(program, copy_of_archive):
    path = raster_of(copy_of_archive, "nir08")
    with rasterio.open(path) as dataset:
        profile, pixels = dataset.profile, dataset.read(1)
    profile.update(driver="GTiff", transform=profile["transform"] * rasterio.Affine.translation(3.4, 0))
    path.unlink()
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(pixels, 1)
    fails(program, 2, copy_of_archive / "items.json", says=[path.name])


def test_a_raster_without_georeference_is_named(program, copy_of_archive):
    path = raster_of(copy_of_archive)
    with rasterio.open(path) as dataset:
        pixels = dataset.read(1)
    path.unlink()
    with rasterio.open(
        path, "w", driver="GTiff", width=pixels.shape[1], height=pixels.shape[0], count=1, dtype="uint16"
    ) as d:
        d.write(pixels, 1)
    fails(program, 3, copy_of_archive / "items.json", says=[path.name])


def reads_whole(path):
    """Whether GDAL can decode all of a raster."""
    try:
        with rasterio.open(path) as dataset:
            dataset.read()
        return True
    except rasterio.errors.RasterioIOError:
        return False


@pytest.mark.shared_data
def test_real_truncated_files_are_never_read_as_zeros(program, shared_data, tmp_path):
    """Files as they were really found: the headers read, some blocks are cut off or broken."""
    broken = [path for path in sorted((shared_data / "real_cogs" / "data").glob("*.tif*")) if not reads_whole(path)]
    assert broken, "the truncated files are not among the real ones any more"
    for path in broken:
        item = {
            "type": "Feature", "stac_version": "1.0.0", "id": path.stem, "geometry": None, "links": [],
            "properties": {"datetime": "2021-01-01T00:00:00Z"}, "assets": {"b": {"href": str(path)}},
        }  # fmt: skip
        catalog = tmp_path / "item.json"
        catalog.write_text(json.dumps(item))
        fails(program, 3, catalog, "--index", "b=b", "--no-mask", says=[path.name])


# ---------------------------------------------------------------- output


def test_an_output_below_a_file_is_refused(program, items, tmp_path):
    (tmp_path / "file").write_text("x")
    done = program.run("composite", items, "-o", tmp_path / "file" / "out", "--progress", "none", "-q")
    assert done.returncode in (2, 3) and "file" in done.stderr
    assert (tmp_path / "file").read_text() == "x"


def test_an_output_that_may_not_be_written_is_refused(program, items):
    done = program.run("composite", items, "-o", "/proc/cubemill", "--progress", "none", "-q")
    assert done.returncode == 3 and "/proc/cubemill" in done.stderr


def test_a_raster_for_like_must_be_readable(program, items, tmp_path):
    fails(program, 3, items, "--like", tmp_path / "absent.tif", says=["absent.tif"])
    (tmp_path / "text.tif").write_text("no raster")
    fails(program, 3, items, "--like", tmp_path / "text.tif", says=["text.tif"])


@pytest.mark.parametrize("limit", [0, 1000, 30_000, 100_000, 200_000, 300_000])
def test_a_write_that_fails_leaves_nothing(program, items, limit):
    """A limit on the size of files stands for a full disk, at whichever write it comes."""

    def before():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails, as on a full disk, instead of a signal
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    out = program.work / "out"
    words = ["composite", items, "-o", out, "--progress", "none", "-q", "--resolution", 20]
    done = program.run(*words, preexec_fn=before, restore_signals=False)
    assert done.returncode == 3, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not out.exists() or not list(out.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small disk")
@pytest.mark.parametrize("size", ["40k", "300k"])
def test_a_full_disk_leaves_nothing(program, items, size):
    disk = program.work / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("this machine does not let a test mount a small disk")
    try:
        done = program.run("composite", items, "-o", disk / "out", "--progress", "none", "-q", "--resolution", 20)
        assert done.returncode == 3, done.stderr
        assert "disk" in done.stderr and len(done.stderr.strip().splitlines()) == 1
        assert not (disk / "out").exists() or not list((disk / "out").iterdir())
        assert shutil.disk_usage(disk).free > 0
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small disk")
def test_a_disk_that_holds_the_result_once_is_enough(program, items):
    """What is copied from the spool into its place is not kept twice."""
    words = ["--resolution", 8, "--compress", "none", "--reduce", "mean"]
    result = program.composite(items, *words)
    needed = sum(path.stat().st_size for path in result.iterdir())
    disk = program.work / "disk"
    disk.mkdir()
    size = f"size={needed * 5 // 4 + (5 << 20)}"  # and one piece of 4 MiB
    if subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("this machine does not let a test mount a small disk")
    try:
        done = program.run("composite", items, "-o", disk / "out", "--progress", "none", "-q", *words)
        assert done.returncode == 0, done.stderr
        assert filecmp.cmp(disk / "out" / "ndvi_mean.tif", result / "ndvi_mean.tif", shallow=False)
        assert needed > 30 << 20, "too small to tell"
    finally:
        subprocess.run(["umount", disk], check=True)
