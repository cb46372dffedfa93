"""Bands read from overviews (docs/semantics.md, Overviews), rule by rule, on what GDAL's own overviews hold.

Shares no code with the program. For outputs in the system of the scene, rows and columns along the axes.
"""

from fractions import Fraction
from functools import lru_cache
from math import ceil, floor

import numpy as np
import rasterio

MISSING, MASKED, GOOD = 0, 1, 2


def chain(path, level):
    """(height, width) of the overview `level` (1: the finest), and of all that is finer, full resolution last."""
    sizes = []
    for k in range(level - 1, -1, -1):
        with rasterio.open(path, overview_level=k) as raster:
            sizes.append(raster.shape)
    with rasterio.open(path) as raster:
        sizes.append(raster.shape)
    return sizes


def rests_on(sizes):
    """For every pixel of a side: the first and the last pixel of full resolution that have a share in it."""

    @lru_cache(maxsize=None)
    def share(depth, pixel):
        if depth == len(sizes) - 1:
            return pixel, pixel
        ratio = Fraction(sizes[depth + 1], sizes[depth])
        first, last = floor(pixel * ratio), ceil((pixel + 1) * ratio) - 1
        return share(depth + 1, first)[0], share(depth + 1, last)[1]

    return [share(0, pixel) for pixel in range(sizes[0])]


def reduced(classes, sizes, ratio=Fraction(1)):
    """The worst class under every pixel of an overview; a flag pixel is `ratio` pixels of full resolution."""

    def spans(side):
        spans = rests_on(tuple(s[side] for s in sizes))
        return [(floor(a / ratio), ceil((b + 1) / ratio)) for a, b in spans]

    rows = np.array([classes[a:b].min(0) for a, b in spans(0)])
    return np.stack([rows[:, a:b].min(1) for a, b in spans(1)], 1)


def overlaps(out_size, out_pixel, out_origin, size, pixel, origin):
    """By output pixel and source pixel of one side: how much of the source pixel lies under the output pixel."""
    edges = origin + np.arange(size + 1) * pixel
    outs = out_origin + np.arange(out_size + 1) * out_pixel
    share = np.minimum(outs[1:, None], edges[None, 1:]) - np.maximum(outs[:-1, None], edges[None, :-1])
    return np.where(share > 1e-6 * abs(pixel), share, 0)


def pick(out_size, out_pixel, out_origin, size, pixel, origin):
    """By output pixel: the source pixel under its centre; -1 outside."""
    at = np.floor((out_origin + (np.arange(out_size) + 0.5) * out_pixel - origin) / pixel + 1e-6).astype(int)
    return np.where((at >= 0) & (at < size), at, -1)


def taken(array, rows, columns, outside):
    padded = np.pad(array, ((0, 1), (0, 1)), constant_values=outside)
    return padded[rows][:, columns]


def band_value(path, level, classes, out, method="nearest", ratio=Fraction(1)):
    """Value and whether it counts, by pixel of the raster `out`, of a band that is read at a level (0: in full).

    0 is its nodata. `classes` are those of all flags; a flag pixel is `ratio` pixels of the band in full.
    """
    with rasterio.open(path, **({"overview_level": level - 1} if level else {})) as raster:
        values, t = raster.read(1).astype("float64"), raster.transform
    good = reduced(classes, chain(path, level), ratio)
    down = (out.height, -out.transform.e, -out.transform.f, values.shape[0], -t.e, -t.f)
    across = (out.width, out.transform.a, out.transform.c, values.shape[1], t.a, t.c)
    rows, columns = pick(*down), pick(*across)
    good = taken(good, rows, columns, MISSING) == GOOD
    if method == "nearest":
        value = taken(values, rows, columns, 0)
        return value, good & (value != 0)
    weights = overlaps(*down), overlaps(*across)
    total = weights[0] @ (values != 0) @ weights[1].T
    with np.errstate(invalid="ignore", divide="ignore"):
        value = (weights[0] @ values @ weights[1].T) / total
    return value, good & (total > 0)
