"""Resampling, written out. NaN is what is not valid."""

import numpy as np
from grids import TIE, snap


def tap(source, column, row):
    """source[row, column], NaN outside."""
    rows, columns = source.shape
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    value = source[np.where(inside, row, 0), np.where(inside, column, 0)]
    return np.where(inside, value, np.nan)


def nearest(source, u, v):
    """The source pixel that contains the centre; an exact tie goes right/down."""
    return tap(source, np.floor(u + TIE).astype(np.int64), np.floor(v + TIE).astype(np.int64))


def weighted(taps):
    """Sum of weight x value over the valid taps of (value, weight), over the sum of their weights."""
    total = weights = 0.0
    seen = False
    for value, weight in taps:
        valid = np.isfinite(value) & (weight != 0)
        total = total + np.where(valid, weight * np.where(valid, value, 0), 0)
        weights = weights + np.where(valid, weight, 0)
        seen = seen | valid
    with np.errstate(all="ignore"):
        return np.where(seen, total / weights, np.nan)


def kernel(distance, method):
    """Weight of a source pixel whose centre is `distance` away: triangle, or Keys' cubic convolution with a = -0.5."""
    x = np.abs(distance)
    if method == "bilinear":
        return np.maximum(0, 1 - x)
    inner = 1.5 * x**3 - 2.5 * x**2 + 1
    outer = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, inner, np.where(x < 2, outer, 0))


def interpolate(source, u, v, method):
    """2x2 (bilinear) or 4x4 (cubic) around the point, never widened."""
    x, y = snap(u - 0.5), snap(v - 0.5)
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    reach = range(0, 2) if method == "bilinear" else range(-1, 3)
    return weighted(
        (tap(source, column + i, row + j), kernel(x - column - i, method) * kernel(y - row - j, method))
        for j in reach
        for i in reach
    )


def overlaps(source, box):
    """(value, area of overlap) for each source pixel that a box may reach into."""
    left, top, right, bottom = box
    column, row = np.floor(left).astype(np.int64), np.floor(top).astype(np.int64)
    across = int(np.max(np.ceil(right) - column, initial=0))
    down = int(np.max(np.ceil(bottom) - row, initial=0))
    for j in range(down):
        height = np.maximum(0, np.minimum(bottom, row + j + 1) - np.maximum(top, row + j))
        for i in range(across):
            width = np.maximum(0, np.minimum(right, column + i + 1) - np.maximum(left, column + i))
            yield tap(source, column + i, row + j), width * height


def mode(source, box):
    """The value with the largest overlap; of equal ones (within 1e-6 pixel) the smallest."""
    taps = [(value, np.where(np.isfinite(value), weight, 0)) for value, weight in overlaps(source, box)]
    shares = [sum(np.where(other == value, weight, 0) for other, weight in taps) for value, _ in taps]
    largest = np.max(shares, axis=0)
    best = np.full(box[0].shape, np.inf)
    for (value, weight), share in zip(taps, shares):
        best = np.where((weight > 0) & (share >= largest - TIE), np.fmin(best, value), best)
    return np.where(np.isfinite(best), best, np.nan)


def resample(source, coordinates, crs, affine, method):
    if method in ("average", "mode"):
        box = coordinates.boxes(crs, affine)
        return weighted(overlaps(source, box)) if method == "average" else mode(source, box)
    u, v = coordinates.centres(crs, affine)
    return nearest(source, u, v) if method == "nearest" else interpolate(source, u, v, method)
