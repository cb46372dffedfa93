#!/usr/bin/env python3
"""What Cubemill's results are compared with: every rule written out in numpy, in float64, without shortcuts.

Slow and plain on purpose, and independent of the C++ code: coordinates come from PROJ for every single pixel (pyproj),
rasterio only reads pixels. One function per rule; docs/semantics.md has the same rules in words.

    composite.py ITEMS.json OUT.npz [--crs EPSG:32619] [--resolution 60] [--resampling red=average,*=bilinear] …

As a module: composite(read_items(path), Options(...)) -> Result.
"""

import argparse
from dataclasses import dataclass, field

import numpy as np
import rasterio
from dates import label_of, labels, observations, read_items
from flags import counts_by_flags
from grids import Coordinates, Grid, centre_longitude, output_grid
from resampling import resample

ROLES = {"red": ["red"], "nir": ["nir08", "nir"]}  # role -> asset keys
FLAGS = "qa_pixel"
DEFAULT_MASK_OUT = ["nodata", "dilated_cloud", "cirrus", "cloud", "cloud_shadow"]
VALID_RANGE = (7273, 43636)  # documented range of Collection 2 surface reflectance


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
