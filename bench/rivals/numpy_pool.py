#!/usr/bin/env python3
"""What an expert writes by hand: rasterio and numpy in a pool of processes over output tiles.

    numpy_pool.py ARCHIVE FOLDER [--workers N] [--chunk 1024] [--compress deflate|zstd]

Windowed reads, flags first (where nothing is good no reflectance is read), float32 sums, finished tiles written at
once. Warps by GDAL with rasterio's default error of up to 1/8 pixel.
"""

import os
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import rasterio
import rasterio.warp
from rasterio import Affine

from job import FLAGS, FLAGS_NODATA, LEFT_OUT, NIR, NODATA, OFFSET, RED, SCALE, SEASONS
from job import create_outputs, read_items, read_job, solar_days


class Archive:
    """Files that stay open in one worker, and reads of them on the output grid."""

    def __init__(self, crs):
        self.crs = crs
        self.files = {}
        self.bounds = {}

    def open(self, path):
        if path not in self.files:
            if len(self.files) > 256:
                self.files.pop(next(iter(self.files))).close()
            self.files[path] = rasterio.open(path)
        return self.files[path]

    def window(self, file, transform, shape):
        """Rows and columns of a file under a tile, some pixels more on each side."""
        key = (file.crs.to_wkt(), transform.c, transform.f)
        if key not in self.bounds:
            if len(self.bounds) > 64:
                self.bounds.clear()
            right, bottom = transform.c + shape[1] * transform.a, transform.f + shape[0] * transform.e
            self.bounds[key] = rasterio.warp.transform_bounds(
                self.crs, file.crs, transform.c, bottom, right, transform.f
            )
        left, bottom, right, top = self.bounds[key]
        place = file.transform
        columns = max(0, int((left - place.c) / place.a) - 3), min(file.width, int((right - place.c) / place.a) + 4)
        rows = max(0, int((top - place.f) / place.e) - 3), min(file.height, int((bottom - place.f) / place.e) + 4)
        return rows, columns

    def warp(self, path, transform, shape, nodata, method):
        """A file on a tile; None where it has nothing."""
        file = self.open(path)
        rows, columns = self.window(file, transform, shape)
        if columns[1] <= columns[0] or rows[1] <= rows[0]:
            return None
        source = file.read(1, window=(rows, columns))
        if not (source != nodata).any():
            return None
        tile = np.empty(shape, np.uint16)
        rasterio.warp.reproject(
            source, tile, src_transform=file.transform * Affine.translation(columns[0], rows[0]), src_crs=file.crs,
            src_nodata=nodata, dst_nodata=nodata, dst_transform=transform, dst_crs=self.crs, resampling=method,
        )  # fmt: skip
        return tile

    def fused(self, day, asset, transform, shape, nodata, method):
        """The first valid pixel of the day's scenes, in time order."""
        fused = None
        for item in day:
            tile = self.warp(item["assets"][asset]["href"], transform, shape, nodata, method)
            if fused is None:
                fused = tile
            elif tile is not None:
                np.copyto(fused, tile, where=fused == nodata)
        return fused


def begin_worker(job):
    global WORK, DAYS, ARCHIVE
    os.environ["GDAL_CACHEMAX"] = "128"
    os.environ["GDAL_DISABLE_READDIR_ON_OPEN"] = "EMPTY_DIR"
    WORK, DAYS = job, solar_days(read_items(job.archive), job.grid.longitude)
    ARCHIVE = Archive(rasterio.crs.CRS.from_epsg(job.grid.epsg))


def ndvi_of_day(day, transform, shape):
    """NDVI of one solar day on a tile, and where it counts; None where nothing does."""
    average, nearest = rasterio.warp.Resampling.average, rasterio.warp.Resampling.nearest
    flags = ARCHIVE.fused(day, FLAGS, transform, shape, FLAGS_NODATA, nearest)
    if flags is None:
        return None
    good = flags & LEFT_OUT == 0
    if not good.any():
        return None
    bands = [ARCHIVE.fused(day, asset, transform, shape, NODATA, average) for asset in (RED, NIR)]
    if bands[0] is None or bands[1] is None:
        return None
    good &= (bands[0] != NODATA) & (bands[1] != NODATA)
    red, nir = (band * np.float32(SCALE) + np.float32(OFFSET) for band in bands)
    with np.errstate(all="ignore"):
        ndvi = (nir - red) / (nir + red)
    return ndvi, good & np.isfinite(ndvi)


def composite_tile(corner):
    """(window, means, counts) of the tile at (row, column)."""
    rows, columns = (min(WORK.chunk, size - first) for size, first in zip(WORK.grid.shape, corner))
    transform = Affine(*WORK.grid.transform) * Affine.translation(corner[1], corner[0])
    sums = np.zeros((len(SEASONS), rows, columns), np.float32)
    counts = np.zeros(sums.shape, np.uint16)
    for season, day in DAYS:
        found = ndvi_of_day(day, transform, (rows, columns))
        if found is not None:
            np.add(sums[season], found[0], out=sums[season], where=found[1])
            counts[season] += found[1]
    with np.errstate(all="ignore"):
        sums /= counts  # 0/0: NaN
    return ((corner[0], corner[0] + rows), (corner[1], corner[1] + columns)), sums, counts


def main():
    job = read_job(chunk=1024)
    rows, columns = job.grid.shape
    corners = [(row, column) for row in range(0, rows, job.chunk) for column in range(0, columns, job.chunk)]
    mean_file, count_file = create_outputs(job)
    with mean_file, count_file, ProcessPoolExecutor(job.workers, initializer=begin_worker, initargs=(job,)) as pool:
        for window, means, counts in pool.map(composite_tile, corners):
            mean_file.write(means, window=window)
            count_file.write(counts, window=window)


if __name__ == "__main__":
    main()
