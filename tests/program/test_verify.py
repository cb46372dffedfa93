"""`cubemill verify`: every block is decoded, what is damaged is named, and the exit code says so."""

import json

import pytest
import rasterio


@pytest.mark.smoke
def test_a_whole_archive_verifies(program, items):
    report = program.json("verify", items)
    assert report["damaged"] == []
    assert report["files"] == 36 and report["items"] == 12
    blocks = 0
    for path in items.parent.rglob("*.TIF"):
        with rasterio.open(path) as raster:
            blocks += len(list(raster.block_windows(1)))
    assert report["blocks"] == blocks


def spoil(path):
    """Flips a bit in the middle of the largest block; returns where it lies."""
    with rasterio.open(path) as raster:
        places = []
        for (y, x), _ in raster.block_windows(1):
            tags = [int(raster.get_tag_item(f"BLOCK_{what}_{x}_{y}", "TIFF", bidx=1)) for what in ("SIZE", "OFFSET")]
            places.append((*tags, x, y))
    size, offset, x, y = max(places)
    data = bytearray(path.read_bytes())
    data[offset + size // 2] ^= 4
    path.write_bytes(data)
    return x, y


@pytest.mark.smoke
def test_damaged_files_are_named_with_the_block_and_exit_code_3(program, copy_of_archive):
    bands = sorted(copy_of_archive.rglob("*SR_B5*"))
    x, y = spoil(bands[2])
    bands[5].unlink()
    done = program.run("verify", copy_of_archive / "items.json", "--threads", 3)
    assert done.returncode == 3 and done.stderr == ""
    assert f"{bands[2]}: block ({x}, {y})" in done.stdout and "1 block:" in done.stdout
    assert str(bands[5]) in done.stdout
    done = program.run("verify", copy_of_archive / "items.json", "--json")
    assert done.returncode == 3
    assert sorted(f["href"] for f in json.loads(done.stdout)["damaged"]) == [str(bands[2]), str(bands[5])]


def test_an_item_without_a_band_is_named_and_its_other_bands_are_read(program, copy_of_archive):
    catalog = copy_of_archive / "items.json"
    items = json.loads(catalog.read_text())
    del items["features"][3]["assets"]["nir08"]
    catalog.write_text(json.dumps(items))
    done = program.run("verify", catalog, "--json")
    assert done.returncode == 3
    report = json.loads(done.stdout)
    assert [f["item"] for f in report["damaged"]] == [items["features"][3]["id"]]
    assert "has no asset for 'nir'" in report["damaged"][0]["reason"]
    assert report["bytes_decoded"] > 0 and report["files"] == 36


def test_the_query_chooses_the_items(program, copy_of_archive):
    catalog = copy_of_archive / "items.json"
    dates = sorted(f["properties"]["datetime"][:10] for f in json.loads(catalog.read_text())["features"])
    report = program.json("verify", catalog, "--datetime", f"{dates[0]}/{dates[0]}", "--index", "x=red", "--no-mask")
    assert report["files"] == report["items"] == dates.count(dates[0])


def test_quiet_says_nothing_of_a_whole_archive(program, items):
    done = program.run("verify", items, "-q", "--all")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_all_excludes_a_choice_of_bands(program, items):
    done = program.run("verify", items, "--all", "--index", "ndvi")
    assert done.returncode == 2 and "--index" in done.stderr


def test_an_archive_of_which_nothing_is_there_is_all_damaged(program, copy_of_archive):
    for path in copy_of_archive.rglob("*.TIF"):
        path.unlink()
    done = program.run("verify", copy_of_archive / "items.json", "--json")
    assert (done.returncode, done.stderr) == (3, "")
    assert len({f["item"] for f in json.loads(done.stdout)["damaged"]}) == 12


def test_a_composite_of_which_nothing_is_there_says_why(program, copy_of_archive):
    for path in copy_of_archive.rglob("*.TIF"):
        path.unlink()
    out = program.work / "out"
    done = program.run("composite", copy_of_archive / "items.json", "-o", out, "--on-error", "skip", "-q")
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert "no scene is left, all 12 are unreadable" in line and "No such file" in line
    assert not out.exists()
