"""Archives that stand for larger ones: a few scenes of `cubemill demo`, listed by many items of other dates."""

import json
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

from archives import say

RESOLUTION = 30  # metres
FIRST_DAY = datetime(2013, 1, 3, 14, 38, 55, tzinfo=timezone.utc)
DAYS_BETWEEN = 8
OTHER_BANDS = ("coastal", "blue", "green", "swir16", "swir22", "qa_radsat", "qa_aerosol")


def make_scenes(binary, folder, count, size):
    """Scenes of one path and row, each of another landscape and weather, kept for the next time; gives their items."""
    items = []
    for seed in range(1, count + 1):
        archive = Path(folder) / f"scene_{size}_{seed}"
        if not (archive / "items.json").exists():
            say(f"making scene {seed} of {count}, {size} pixels wide, in {archive}")
            demo = [binary, "demo", archive, "--scenes", 1, "--size", size, "--seed", seed, "--quiet"]
            subprocess.run([str(word) for word in demo], check=True, stdout=subprocess.DEVNULL)
        item = json.loads((archive / "items.json").read_text(encoding="utf-8"))["features"][0]
        for asset in item["assets"].values():
            asset["href"] = str((archive / asset["href"]).absolute())
        items.append(item)
    return items


def list_again(items, dates, catalog, all_bands=False):
    """Writes a catalog of one item a date, the scenes by turns; `all_bands`: ten assets, of which seven are red's file."""
    listed = []
    for k in range(dates):
        item = json.loads(json.dumps(items[k % len(items)]))
        item["id"] += f"_{k}"
        day = FIRST_DAY + timedelta(days=DAYS_BETWEEN * k)
        item["properties"]["datetime"] = day.strftime("%Y-%m-%dT%H:%M:%SZ")
        if all_bands:
            item["assets"] |= {name: item["assets"]["red"] | {"title": name} for name in OTHER_BANDS}
        listed.append(item)
    catalog.write_text(json.dumps({"type": "FeatureCollection", "features": listed}), encoding="utf-8")
    return catalog


def middle_box(items, width, height):
    """Sides of a grid of so many pixels in the middle of the scenes, whose corners lie where those of scenes do."""
    transforms = [item["properties"]["proj:transform"] for item in items]
    shapes = [item["properties"]["proj:shape"] for item in items]
    x = sum(t[2] + s[1] * t[0] / 2 for t, s in zip(transforms, shapes)) / len(items)
    y = sum(t[5] + s[0] * t[4] / 2 for t, s in zip(transforms, shapes)) / len(items)
    left, top = (RESOLUTION * round((middle + side) / RESOLUTION) + RESOLUTION // 2 for middle, side in
                 ((x, -width * RESOLUTION / 2), (y, height * RESOLUTION / 2)))  # fmt: skip
    return left, top - height * RESOLUTION, left + width * RESOLUTION, top
