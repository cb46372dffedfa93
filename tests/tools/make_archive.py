#!/usr/bin/env python3
"""Make a synthetic Landsat Collection-2 Level-2 archive on disk (COGs + STAC Items + items.json + grid.json).

Needs only numpy and rasterio.  Deterministic: the same options give byte-identical pixels and JSON
(COG bytes too, for one GDAL build).  Nothing is downloaded and nothing real is copied; only the
*layout* (bands, dtypes, nodata, QA_PIXEL values, block size, compression, UTM-north zones with negative
northings in the southern hemisphere, 15 m-shifted pixel corners, tilted footprints) follows USGS.

What is in it
  * WRS-2 paths 001 (and 002/233-like neighbour) by turns; every path acquisition = TWO rows, ~24 s apart, same solar
    day, overlapping by --tile-overlap, so that solar-day mosaicking matters.  Scenes 2k and 2k+1 are one acquisition.
  * The paths' scenes are in --epsg (first value: east path; second: west path; one value: both).  They overlap
    sideways, and the solar days differ (so overlap pixels see more observations, as in life).
  * Each scene's bounding box differs by a few dozen pixels, sides are not multiples of 256, and valid data are a
    parallelogram tilted ~10 deg; corners are fill (SR 0, QA 1).
  * One ground truth (vegetation, brightness, water) shared by all scenes, sampled at true ground positions; seasonal
    vegetation cycle; per-scene white noise; SR DN = (reflectance + 0.2) / 2.75e-5.
  * QA_PIXEL: connected clouds (22280), dilated cloud (21826), mid-confidence cloud (22080), shadow (23888), water (21952),
    cloud over shadow (24344), snow (30048), high-confidence cirrus (54596), cirrus+cloud (55052), clear (21824), fill (1).
  * Awkward pixels real scenes have: SR fill (0) holes where QA is not fill (in red only, in nir08 only, in both),
    saturated 65535, very dark DN (< 7273, i.e. negative reflectance).

  make_archive.py --out DIR [--scenes N] [--size PX] [--tile-overlap F] [--epsg 32619 32618] [--year 2021]
                  [--seed 0] [--bands red nir08 qa_pixel] [--out-epsg 32718] [--center LON LAT] [--jobs 2]
"""

import argparse
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from archive_items import BANDS, file_name, make_item
from archive_pixels import FILL, make_pixels, textures
from archive_scenes import common_grid, plan_scenes
from rasterio.crs import CRS
from rasterio.io import MemoryFile

FIELDS = {}  # the textures, in every worker


def write_cog(path, pixels, scene, nodata, overviews, level):
    profile = {
        "driver": "GTiff",
        "tiled": True,
        "height": scene.height,
        "width": scene.width,
        "count": 1,
        "dtype": pixels.dtype,
        "crs": CRS.from_epsg(scene.epsg),
        "transform": scene.transform,
        "nodata": nodata,
    }
    part = f"{path}.part"
    with MemoryFile() as memory, rasterio.open(memory.name, "w+", **profile) as dataset:
        dataset.write(pixels, 1)
        dataset.update_tags(AREA_OR_POINT="Point")
        rasterio.shutil.copy(
            dataset,
            part,
            driver="COG",
            COMPRESS="DEFLATE",
            PREDICTOR="STANDARD",
            LEVEL=str(level),
            BLOCKSIZE="256",
            OVERVIEWS="AUTO",
            OVERVIEW_RESAMPLING=overviews,
            BIGTIFF="NO",
            NUM_THREADS="1",
        )
    os.replace(part, path)


def quality_band(band, qa):
    """Nothing is saturated, all aerosol is low."""
    if band == "qa_radsat":
        return np.where(qa == FILL, FILL, 0).astype(np.uint16)
    if band == "qa_aerosol":
        return np.where(qa == FILL, FILL, 96).astype(np.uint8)
    return qa


def make_scene(scene, options):
    """Writes the COGs and the Item of a scene into its folder; the Item."""
    qa, measured, cloudy = make_pixels(scene, options.bands, FIELDS, options.epsg[0])
    folder = options.out / scene.id
    folder.mkdir(exist_ok=True)
    for band in options.bands:
        path = folder / file_name(scene, band)
        if band in measured:
            write_cog(path, measured[band], scene, 0, "AVERAGE", options.level)
        else:
            write_cog(path, quality_band(band, qa), scene, FILL, "NEAREST", options.level)
    item = make_item(scene, options.bands, cloudy)
    write_json(folder / f"{scene.id}.json", item)
    return item


def write_json(path, document):
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--out", type=Path, required=True)
    add("--scenes", type=int, default=6)
    add("--size", type=int, default=1024, help="nominal side of a scene in pixels (each differs a little)")
    add("--tile-overlap", type=float, default=0.15, help="overlap of the two rows of a path (fraction)")
    add("--path-overlap", type=float, default=0.30, help="overlap of neighbouring paths (fraction)")
    add("--epsg", type=int, nargs="+", default=[32619, 32618])
    add("--out-epsg", type=int, default=32718, help="CRS of grid.json")
    add("--center", type=float, nargs=2, default=[-71.2, -29.9])
    add("--year", type=int, default=2021)
    add("--seed", type=int, default=0)
    add("--bands", nargs="+", default=["red", "nir08", "qa_pixel"], choices=list(BANDS))
    add("--level", type=int, default=6)
    add("--jobs", type=int, default=2)
    return parser.parse_args()


def main():
    options = parse_arguments()
    began = time.time()
    options.out.mkdir(parents=True, exist_ok=True)
    scenes = plan_scenes(options)
    with ProcessPoolExecutor(options.jobs, initializer=FIELDS.update, initargs=(textures(options.seed),)) as pool:
        items = list(pool.map(partial(make_scene, options=options), scenes))
    for item in items:  # hrefs relative to items.json
        for asset in item["assets"].values():
            asset["href"] = f"./{item['id']}/" + asset["href"][2:]
    write_json(options.out / "items.json", {"type": "FeatureCollection", "features": items})
    write_json(options.out / "grid.json", common_grid(scenes, options.out_epsg))
    size = sum(path.stat().st_size for path in options.out.rglob("*.TIF"))
    raw = sum(s.height * s.width * 2 * len(options.bands) for s in scenes)
    print(
        f"{len(scenes)} scenes, {size / 1e9:.3f} GB on disk, {raw / 1e9:.3f} GB raw at full resolution, "
        f"{time.time() - began:.1f} s"
    )


if __name__ == "__main__":
    main()
