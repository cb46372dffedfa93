#!/usr/bin/env python3
"""What Cubemill's results are compared with: every rule written out in numpy, in float64, without shortcuts.

Slow and plain on purpose, and independent of the C++ code: coordinates come from PROJ for every single pixel (pyproj),
rasterio only reads pixels. One function per rule; docs/semantics.md has the same rules in words.

    composite.py ITEMS.json OUT.npz [--crs EPSG:32619] [--resolution 60] [--resampling red=average,*=bilinear] …

As a module: composite(read_items(path), Options(...)) -> Result.
"""

import argparse
import collections
import json
import math
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import numpy as np
import pyproj
import rasterio

TIE = 1e-6  # source pixels: coordinates this close to an edge count as on it
ROLES = {"red": ["red"], "nir": ["nir08", "nir"]}  # role -> asset keys
FLAGS = "qa_pixel"
FLAG_BITS = {
    "nodata": 0,
    "dilated_cloud": 1,
    "cirrus": 2,
    "cloud": 3,
    "cloud_shadow": 4,
    "snow": 5,
    "clear": 6,
    "water": 7,
}
CONFIDENCE_SHIFT = {"cloud": 8, "cloud_shadow": 10, "snow": 12, "cirrus": 14}
CONFIDENCE = {"low": 1, "medium": 2, "high": 3}
DEFAULT_MASK_OUT = ["nodata", "dilated_cloud", "cirrus", "cloud", "cloud_shadow"]
VALID_RANGE = (7273, 43636)  # documented range of Collection 2 surface reflectance
SEASONS = ["DJF", "MAM", "JJA", "SON"]


@dataclass
class Grid:
    """An output grid: CRS, affine (a, b, c, d, e, f) as rasterio has it, rows, columns."""

    crs: str
    transform: tuple
    shape: tuple


@dataclass
class Options:
    """The options of `cubemill composite` that change the result, with its defaults."""

    index: str = "ndvi"  # or NAME=BAND
    resampling: dict = field(default_factory=dict)  # role or '*' -> method; nearest where absent
    groupby: str = "solar_day"
    fuse: str = "pixel"
    mask_out: list = field(default_factory=lambda: list(DEFAULT_MASK_OUT))
    no_mask: bool = False
    keep_bits: list = field(default_factory=list)  # (mask, value) pairs instead of mask_out
    keep_values: list = field(default_factory=list)
    reject_values: list = field(default_factory=list)
    scaling: str = "auto"
    valid_range: str = "auto"
    period: str = "season"
    crs: str = ""
    resolution: float = 0
    bbox: tuple = ()  # west, south, east, north in degrees
    datetime: tuple = ()  # first and last date, for the labels of the periods


@dataclass
class Result:
    grid: Grid
    labels: list
    mean: np.ndarray  # float64 (period, row, column), NaN where nothing counts
    count: np.ndarray  # int64
    sensitivity: np.ndarray  # float64, by how much a value moves when a band moves by one unit of reflectance, at most


# ---------------------------------------------------------------- items, dates, periods


def read_items(path):
    """The features of an ItemCollection with absolute hrefs, in order of (datetime, id)."""
    base = os.path.dirname(os.path.abspath(path))
    with open(path, encoding="utf-8") as file:
        items = json.load(file)["features"]
    for item in items:
        for asset in item["assets"].values():
            asset["href"] = os.path.normpath(os.path.join(base, asset["href"]))
    return sorted(items, key=lambda item: (instant(item), item["id"]))


def instant(item):
    """The item's datetime, in UTC."""
    text = item["properties"]["datetime"].replace("Z", "+00:00")
    return datetime.fromisoformat(text).astimezone(timezone.utc).replace(tzinfo=None)


def solar_date(item, output_longitude):
    """Date of UTC + int(240 s x longitude of the bbox's centre), taken within 180 degrees of the output's."""
    west, _, east, _ = item["bbox"]
    longitude = (west + east) / 2
    longitude += 360 * round((output_longitude - longitude) / 360)
    return (instant(item) + timedelta(seconds=int(240 * longitude))).date()


