"""Where assets are read from: alternates, replaced hrefs, catalogs of others, and what is said of them."""

import json

import pytest
import rasterio

from conftest import Program

BUCKET = "s3://demo-bucket/collection"
GRID = ["--resolution", 90, "--period", "all", "--compress", "lzw"]


def with_hrefs(archive, change):
    """The items of the archive, each asset changed; `change` gets the asset and its place below the archive."""
    catalog = json.loads((archive / "items.json").read_text())
    for feature in catalog["features"]:
        for asset in feature["assets"].values():
            change(asset, asset["href"].removeprefix("./"))
    return catalog


def written(folder, catalog):
    path = folder / "items.json"
    path.write_text(json.dumps(catalog))
    return path


def on_s3(asset, place):
    asset["href"] = f"{BUCKET}/{place}"


def as_usgs(asset, place):
    asset["href"] = f"https://landsatlook.usgs.gov/data/{place}"
    asset["alternate"] = {
        "s3": {"storage:platform": "AWS", "storage:requester_pays": True, "href": f"{BUCKET}/{place}"}
    }


def pixels(directory):
    return {name: (directory / name).read_bytes() for name in ("ndvi_mean.tif", "ndvi_count.tif")}


@pytest.fixture(scope="module")
def plain(archive, tmp_path_factory):
    return Program(tmp_path_factory.mktemp("plain")).composite(archive / "items.json", *GRID)


def report(directory):
    return json.loads((directory / "report.json").read_text())


def test_hrefs_on_s3_are_read_from_a_folder(program, archive, plain):
    catalog = written(program.work, with_hrefs(archive, on_s3))
    out = program.composite(catalog, *GRID, "--href-replace", f"{BUCKET}={archive}")
    assert pixels(out) == pixels(plain)
    assert report(out)["assets"] == report(plain)["assets"] == [{"place": "files", "assets": 36}]


def test_a_report_repeats_replaced_hrefs_from_any_folder(program, archive, plain):
    catalog = written(program.work, with_hrefs(archive, on_s3))
    words = [*GRID, "-q", "--href-replace", f"/vsis3/{BUCKET[5:]}=./{archive.name}"]
    done = program.run("composite", catalog, "-o", program.work / "out", *words, cwd=archive.parent)
    assert done.returncode == 0, done.stderr
    again = program.run(
        "composite", "--recipe", program.work / "out/report.json", "-o", "again", "-q", cwd=program.work
    )
    assert again.returncode == 0, again.stderr
    assert pixels(program.work / "again") == pixels(plain)


def test_alternates_are_preferred_before_hrefs_are_replaced(program, archive, plain):
    catalog = written(program.work, with_hrefs(archive, as_usgs))
    out = program.composite(catalog, *GRID, "--prefer", "s3", "--href-replace", f"{BUCKET}={archive}")
    assert pixels(out) == pixels(plain)


def test_where_hrefs_come_from_does_not_change_the_item(program, archive, plain):
    catalog = written(program.work, with_hrefs(archive, on_s3))
    out = program.composite(catalog, *GRID, "--href-replace", f"{BUCKET}={archive}")
    assert json.loads((out / "item.json").read_text())["id"] == json.loads((plain / "item.json").read_text())["id"]


