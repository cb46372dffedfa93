"""The output grid, and where its pixels lie in a source: by PROJ, for every single pixel."""

import collections
import math
from dataclasses import dataclass

import numpy as np
import pyproj

TIE = 1e-6  # source pixels: coordinates this close to an edge count as on it


@dataclass
class Grid:
    """An output grid: CRS, affine (a, b, c, d, e, f) as rasterio has it, rows, columns."""

    crs: str
    transform: tuple
    shape: tuple


def transformer(source, target):
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def project_box(box, source, target):
    """The rectangle around the densified outline of (left, bottom, right, top)."""
    left, bottom, right, top = box
    if pyproj.CRS(source) == pyproj.CRS(target):
        return box
    t = np.linspace(0, 1, 1001)
    x = np.concatenate(
        [left + (right - left) * t, np.full(t.size, right), left + (right - left) * t, np.full(t.size, left)]
    )
    y = np.concatenate(
        [np.full(t.size, top), bottom + (top - bottom) * t, np.full(t.size, bottom), bottom + (top - bottom) * t]
    )
    x, y = transformer(source, target).transform(x, y)
    return x.min(), y.min(), x.max(), y.max()


def item_grid(item):
    properties = item["properties"]
    return Grid(
        f"EPSG:{properties['proj:epsg']}", tuple(properties["proj:transform"][:6]), tuple(properties["proj:shape"])
    )


def bounds(grid):
    a, _, c, _, e, f = grid.transform
    return c, f + e * grid.shape[0], c + a * grid.shape[1], f


def lattice(grid):
    """CRS, pixel size and where the corners of pixels lie."""
    step = grid.transform[0]
    return grid.crs, step, grid.transform[2] % step, grid.transform[5] % step


def most_common(values):
    return collections.Counter(values).most_common(1)[0][0]


def output_grid(items, options):
    """CRS, resolution and lattice of most items; with another CRS or resolution, edges at multiples of the resolution.
    Covers the bbox, or the union of the scenes, snapped outwards."""
    grids = [item_grid(item) for item in items]
    usual_crs, usual_step, *usual_anchor = most_common(lattice(grid) for grid in grids)
    crs, resolution = options.crs or usual_crs, options.resolution or usual_step
    anchor = usual_anchor if (crs, resolution) == (usual_crs, usual_step) else (0, 0)
    if options.bbox:
        boxes = [project_box(options.bbox, "EPSG:4326", crs)]
    else:
        boxes = [project_box(bounds(grid), grid.crs, crs) for grid in grids]
    left, bottom = (min(box[k] for box in boxes) for k in (0, 1))
    right, top = (max(box[k] for box in boxes) for k in (2, 3))

    def down(value, offset):
        return math.floor((value - offset) / resolution + TIE) * resolution + offset

    def up(value, offset):
        return math.ceil((value - offset) / resolution - TIE) * resolution + offset

    left, right = down(left, anchor[0]), up(right, anchor[0])
    bottom, top = down(bottom, anchor[1]), up(top, anchor[1])
    shape = (round((top - bottom) / resolution), round((right - left) / resolution))
    return Grid(crs, (resolution, 0.0, left, 0.0, -resolution, top), shape)


def centre_longitude(grid):
    left, bottom, right, top = bounds(grid)
    return transformer(grid.crs, "EPSG:4326").transform((left + right) / 2, (bottom + top) / 2)[0]


def snap(value):
    """Coordinates within 1e-6 of an integer are that integer."""
    nearest = np.rint(value)
    return np.where(np.abs(value - nearest) < TIE, nearest, value)


class Coordinates:
    """Source pixel coordinates (column, row) of the output's pixels; PROJ is asked once per CRS."""

    def __init__(self, grid):
        self.grid = grid
        self.cache = {}

    def projected(self, crs, offset):
        """All points (column + offset, row + offset) of the output grid, in another CRS."""
        if (crs, offset) not in self.cache:
            a, b, c, d, e, f = self.grid.transform
            rows, columns = self.grid.shape
            extra = 1 if offset == 0 else 0
            col, row = np.meshgrid(np.arange(columns + extra) + offset, np.arange(rows + extra) + offset)
            x, y = a * col + b * row + c, d * col + e * row + f
            if pyproj.CRS(crs) != pyproj.CRS(self.grid.crs):
                x, y = transformer(self.grid.crs, crs).transform(x, y)
            self.cache[crs, offset] = x, y
        return self.cache[crs, offset]

    def centres(self, crs, affine):
        x, y = self.projected(crs, 0.5)
        return to_pixels(x, y, affine)

    def boxes(self, crs, affine):
        """(left, top, right, bottom) of the box between the mapped top-left and bottom-right corners."""
        u, v = to_pixels(*self.projected(crs, 0), affine)
        u, v = snap(u), snap(v)
        u0, u1, v0, v1 = u[:-1, :-1], u[1:, 1:], v[:-1, :-1], v[1:, 1:]
        return np.minimum(u0, u1), np.minimum(v0, v1), np.maximum(u0, u1), np.maximum(v0, v1)


def to_pixels(x, y, affine):
    return (x - affine.c) / affine.a, (y - affine.f) / affine.e