def observations(items, options, output_longitude):
    """[(date, [items in order])]: the scenes of one solar day together, or each alone under its UTC date."""
    if options.groupby == "scene":
        return [(instant(item).date(), [item]) for item in items]
    days = collections.defaultdict(list)
    for item in items:
        days[solar_date(item, output_longitude)].append(item)
    return sorted(days.items())


def season_of(day):
    return SEASONS[day.month % 12 // 3]


def label_of(day, period):
    """The label of the period that a date belongs to."""
    season_year = day.year + (day.month == 12)
    return {
        "season": season_of(day),
        "season-year": f"{season_year:04d}-{season_of(day)}",
        "month": f"{day.month:02d}",
        "month-year": f"{day.year:04d}-{day.month:02d}",
        "year": f"{day.year:04d}",
        "all": "all",
    }[period]


def labels(first, last, period):
    """All periods from one date to the other in time order, empty ones included; pooled ones are always complete."""
    if period == "season":
        return list(SEASONS)
    if period == "month":
        return [f"{month:02d}" for month in range(1, 13)]
    days = (first + timedelta(days=k) for k in range((last - first).days + 1))
    return list(dict.fromkeys(label_of(day, period) for day in days))


# ---------------------------------------------------------------- the output grid


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


# ---------------------------------------------------------------- where a target pixel lies in a source


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


# ---------------------------------------------------------------- resampling: NaN is what is not valid


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


# ---------------------------------------------------------------- one scene, one observation


def find_asset(item, role):
    for key in [*ROLES.get(role, []), role]:
        if key in item["assets"]:
            return key
    raise KeyError(f"{item['id']} has no asset for {role}")


def numbers_of(item, key):
    """nodata, scale and offset of an asset's band as the item says them."""
    band = (item["assets"][key].get("raster:bands") or [{}])[0]
    return band.get("nodata"), band.get("scale", 1.0), band.get("offset", 0.0)


def valid_source(item, key, options):
    """Source values as float64, NaN where they are nodata or outside the valid range; scaled where asked."""
    nodata, scale, offset = numbers_of(item, key)
    with rasterio.open(item["assets"][key]["href"]) as dataset:
        stored = dataset.read(1)
        crs, affine = dataset.crs.to_string(), dataset.transform
    value = stored.astype(np.float64)
    invalid = np.zeros(stored.shape, bool) if nodata is None else stored == nodata
    if key != FLAGS and options.scaling == "auto":
        if options.valid_range == "auto":
            invalid |= (stored < VALID_RANGE[0]) | (stored > VALID_RANGE[1])
        value = value * scale + offset
    return np.where(invalid, np.nan, value), crs, affine


def method_of(role, key, options):
    """Flags stay nearest unless they are named."""
    named = options.resampling.get(role, options.resampling.get(key))
    return named or ("nearest" if key == FLAGS else options.resampling.get("*", "nearest"))


def needed_bands(options):
    roles = ["red", "nir"] if options.index == "ndvi" else [options.index.split("=")[1]]
    return roles if options.no_mask else [*roles, FLAGS]


def scene_bands(item, options, coordinates):
    """role -> resampled values on the output grid."""
    bands = {}
    for role in needed_bands(options):
        key = find_asset(item, role)
        source, crs, affine = valid_source(item, key, options)
        bands[role] = resample(source, coordinates, crs, affine, method_of(role, key, options))
    return bands


def fuse(scenes, rule):
    """pixel: the first scene whose bands are all valid gives all of them; band: each band from the first valid one."""
    fused = {role: np.full_like(values, np.nan) for role, values in scenes[0].items()}
    for bands in scenes:
        complete = np.logical_and.reduce([np.isfinite(values) for values in bands.values()])
        empty = np.logical_and.reduce([np.isnan(values) for values in fused.values()])
        for role, values in bands.items():
            take = complete & empty if rule == "pixel" else np.isnan(fused[role])
            fused[role] = np.where(take, values, fused[role])
    return fused


def flag_is_set(qa, name):
    """A flag's bit, or FLAG:LEVEL = that confidence or above."""
    name, _, level = name.partition(":")
    if level:
        return (qa >> CONFIDENCE_SHIFT[name] & 3) >= CONFIDENCE[level]
    return (qa >> FLAG_BITS[name] & 1) == 1


def counts_by_flags(qa, options):
    """Whether the flags let a pixel count."""
    if options.keep_bits:
        return np.logical_and.reduce([(qa & mask) == value for mask, value in options.keep_bits])
    if options.keep_values:
        return np.isin(qa, options.keep_values)
    if options.reject_values:
        return ~np.isin(qa, options.reject_values)
    return ~np.logical_or.reduce([np.zeros(qa.shape, bool)] + [flag_is_set(qa, name) for name in options.mask_out])


def index_value(bands, options):
    if options.index != "ndvi":
        return bands[options.index.split("=")[1]]
    with np.errstate(all="ignore"):
        return (bands["nir"] - bands["red"]) / (bands["nir"] + bands["red"])


def sensitivity(bands, value, options):
    """|change of the index| per change of a band by 1 (reflectance): NDVI is a quotient, at times by almost nothing."""
    if options.index != "ndvi":
        return np.zeros_like(value)
    unit = 1.0 if options.scaling == "auto" else 1 / 2.75e-5
    with np.errstate(all="ignore"):
        return np.nan_to_num((1 + np.abs(value)) * unit / np.abs(bands["nir"] + bands["red"]))


def observation_value(items, options, coordinates):
    """The index of one observation, NaN where it does not count; and its sensitivity."""
    fused = fuse([scene_bands(item, options, coordinates) for item in items], options.fuse)
    value = index_value(fused, options)
    counts = np.isfinite(value) & (np.abs(value) < 2.0**50)
    if not options.no_mask:
        qa = fused[FLAGS]
        known = np.isfinite(qa)
        counts &= known & counts_by_flags(np.where(known, qa, 0).astype(np.int64), options)
    value = np.where(counts, value, np.nan)
    return value, sensitivity(fused, value, options)


def composite(items, options, grid=None):
    """Mean and count of the index per period."""
    grid = grid or output_grid(items, options)
    coordinates = Coordinates(grid)
    groups = observations(items, options, centre_longitude(grid))
    first, last = options.datetime or (groups[0][0], groups[-1][0])
    names = labels(min(first, groups[0][0]), max(last, groups[-1][0]), options.period)
    total = np.zeros((len(names), *grid.shape))
    count = np.zeros((len(names), *grid.shape), np.int64)
    steepest = np.zeros((len(names), *grid.shape))
    for day, scenes in groups:
        value, steepness = observation_value(scenes, options, coordinates)
        k = names.index(label_of(day, options.period))
        total[k] += np.nan_to_num(value)
        count[k] += np.isfinite(value)
        steepest[k] = np.maximum(steepest[k], steepness)
    with np.errstate(all="ignore"):
        mean = np.where(count > 0, total / count, np.nan)
    return Result(grid, names, mean, count, steepest)


# ---------------------------------------------------------------- command line


def parse_resampling(text):
    """'cubic' or 'red=average,*=bilinear' -> dict; a method alone is the same as '*'."""
    pairs = (part.partition("=") for part in text.split(",") if part)
    return {name if equals else "*": method if equals else name for name, equals, method in pairs}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("items", help="ItemCollection of Landsat Collection 2 items")
    parser.add_argument("out", help="NPZ with mean, count and labels")
    defaults = Options()
    for name in ("index", "groupby", "fuse", "scaling", "valid_range", "period", "crs"):
        parser.add_argument("--" + name.replace("_", "-"), default=getattr(defaults, name))
    parser.add_argument("--resolution", type=float, default=0)
    parser.add_argument("--resampling", type=parse_resampling, default={})
    parser.add_argument("--mask-out", type=lambda text: text.split(","), default=DEFAULT_MASK_OUT)
    parser.add_argument("--no-mask", action="store_true")
    parser.add_argument("--bbox", type=lambda text: tuple(map(float, text.split(","))), default=())
    arguments = vars(parser.parse_args())
    items, out = arguments.pop("items"), arguments.pop("out")
    result = composite(read_items(items), Options(**arguments))
    np.savez_compressed(out, mean=result.mean, count=result.count, labels=result.labels)


if __name__ == "__main__":
    main()
