"""The exact answer for large synthetic archives: nearest and average with coordinates from PROJ for every single pixel,
compiled by numba, in strips of rows. The plain numpy reference (tests/reference) has all rules, but not this speed.

Rules: --fuse band --valid-range none --mask-out nodata,cloud,cloud_shadow,water, seasons, NDVI of stored numbers or of
reflectance, bands by nearest or average (in float64, not rounded), flags by nearest; nodata never counts.
"""

import numba
import numpy as np
import rasterio
from pyproj import Transformer

from composite import Options
from dates import SEASONS, observations, season_of
from grids import TIE, centre_longitude

BAD = (1 << 0) | (1 << 3) | (1 << 4) | (1 << 7)  # nodata, cloud, cloud_shadow, water
SCALE, OFFSET = 2.75e-5, -0.2
BANDS = (("qa_pixel", 1), ("red", 0), ("nir08", 0))  # asset, nodata


@numba.njit(cache=True)
def snap(values):
    """Coordinates within 1e-6 of an integer become that integer, in place."""
    flat = values.ravel()
    for i in range(flat.size):
        whole = np.rint(flat[i])
        if abs(flat[i] - whole) < TIE:
            flat[i] = whole


@numba.njit(cache=True, nogil=True)
def nearest(source, nodata, u, v, left, top, out):
    """Fills the empty pixels of `out` from the source pixel that holds their centre; u, v: corners' coordinates."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            if out[y, x] != nodata:
                continue
            column = int(np.floor((u[y, x] + u[y, x + 1] + u[y + 1, x] + u[y + 1, x + 1]) * 0.25 - left + TIE))
            row = int(np.floor((v[y, x] + v[y, x + 1] + v[y + 1, x] + v[y + 1, x + 1]) * 0.25 - top + TIE))
            if 0 <= column < source.shape[1] and 0 <= row < source.shape[0]:
                out[y, x] = source[row, column]


@numba.njit(cache=True, nogil=True)
def average(source, nodata, u, v, left, top, out):
    """Fills the empty pixels of `out` with the area-weighted mean of the valid source pixels of their box."""
    rows, columns = source.shape
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            if out[y, x] != nodata:
                continue
            x0, x1 = u[y, x] - left, u[y + 1, x + 1] - left
            y0, y1 = v[y, x] - top, v[y + 1, x + 1] - top
            if x1 < x0:
                x0, x1 = x1, x0
            if y1 < y0:
                y0, y1 = y1, y0
            if x1 <= 0 or y1 <= 0 or x0 >= columns or y0 >= rows:
                continue
            total, weights = 0.0, 0.0
            for row in range(max(0, int(np.floor(y0))), min(rows, int(np.ceil(y1)))):
                height = min(row + 1.0, y1) - max(float(row), y0)
                for column in range(max(0, int(np.floor(x0))), min(columns, int(np.ceil(x1)))):
                    if source[row, column] != nodata:
                        weight = height * (min(column + 1.0, x1) - max(float(column), x0))
                        total += weight * source[row, column]
                        weights += weight
            if weights > 0:
                out[y, x] = total / weights


class Corners:
    """Source pixel coordinates of the corners of a strip, once for all scenes that share a CRS and lattice."""

    def __init__(self, epsg, transform, first_row, rows, columns):
        a, _, c, _, e, f = transform[:6]
        self.epsg = epsg
        self.x, self.y = np.meshgrid(c + np.arange(columns + 1) * a, f + np.arange(first_row, first_row + rows + 1) * e)
        self.lattices = {}

    def of(self, dataset):
        """u, v and the whole pixels by which the scene lies off the lattice's first scene."""
        t = dataset.transform
        epsg = dataset.crs.to_epsg()
        key = (epsg, t.a, t.e, t.c % t.a, t.f % t.a)
        if key not in self.lattices:
            x, y = Transformer.from_crs(self.epsg, epsg, always_xy=True).transform(self.x, self.y)
            u, v = (x - t.c) / t.a, (y - t.f) / t.e
            snap(u)
            snap(v)
            self.lattices[key] = u, v, t.c, t.f
        u, v, c, f = self.lattices[key]
        return u, v, round((t.c - c) / t.a), round((t.f - f) / t.e)


def fused_band(scenes, asset, nodata, corners, shape, method):
    """One band of one solar day: each pixel from the first scene that is valid there."""
    out = np.full(shape, nodata, np.uint16 if asset == "qa_pixel" else np.float64)
    fill = nearest if method == "nearest" or asset == "qa_pixel" else average
    for item in scenes:
        with rasterio.open(item["assets"][asset]["href"]) as dataset:
            u, v, left, top = corners.of(dataset)
            first = max(0, int(v.min()) - top - 2)
            last = min(dataset.height, int(v.max()) - top + 3)
            if last > first:
                source = dataset.read(1, window=((first, last), (0, dataset.width)))
                fill(source, nodata, u, v, float(left), float(top + first), out)
    return out


def day_value(scenes, corners, shape, method, scaled):
    """NDVI of one solar day and where it counts."""
    qa, red, nir = (fused_band(scenes, asset, nodata, corners, shape, method) for asset, nodata in BANDS)
    counts = ((qa & BAD) == 0) & (red != 0) & (nir != 0)
    if scaled:
        red, nir = red * SCALE + OFFSET, nir * SCALE + OFFSET
    with np.errstate(all="ignore"):
        value = (nir - red) / (nir + red)
    return value, counts & np.isfinite(value)


def truth(items, grid, method, scaled, strip=1024):
    """mean (float64) and count of NDVI per season on a grids.Grid."""
    height, width = grid.shape
    days = observations(items, Options(), centre_longitude(grid))
    mean, count = np.full((4, height, width), np.nan), np.zeros((4, height, width), np.int64)
    for first in range(0, height, strip):
        rows = min(strip, height - first)
        corners = Corners(grid.crs, grid.transform, first, rows, width)
        total, seen = np.zeros((4, rows, width)), np.zeros((4, rows, width), np.int64)
        for day, scenes in days:
            season = SEASONS.index(season_of(day))
            value, counts = day_value(scenes, corners, (rows, width), method, scaled)
            np.add(total[season], value, out=total[season], where=counts)
            seen[season] += counts
        with np.errstate(all="ignore"):
            mean[:, first : first + rows] = np.where(seen > 0, total / seen, np.nan)
        count[:, first : first + rows] = seen
    return mean, count
