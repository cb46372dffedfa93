"""The job that all rivals do, and what they share: arguments, grid, items, flags, and the files that they write.

Season means of NDVI from reflectance and counts, on the grid that the archive brings: bands by average, flags by
nearest, scenes of a solar day fused band by band, pixels that are nodata, cloud, shadow or water left out.
FOLDER/ndvi_mean.tif is float32 with NaN for nodata, FOLDER/ndvi_count.tif uint16; bands DJF, MAM, JJA, SON.
"""

import argparse
import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

SEASONS = ("DJF", "MAM", "JJA", "SON")
FLAGS, FLAGS_NODATA = "qa_pixel", 1
RED, NIR, NODATA = "red", "nir08", 0
LEFT_OUT = (1 << 0) | (1 << 3) | (1 << 4) | (1 << 7)  # nodata, cloud, cloud shadow, water
SCALE, OFFSET = 2.75e-5, -0.2


@dataclass(frozen=True)
class Grid:
    epsg: int
    transform: tuple  # a, b, c, d, e, f
    shape: tuple  # rows, columns
    longitude: float  # of its centre


@dataclass(frozen=True)
class Job:
    archive: Path
    out: Path  # folder
    workers: int
    chunk: int  # pixels, the side of what is worked on at once
    compress: str
    grid: Grid


def read_job(chunk):
    """The job of the command line; `chunk`: what this rival does best with."""
    parser = argparse.ArgumentParser()
    parser.add_argument("archive", type=Path, help="made by make_archive.py")
    parser.add_argument("out", type=Path, help="folder to write into; made if absent")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--chunk", type=int, default=chunk)
    parser.add_argument("--compress", default="deflate", choices=("deflate", "zstd"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    return Job(asked.archive, asked.out, asked.workers, asked.chunk, asked.compress, read_grid(asked.archive))


def read_grid(archive):
    from rasterio.warp import transform

    grid = json.loads((archive / "grid.json").read_text(encoding="utf-8"))
    left, bottom, right, top = grid["bbox"]
    longitudes, _ = transform(f"EPSG:{grid['epsg']}", "EPSG:4326", [(left + right) / 2], [(bottom + top) / 2])
    return Grid(grid["epsg"], tuple(grid["transform"][:6]), tuple(grid["shape"]), longitudes[0])


def read_items(archive):
    """Items as dicts with absolute hrefs, in order of (datetime, id)."""
    features = json.loads((archive / "items.json").read_text(encoding="utf-8"))["features"]
    for item in features:
        for asset in item["assets"].values():
            asset["href"] = str((archive / asset["href"]).resolve())
    return sorted(features, key=lambda item: (item["properties"]["datetime"], item["id"]))


def time_of(item):
    return datetime.fromisoformat(item["properties"]["datetime"].replace("Z", "+00:00")).replace(tzinfo=None)


def solar_days(items, longitude):
    """(season, items) of every solar day, as odc-stac groups them: whole hours of the output's centre."""
    days = {}
    for item in items:
        days.setdefault((time_of(item) + timedelta(hours=int(longitude / 15))).date(), []).append(item)
    return [(time_of(day[0]).month % 12 // 3, day) for _, day in sorted(days.items())]


def create_outputs(job):
    """The two datasets, open for writing; GDAL's fastest compression level."""
    import rasterio

    rows, columns = job.grid.shape
    profile = {
        "driver": "GTiff", "height": rows, "width": columns, "count": len(SEASONS), "crs": f"EPSG:{job.grid.epsg}",
        "transform": rasterio.Affine(*job.grid.transform), "tiled": True, "blockxsize": 512, "blockysize": 512,
        "compress": job.compress, "interleave": "band", "BIGTIFF": "IF_SAFER", "NUM_THREADS": str(job.workers),
        "ZLEVEL" if job.compress == "deflate" else "ZSTD_LEVEL": 1,
    }  # fmt: skip
    mean = rasterio.open(job.out / "ndvi_mean.tif", "w", dtype="float32", nodata=float("nan"), predictor=3, **profile)
    count = rasterio.open(job.out / "ndvi_count.tif", "w", dtype="uint16", predictor=2, **profile)
    for dataset in (mean, count):
        dataset.descriptions = SEASONS
    return mean, count