def plan_with_metadata(program, archive, change, *words):
    """Plans from metadata alone but for a few headers, which are read from the archive."""
    catalog = written(program.work, with_hrefs(archive, change))
    done = program.run("plan", catalog, *words, "--href-replace", f"{BUCKET}/header={archive}", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def first_of_each(archive):
    """Puts what a plan reads headers of (one a band and CRS) below BUCKET/header, the rest below BUCKET."""
    grids = {}
    for feature in json.loads((archive / "items.json").read_text())["features"]:
        for key, asset in feature["assets"].items():
            grids[asset["href"].removeprefix("./")] = key, feature["properties"]["proj:epsg"]
    seen = set()

    def change(asset, place):
        folder = BUCKET if grids[place] in seen else f"{BUCKET}/header"
        seen.add(grids[place])
        asset["href"] = f"{folder}/{place}"
        asset["storage:requester_pays"] = True

    return change


def test_a_plan_says_where_assets_lie_and_who_pays(program, archive):
    plan, said = plan_with_metadata(program, archive, first_of_each(archive))
    places = {p["place"]: p["assets"] for p in plan["assets"]}
    assert set(places) == {"files", "s3://demo-bucket"} and sum(places.values()) == 36
    assert "the items say that demo-bucket is requester pays" in said


def test_nobody_pays_against_the_users_word(program, archive):
    _, said = plan_with_metadata(program, archive, first_of_each(archive), "--request-payer", "none")
    assert "requester pays" not in said


def test_a_place_that_wants_a_login_is_named_with_the_way_round_it(program, archive):
    def change(asset, place):
        first_of(asset, place)
        if "/header/" not in asset["href"]:
            as_usgs(asset, place)

    first_of = first_of_each(archive)
    _, said = plan_with_metadata(program, archive, change)
    assert "landsatlook.usgs.gov, which wants a login" in said and "--prefer s3" in said


SECRET = "0123456789secret"


def test_no_secret_of_an_href_is_written_or_said(program, copy_of_archive):
    """An https href that cannot be read: nobody listens on port 1."""
    def change(asset, place):
        if place.endswith("_SR_B4.TIF") and not changed:
            changed.append(place)
            asset["href"] = f"https://127.0.0.1:1/{place}?X-Amz-Signature={SECRET}&sp=r"
        else:
            asset["href"] = str(copy_of_archive / place)

    changed = []
    catalog = with_hrefs(copy_of_archive, change)
    for feature in catalog["features"]:
        feature["links"] = [{"rel": "self", "href": f"https://api/{feature['id']}?token={SECRET}"}]
    path = written(program.work, catalog)
    words = [*GRID, "--read-timeout", 2, "--max-skipped", "10%", "--on-error", "skip"]
    out = program.work / "out"
    done = program.run("composite", path, "-o", out, *words)
    assert done.returncode == 6, done.stderr
    assert changed
    texts = [done.stdout, done.stderr, *(p.read_text() for p in out.glob("*.json"))]
    assert not [t for t in texts if SECRET in t]
    (skipped,) = json.loads((out / "report.json").read_text())["skipped"]
    assert skipped["href"] == f"https://127.0.0.1:1/{changed[0]}?…"
    failed = program.run("composite", path, "-o", out, "--overwrite", *GRID, "--read-timeout", 2)
    assert failed.returncode == 3
    assert SECRET not in failed.stderr and "https://127.0.0.1:1/" in failed.stderr


# ---------------------------------------------------------------- too many scenes that cannot be read


def without_red(archive, number):
    rasters = sorted(archive.rglob("*_SR_B4.TIF"))
    for path in rasters[:number]:
        path.unlink()
    return [path.parent.name for path in rasters[:number]], len(rasters)


@pytest.mark.parametrize("limit", ["2", "17%"])
def test_as_many_scenes_may_be_skipped_as_are_allowed(program, copy_of_archive, limit):
    gone, scenes = without_red(copy_of_archive, 2)
    assert scenes == 12
    words = [*GRID, "--on-error", "skip", "--max-skipped", limit]
    out = program.composite(copy_of_archive / "items.json", *words, expect=6)
    skipped = json.loads((out / "report.json").read_text())["skipped"]
    assert sorted(s["item"] for s in skipped) == sorted(gone)
    assert not [s for s in skipped if {"range", "status", "attempts"} & set(s)], "files have none"


@pytest.mark.parametrize("limit", ["1", "16%"])
def test_more_skipped_scenes_than_allowed_are_a_failure_that_names_them(program, copy_of_archive, limit):
    gone, _ = without_red(copy_of_archive, 2)
    out = program.work / "out"
    words = [*GRID, "-q", "--on-error", "skip", "--max-skipped", limit]
    done = program.run("composite", copy_of_archive / "items.json", "-o", out, *words)
    assert done.returncode == 3
    (line,) = done.stderr.strip().splitlines()
    assert "--max-skipped: more than 1 of 12 scenes are unreadable" in line
    assert all(item in line for item in gone)
    assert not out.exists()


def test_scenes_that_break_in_the_middle_count_too(program, copy_of_archive):
    for path in sorted(copy_of_archive.rglob("*_SR_B4.TIF"))[:2]:
        with rasterio.open(path) as raster:
            assert raster.width
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size * 3 // 4)
    out = program.work / "out"
    words = [*GRID, "--on-error", "skip", "--max-skipped"]
    done = program.run("composite", copy_of_archive / "items.json", "-o", out, *words, 1)
    assert done.returncode == 3
    assert "--max-skipped: more than 1 of 12 scenes are unreadable" in done.stderr
    assert not out.exists()
    assert program.composite(copy_of_archive / "items.json", *words, 2, expect=6)
